import itertools

import pytest
import torch
import torch.nn.functional as F

from cnnlab.widgets import KernelExplorer
from cnnlab.widgets.kernel_explorer import KERNELS, OWN, preset


@pytest.fixture
def image():
    return torch.randint(0, 256, (1, 28, 28), generator=torch.Generator().manual_seed(0)).to(torch.uint8)


def shown(explorer):
    return explorer.children[1].value


def fields(explorer):
    return explorer.children[0].children[1].children


def test_the_feature_map_is_what_torch_computes(image):
    explorer = KernelExplorer(image)
    for name, size, padding, stride in itertools.product(KERNELS, (1, 3, 4), (0, 2), (1, 3)):
        explorer.choice.value, explorer.size.value = name, size
        explorer.padding.value, explorer.stride.value = padding, stride
        kernel = preset(name, size)[None, None]
        expected = F.conv2d(image[None].float(), kernel, stride=stride, padding=padding)[0, 0]
        assert torch.equal(explorer.feature_map, expected)


def test_presets_do_what_they_are_called():
    assert preset("blur", 5).sum() == pytest.approx(1)
    assert preset("sharpen", 3).sum() == pytest.approx(1)
    assert preset("identity", 3).tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert preset("vertical edges", 2).tolist() == [[-1, 1], [-1, 1]]
    assert torch.equal(preset("horizontal edges", 3), preset("vertical edges", 3).T)


def test_an_unknown_preset_gets_the_nearest(image):
    with pytest.raises(ValueError, match="unknown kernel 'blurr': did you mean 'blur'"):
        KernelExplorer(image, kernel="blurr")


def test_a_number_that_is_changed_makes_the_kernel_ones_own(image):
    explorer = KernelExplorer(image, kernel="identity")
    assert [field.value for field in fields(explorer)] == [0, 0, 0, 0, 1, 0, 0, 0, 0]
    fields(explorer)[3].value = 2.0
    assert explorer.choice.value == OWN
    assert explorer.kernel.tolist() == [[0, 0, 0], [2, 1, 0], [0, 0, 0]]
    expected = image[0, 1:-1, 1:-1].float() + 2 * image[0, 1:-1, :-2].float()
    assert torch.equal(explorer.feature_map, expected)


def test_rounded_fields_do_not_round_the_kernel(image):
    explorer = KernelExplorer(image, kernel="blur")
    assert fields(explorer)[0].value == 0.111
    assert explorer.kernel[0, 0] == pytest.approx(1 / 9)


def test_the_kernel_can_be_set_from_python(image):
    explorer = KernelExplorer(image)
    explorer.kernel = [[1, 2], [3, 4]]
    assert [field.value for field in fields(explorer)] == [1, 2, 3, 4]
    assert (explorer.choice.value, explorer.size.value) == (OWN, 2)
    assert explorer.feature_map.shape == (27, 27)


@pytest.mark.parametrize("numbers", [[1, 2, 3], [[1, 2]], torch.zeros(6, 6)])
def test_a_kernel_that_is_no_small_square_is_refused(image, numbers):
    with pytest.raises(ValueError, match="give k rows of k numbers, k 1 to 5"):
        KernelExplorer(image).kernel = numbers


def test_ones_own_kernel_keeps_its_middle_when_the_size_changes(image):
    explorer = KernelExplorer(image)
    explorer.kernel = [[0, 0, 0], [0, 7, 0], [0, 0, 0]]
    explorer.size.value = 5
    assert explorer.kernel[2, 2] == 7
    explorer.size.value = 3
    assert explorer.kernel.tolist() == [[0, 0, 0], [0, 7, 0], [0, 0, 0]]


def test_image_map_and_arithmetic_are_shown(image):
    explorer = KernelExplorer(image)
    explorer.stride.value = 2
    assert "(28 + 2·0 − 3) // 2 + 1 = 13" in shown(explorer)
    assert "the last 1 of 28 pixels are never read" in shown(explorer)
    assert shown(explorer).count("<img alt=") == 2
    assert 'alt="image, 28 × 28"' in shown(explorer)
    explorer.padding.value = 1
    assert "image, with its padding in blue, 28 × 28" in shown(explorer)


def test_signed_maps_and_others_explain_their_colours(image):
    assert "white 0, orange +" in shown(KernelExplorer(image))
    assert "black 0, white 255" in shown(KernelExplorer(image, kernel="identity"))


def test_an_image_that_is_not_square_has_two_sums():
    explorer = KernelExplorer(torch.rand(10, 20))
    assert "height: (10 + 2·0 − 3) // 1 + 1 = 8" in shown(explorer)
    assert "width: (20 + 2·0 − 3) // 1 + 1 = 18" in shown(explorer)


def test_a_kernel_that_does_not_fit_is_explained_in_the_widget():
    explorer = KernelExplorer(torch.rand(4, 4))
    explorer.size.value = 5
    assert explorer.feature_map is None
    assert "k=5 is wider than the padded input (4 px): use k &lt;= 4, or p &gt;= 1" in shown(explorer)
    explorer.padding.value = 1
    assert explorer.feature_map.shape == (2, 2)


def test_its_repr_is_the_same_on_every_run(image):
    explorer = KernelExplorer(image, kernel="blur")
    assert repr(explorer) == "KernelExplorer(blur, 3×3, padding 0, stride 1: 28×28 → 26×26)"


def test_every_field_has_a_name_for_screen_readers(image):
    assert all(field.description for field in fields(KernelExplorer(image)))
