import pytest
import torch
from torch import nn

from cnnlab.inspection import occlusion_map, patch_seen_by


class OnePixel(nn.Module):
    """Class 1 gets the value of pixel (10, 20); class 0 gets 0."""

    def forward(self, x):
        return torch.stack([torch.zeros(len(x)), x[:, 0, 10, 20]], dim=1)


@pytest.fixture
def image():
    image = torch.zeros(1, 28, 28)
    image[0, 10, 20] = 3.0
    return image


def test_only_patches_that_cover_the_deciding_pixel_cost_anything(image):
    drop = occlusion_map(OnePixel(), image, label=1, size=5, measure="logit")
    assert drop.shape == (28, 28)
    expected = torch.zeros(28, 28)
    expected[8:13, 18:23] = 3.0
    assert torch.equal(drop, expected)


def test_the_probability_drop_is_the_difference_of_the_softmax(image):
    drop = occlusion_map(OnePixel(), image, label=1)
    assert drop.max().item() == pytest.approx(torch.tensor(3.0).sigmoid().item() - 0.5)
    assert occlusion_map(OnePixel(), image, label=0).min() < 0


def test_a_larger_stride_gives_a_coarser_map_of_the_same_size(image):
    drop = occlusion_map(OnePixel(), image, label=1, size=3, stride=3, measure="logit")
    assert drop.shape == (28, 28)
    assert torch.equal(drop[9:12, 18:21], torch.full((3, 3), 3.0))
    assert drop.sum() == 27.0


def test_fill_is_the_value_of_the_covered_pixels(image):
    drop = occlusion_map(OnePixel(), image, label=1, size=1, fill=5.0, measure="logit")
    assert drop[10, 20] == -2.0


def test_occlusion_map_leaves_image_and_mode_alone(image):
    before, model = image.clone(), OnePixel().train()
    occlusion_map(model, image, label=1, stride=7)
    assert torch.equal(image, before)
    assert model.training


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": 2}, "label=2, but the model has 2 classes"),
        ({"size": 29}, "size=29 does not fit: choose 1 to 28"),
        ({"size": 0}, "size=0 is too small: use size >= 1"),
        ({"stride": 0}, "stride=0 is too small: use stride >= 1"),
        ({"label": -1}, "label=-1 is too small: use label >= 0"),
        ({"model": nn.Linear(3, 2)}, r"stops at float32 images .* print\(cnnlab.explain\(model, images\)\)"),
        ({"measure": "logits"}, "did you mean 'logit'"),
        ({"image": torch.zeros(1, 1, 28, 28)}, r"one image \(C, H, W\) is needed"),
    ],
)
def test_occlusion_map_names_the_number_that_is_out_of_range(image, change, message):
    with pytest.raises(ValueError, match=message):
        occlusion_map(**{"model": OnePixel(), "image": image, "label": 1, **change})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image": torch.zeros(1, 28, 28, dtype=torch.uint8)}, "torch.uint8: give normalised floats"),
        ({"image": torch.zeros(1, 28, 28).numpy()}, "images are a ndarray: give a float tensor"),
        ({"size": 2.5}, "size=2.5 is not a whole number"),
        ({"label": 1.0}, "label=1.0 is not a whole number"),
    ],
)
def test_occlusion_map_says_what_has_the_wrong_type(image, change, message):
    with pytest.raises(TypeError, match=message):
        occlusion_map(**{"model": OnePixel(), "image": image, "label": 1, **change})


def net():
    return nn.Sequential(
        nn.Conv2d(1, 2, 5, padding=2), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(2, 3, 3), nn.Flatten()
    )


@pytest.mark.parametrize(("layer", "row", "col"), [("0", 0, 0), ("0", 27, 13), ("1", 3, 0), ("3", 5, 11)])
def test_patch_seen_by_holds_exactly_the_pixels_that_have_a_gradient(layer, row, col):
    model = nn.Sequential(*list(net())[: int(layer) + 1])
    for module in model:
        if isinstance(module, nn.Conv2d):
            nn.init.ones_(module.weight)
        elif isinstance(module, nn.MaxPool2d):
            model[1] = nn.AvgPool2d(2)  # a maximum has a gradient for one pixel only
    image = torch.ones(1, 1, 28, 28, requires_grad=True)
    model(image)[0, 0, row, col].backward()
    rows, columns = image.grad[0, 0].nonzero().T
    top, left = int(rows.min()), int(columns.min())
    height, width = int(rows.max()) - top + 1, int(columns.max()) - left + 1
    assert patch_seen_by(net(), layer, row, col) == (top, left, height, width)


def test_patch_seen_by_says_how_large_the_map_is():
    with pytest.raises(
        ValueError, match=r"unit \(14, 0\) lies outside the 14×14 map of '1': choose rows 0 to 13"
    ):
        patch_seen_by(net(), "1", 14, 0)


def test_patch_seen_by_refuses_a_layer_without_rows_and_columns():
    with pytest.raises(ValueError, match=r"'4' makes \(432,\), which has no rows and columns"):
        patch_seen_by(net(), "4", 0, 0)


def test_patch_seen_by_names_the_layers_inside_a_block():
    model = nn.Sequential(nn.Sequential(nn.Conv2d(1, 2, 5), nn.ReLU()), nn.Flatten())
    with pytest.raises(ValueError, match=r"'0' is made of other layers: ask for one of them \(0.0, 0.1\)"):
        patch_seen_by(model, "0", 0, 0)


def test_patch_seen_by_admits_what_it_cannot_follow():
    model = nn.Sequential(nn.ConvTranspose2d(1, 2, 2, stride=2), nn.Conv2d(2, 2, 3))
    with pytest.raises(ValueError, match="what a unit of '1' sees cannot be said"):
        patch_seen_by(model, "1", 0, 0)
