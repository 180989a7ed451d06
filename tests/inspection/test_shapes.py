import pytest
import torch
from torch import nn

from cnnlab import models
from cnnlab.inspection import explain, trace_shapes
from cnnlab.inspection.shapes import arithmetic_of, first_line, product, successful_trace
from tests.inspection import student_models

CNN_320 = """\
layer    kind       in            out           arithmetic
conv1    Conv2d     (1, 28, 28)   (10, 24, 24)  floor((28 + 2·0 − 5)/1) + 1 = 24
pool1    MaxPool2d  (10, 24, 24)  (10, 12, 12)  floor((24 + 2·0 − 2)/2) + 1 = 12
relu1    ReLU       (10, 12, 12)  (10, 12, 12)
conv2    Conv2d     (10, 12, 12)  (20, 8, 8)    floor((12 + 2·0 − 5)/1) + 1 = 8
pool2    MaxPool2d  (20, 8, 8)    (20, 4, 4)    floor((8 + 2·0 − 2)/2) + 1 = 4
relu2    ReLU       (20, 4, 4)    (20, 4, 4)
flatten  Flatten    (20, 4, 4)    (320,)        20 × 4 × 4 = 320
fc1      Linear     (320,)        (50,)
relu3    ReLU       (50,)         (50,)
fc2      Linear     (50,)         (10,)"""


def test_the_320_network_is_followed_to_320():
    assert str(trace_shapes(models.build("cnn_320"))) == CNN_320


@pytest.mark.parametrize("name", [*models.names(), *student_models.ALL])
def test_shapes_agree_with_torch_for_our_networks_and_the_students(name):
    model = student_models.ALL[name]() if name in student_models.ALL else models.build(name)
    seen = {}

    def keep(key, out):
        seen.setdefault(key, out)

    handles = [
        module.register_forward_hook(lambda _m, _i, out, key=key: keep(key, out))
        for key, module in model.named_modules()
        if not list(module.children())
    ]
    output = model.eval()(torch.zeros(3, 1, 28, 28))
    for handle in handles:
        handle.remove()
    rows = {row.name: row for row in trace_shapes(model)}
    for key, out in seen.items():
        if key and isinstance(out, torch.Tensor):
            assert rows[key].out_shape == tuple(out.shape[1:])
    assert list(rows.values())[-1].out_shape == tuple(output.shape[1:])


def test_layers_of_every_kind_show_their_arithmetic():
    model = nn.Sequential(
        nn.Conv2d(1, 4, (3, 5), padding="same"),
        nn.AvgPool2d(2, padding=1),
        nn.AdaptiveAvgPool2d((3, 5)),
        nn.ZeroPad2d((1, 2, 0, 0)),
        nn.Upsample(scale_factor=2),
    )
    assert trace_shapes(model).column("arithmetic") == [
        "height floor((28 + 2·1 − 3)/1) + 1 = 28, width floor((28 + 2·2 − 5)/1) + 1 = 28",
        "floor((28 + 2·1 − 2)/2) + 1 = 15",
        "divided into parts: height 15 → 3, width 15 → 5",
        "5 + 3 = 8",
        "height 3 · 2 = 6, width 8 · 2 = 16",
    ]


def test_joining_maps_shows_the_sum_of_their_channels():
    class Joins(nn.Module):
        def forward(self, x):
            return torch.cat([x, x, x], dim=1)

    assert trace_shapes(Joins()).column("arithmetic") == ["1 + 1 + 1 = 3"]


def test_a_view_that_mixes_up_the_batch_is_shown_with_its_rows():
    class Mixes(nn.Module):
        def forward(self, x):
            return x.view(-1, 392)

    (row,) = trace_shapes(Mixes(), torch.zeros(5, 1, 28, 28))
    assert row.out_shape == (10, 392)
    assert row.arithmetic == "5 × 1 × 28 × 28 numbers in another order: the batch of 5 no longer comes first"


def test_a_given_batch_is_sent_through():
    assert trace_shapes(nn.Flatten(), torch.zeros(7, 3, 4, 4))[0].out_shape == (48,)


def test_a_model_that_stops_points_to_explain():
    with pytest.raises(
        ValueError,
        match=r"the model stops at 'fc1': .*mat1 and mat2 shapes cannot be multiplied \(2x980 and 320x50\)\. "
        r"print\(explain\(model, \(1, 28, 28\)\)\) says why and how to mend it\.",
    ):
        trace_shapes(student_models.Flattening(padding=2))
    with pytest.raises(ValueError, match="the model stops"):
        successful_trace(nn.Linear(3, 3), (1, 28, 28))


def test_a_batch_is_pointed_to_as_images_and_explain_then_says_why():
    images = torch.zeros(2, 1, 28, 28, dtype=torch.uint8)
    with pytest.raises(ValueError, match=r"print\(explain\(model, images\)\) says why"):
        trace_shapes(models.build("cnn_320"), images)
    assert "the images are uint8" in explain(models.build("cnn_320"), images).headline


def test_a_shape_with_its_batch_is_understood_as_explain_understands_it():
    table = trace_shapes(models.build("cnn_320"), (64, 1, 28, 28))
    assert table[0].in_shape == (1, 28, 28)


def test_a_class_is_no_network():
    with pytest.raises(TypeError, match=r"model is the class CNN320: write CNN320\(\)"):
        trace_shapes(models.CNN320)


def test_small_texts():
    assert product((20, 4, 4)) == "20 × 4 × 4"
    assert first_line(ValueError("one.\ntwo")) == "one"
    assert first_line(ValueError()) == "ValueError"
    made = successful_trace(nn.ReLU(), (1, 28, 28))
    assert arithmetic_of(made.steps[0], made) == ""
