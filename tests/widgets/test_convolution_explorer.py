from __future__ import annotations

import struct
from itertools import product
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import traitlets
from torch import nn

from cnnlab import models
from cnnlab.data import Split, load_data
from cnnlab.widgets import ConvolutionExplorer
from cnnlab.widgets.preset_kernels import preset
from tests.widgets.node import run


@pytest.fixture
def image() -> torch.Tensor:
    return torch.randint(0, 256, (28, 28), dtype=torch.uint8)


@pytest.fixture
def split() -> Split:
    return Split(torch.randint(0, 256, (120, 1, 28, 28), dtype=torch.uint8), torch.arange(120) % 10)


def from_browser(explorer: ConvolutionExplorer, **state: object) -> None:
    """What the kernel does with a message of the browser."""
    explorer.set_state(state)


def test_the_feature_map_is_that_of_conv2d_for_every_setting(image: torch.Tensor) -> None:
    explorer = ConvolutionExplorer(image, bias=0.5)
    x = image.float()[None, None]
    for k, p, s, d in product((1, 2, 3, 5, 11), (0, 1, 5), (1, 4), (1, 3)):
        kernel = torch.randn(k, k)
        explorer.kernel, explorer.padding, explorer.stride, explorer.dilation = kernel, p, s, d
        made = explorer.feature_map
        if d * (k - 1) + 1 > 28 + 2 * p:
            assert made is None
            continue
        expected = F.conv2d(x, kernel[None, None], torch.tensor([0.5]), s, p, d)[0, 0]
        assert made is not None
        torch.testing.assert_close(made, expected, atol=1e-5, rtol=0)


def test_same_padding_keeps_the_size_for_even_kernels_too(image: torch.Tensor) -> None:
    for size in (2, 3, 4, 11):
        made = ConvolutionExplorer(image, size=size, padding="same").feature_map
        assert made is not None
        assert made.shape == (28, 28)


def test_pooling_is_that_of_pytorch(image: torch.Tensor) -> None:
    x = image.float()[None, None]
    explorer = ConvolutionExplorer(image, size=3, stride=2, padding=1, operation="max pooling")
    assert explorer.feature_map is not None
    assert torch.equal(explorer.feature_map, F.max_pool2d(x, 3, 2, 1)[0, 0])
    explorer.operation = "average pooling"
    assert torch.equal(explorer.feature_map, F.avg_pool2d(x, 3, 2, 1)[0, 0])


@pytest.mark.parametrize(
    ("operation", "change"),
    [
        ("max pooling", {"padding": 2}),
        ("max pooling", {"padding": "same"}),
        ("average pooling", {"dilation": 2}),
        ("convolution", {"padding": "same", "stride": 2}),
        ("convolution", {"size": 11, "dilation": 3}),
    ],
)
def test_where_pytorch_refuses_there_is_no_feature_map(
    image: torch.Tensor, operation: str, change: dict[str, object]
) -> None:
    explorer = ConvolutionExplorer(image, operation=operation)
    assert explorer.feature_map is not None
    for name, value in change.items():
        setattr(explorer, name, value)
    assert explorer.feature_map is None
    assert "no feature map" in repr(explorer)


def test_another_size_makes_the_same_preset_larger_and_pads_an_own_kernel(image: torch.Tensor) -> None:
    explorer = ConvolutionExplorer(image, kernel="blur")
    explorer.size = 5
    assert torch.allclose(explorer.kernel, torch.full((5, 5), 1 / 25))
    explorer.kernel = [[1, 2], [3, 4]]
    assert (explorer.size, explorer.kernel_name) == (2, "your own")
    explorer.size = 3
    assert explorer.kernel.tolist() == [[1, 2, 0], [3, 4, 0], [0, 0, 0]]
    explorer.kernel_name = "identity"
    assert torch.equal(explorer.kernel, preset("identity", 3))


def test_images_of_a_split_are_chosen_by_number(split: Split) -> None:
    explorer = ConvolutionExplorer(split)
    assert torch.equal(explorer.image, split.images[0, 0].float())
    explorer.index = 117  # beyond those that the browser has
    assert torch.equal(explorer.image, split.images[117, 0].float())
    with pytest.raises(traitlets.TraitError, match=r"index=120 is out of range: use 0 to 119"):
        explorer.index = 120


def test_an_image_of_another_size_can_be_set(image: torch.Tensor) -> None:
    explorer = ConvolutionExplorer(image)
    explorer.image = torch.rand(10, 20)
    assert explorer.feature_map is not None
    assert explorer.feature_map.shape == (8, 18)


def test_a_learnt_kernel_brings_its_numbers(image: torch.Tensor) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 5), nn.ReLU(), nn.Conv2d(4, 3, 3))
    explorer = ConvolutionExplorer(image, model=model)
    explorer.size = 5
    explorer.kernel_name = "0, channel 2"
    assert torch.equal(explorer.kernel, model[0].weight[2, 0])
    made = ConvolutionExplorer(image, "0, channel 3", model=model).feature_map
    assert made is not None
    torch.testing.assert_close(made, model[0](image.float()[None])[3].detach())
    assert explorer.bias == pytest.approx(model[0].bias[2].item())
    explorer.kernel_name = "blur"
    assert explorer.bias == 0
    with pytest.raises(ValueError, match=r"2 reads 4 channels.*layer='0'"):
        ConvolutionExplorer(image, model=model, layer="2")
    with pytest.raises(ValueError, match=r"no nn\.Conv2d"):
        ConvolutionExplorer(image, model=nn.Linear(784, 10))


def test_a_learnt_kernel_that_is_cut_or_padded_is_called_ones_own(image: torch.Tensor) -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 5))
    explorer = ConvolutionExplorer(image, "0, channel 3", model=model)
    explorer.size = 5
    assert explorer.kernel_name == "0, channel 3"
    explorer.size = 3
    assert explorer.kernel_name == "your own"
    assert torch.equal(explorer.kernel, model[0].weight[3, 0, 1:4, 1:4])
    explorer.size = 5  # what was cut off is lost
    assert explorer.kernel_name == "your own"
    assert "your own, 5×5" in repr(explorer)
    explorer.size = 4
    explorer.kernel_name = "0, channel 2"  # the name brings its numbers, their size and the bias
    assert explorer.bias == pytest.approx(model[0].bias[2].item())
    assert torch.equal(explorer.kernel, model[0].weight[2, 0])
    padded = ConvolutionExplorer(image, "0, channel 3", size=7, model=model)
    assert padded.kernel_name == "your own"
    assert torch.equal(padded.kernel[1:6, 1:6], model[0].weight[3, 0])
    assert padded.bias == pytest.approx(model[0].bias[3].item())


def test_the_numbers_of_a_kernel_given_at_the_beginning_are_kept(image: torch.Tensor) -> None:
    explorer = ConvolutionExplorer(image, [[1, 2], [3, 4]])
    assert explorer.kernel.tolist() == [[1, 2], [3, 4]]
    assert explorer.kernel_name == "your own"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"size": 12}, "size=12 is out of range: use 1 to 11"),
        ({"stride": 0}, "stride=0 is out of range: use 1 to 4"),
        ({"dilation": 4}, "dilation=4 is out of range: use 1 to 3"),
        ({"padding": 6}, "padding=6 is out of range: use 0 to 5, or 'same'"),
        ({"padding": "valid"}, "padding='valid'"),
        ({"operation": "max pool"}, "max pooling"),
        ({"kernel_name": "blurr"}, "'blur'"),
        ({"bias": float("nan")}, "bias=nan"),
        ({"bias": -1000000.5}, "bias=-1000000.5 is out of range: use up to ±1,000,000"),
        ({"weights": b"\0\0\xc0\x7f" * 9}, "no number"),
        ({"row": -1}, "row=-1"),
        ({"weights": struct.pack("<f", -1000000.5) * 9}, "a weight is ±1,000,000.5: use up to ±1,000,000"),
        ({"drawn": {"height": 2, "width": 2, "pixels": b"abc"}}, "3 bytes of pixels, where 2 × 2 need 16"),
        ({"drawn": {"height": 2, "width": 2, "pixels": 5}}, "pixels of type int"),
        ({"drawn": {"height": 65, "width": 1, "pixels": bytes(260)}}, "drawn has height=65"),
        ({"drawn": {"height": 1, "width": True, "pixels": bytes(4)}}, "drawn has width=True"),
        (
            {"drawn": {"height": 1, "width": 1, "pixels": b"\0\0\xc0\x7f"}},
            "drawn has a pixel that is not finite",
        ),
    ],
)
def test_a_state_out_of_range_is_refused_in_words_wherever_it_comes_from(
    image: torch.Tensor, change: dict[str, object], words: str
) -> None:
    explorer = ConvolutionExplorer(image)
    before = {name: getattr(explorer, name) for name in change}
    for name, value in change.items():
        with pytest.raises(traitlets.TraitError, match=words.replace("(", r"\(")):
            setattr(explorer, name, value)
    from_browser(explorer, **change)
    assert words in explorer.problem
    assert {name: getattr(explorer, name) for name in change} == before
    from_browser(explorer, stride=2)
    assert explorer.problem == ""
    assert explorer.stride == 2


@pytest.mark.parametrize(
    ("kernel", "words"),
    [
        ([["a", 1], [2, 3]], "k rows of k numbers"),
        ([[1, 2, 3], [4, 5, 6]], r"shape \(2, 3\)"),
        (torch.zeros(12, 12), "k 1 to 11"),
        ([[float("inf")]], "not finite"),
        ([[1e7]], "holds 10,000,000"),
        ("blurr", "'blur'"),
    ],
)
def test_a_kernel_that_is_none_is_refused_in_words(image: torch.Tensor, kernel: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ConvolutionExplorer(image, kernel=kernel)


@pytest.mark.parametrize(
    ("shape", "words"),
    [((3, 28, 28), "one grey image"), ((100, 80), "100 × 80 pixels"), ((0, 3), "one grey image")],
)
def test_an_image_that_cannot_be_shown_is_refused_in_words(shape: tuple[int, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ConvolutionExplorer(torch.zeros(shape))


def test_weights_and_size_from_the_browser_are_taken_together(image: torch.Tensor) -> None:
    explorer = ConvolutionExplorer(image)
    numbers = torch.arange(25.0)
    from_browser(explorer, size=5, weights=memoryview(numbers.numpy().tobytes()), kernel_name="your own")
    assert torch.equal(explorer.kernel.flatten(), numbers)
    from_browser(explorer, size=3)  # a size without weights
    assert explorer.kernel.tolist() == [[6, 7, 8], [11, 12, 13], [16, 17, 18]]


def test_the_text_says_what_is_shown(image: torch.Tensor) -> None:
    explorer = ConvolutionExplorer(image, padding=1)
    assert repr(explorer) == "ConvolutionExplorer(vertical edges, 3×3, padding 1, stride 1: 28×28 → 28×28)"
    explorer.operation, explorer.padding = "max pooling", 0
    assert repr(explorer).startswith("ConvolutionExplorer(max pooling, 3×3")


@pytest.mark.parametrize(
    "state",
    [{"pixels": b""}, {"pixels": b"0000"}, {"height": 14}, {"height": 14, "row": 3}, {"weights": b""}],
)
def test_numbers_that_do_not_fit_the_image_are_refused_and_nothing_is_lost(
    image: torch.Tensor, state: dict[str, object]
) -> None:
    explorer = ConvolutionExplorer(image)
    from_browser(explorer, **state)
    assert explorer.problem
    assert torch.equal(explorer.image, image.float())
    assert torch.equal(explorer.kernel, preset("vertical edges", 3))


def test_a_number_chosen_again_after_an_image_of_ones_own_brings_its_digit_back():
    digits = load_data("digits").test
    explorer = ConvolutionExplorer(digits)
    explorer.index = 3
    explorer.image = torch.zeros(5, 7)
    assert explorer.index is None
    assert explorer.image.shape == (5, 7)
    explorer.index = 3
    assert torch.equal(explorer.image, digits.images[3, 0].float())


def test_a_name_in_the_place_of_a_model_is_answered_with_what_to_write():
    with pytest.raises(TypeError, match=r"models.trained\('cnn_320'\)"):
        ConvolutionExplorer(torch.zeros(28, 28), model="cnn_320")


def test_a_place_outside_the_feature_map_is_refused():
    explorer = ConvolutionExplorer(torch.zeros(28, 28))
    explorer.row, explorer.column = 25, 25
    with pytest.raises(traitlets.TraitError, match="column=26 is out of range: use 0 to 25"):
        explorer.column = 26
    assert explorer.column == 25


@pytest.mark.parametrize(("name", "value"), [("height", 20), ("pixels", bytes(8)), ("weights", bytes(8))])
def test_a_refused_change_leaves_all_as_it_was(name, value):
    explorer = ConvolutionExplorer(torch.ones(28, 28), "blur")
    before, map_before = getattr(explorer, name), explorer.feature_map
    with pytest.raises(traitlets.TraitError):
        setattr(explorer, name, value)
    assert getattr(explorer, name) == before
    assert torch.equal(explorer.feature_map, map_before)


def test_a_learnt_kernel_that_cannot_be_taken_leaves_all_as_it_was():
    explorer = ConvolutionExplorer(torch.ones(28, 28), "blur", model=nn.Sequential(nn.Conv2d(1, 2, 5)))
    explorer.learnt["biases"][1] = 5e6  # learnt_kernels would have refused it
    for size in (3, 5):
        explorer.size = size
        before = {name: getattr(explorer, name) for name in explorer.keys}
        with pytest.raises(traitlets.TraitError, match="bias=5000000"):
            explorer.kernel_name = "0, channel 1"
        assert {name: getattr(explorer, name) for name in explorer.keys} == before
        assert torch.allclose(explorer.kernel, preset("blur", size))
        assert explorer.feature_map is not None


@pytest.mark.parametrize("number", [3e6, float("nan")])
def test_a_network_whose_kernels_cannot_be_shown_is_refused_at_once(number):
    model = nn.Sequential(nn.Conv2d(1, 2, 5))
    nn.init.constant_(model[0].weight, number)
    with pytest.raises(ValueError, match=r"the weights of 0 are .*smaller lr"):
        ConvolutionExplorer(torch.ones(28, 28), model=model)


def test_an_image_that_was_given_is_kept_for_later_views(split: Split) -> None:
    explorer = ConvolutionExplorer(torch.eye(4))
    one = {"height": 4, "width": 4, "pixels": torch.eye(4).numpy().tobytes()}
    assert explorer.given == one
    from_browser(explorer, pixels=memoryview(bytes(64)), drawn={**one, "pixels": memoryview(bytes(64))})
    assert explorer.given == one
    assert explorer.drawn == {**one, "pixels": bytes(64)}
    explorer = ConvolutionExplorer(split)
    assert explorer.given == {}
    explorer.image = torch.eye(4)
    assert explorer.given == one


def test_an_image_that_a_trait_keeps_is_read_by_the_page_and_anything_else_is_no_image():
    body = """
      const pixels = (values) => new DataView(Float32Array.from(values).buffer);
      const kept = (height, width, values) => keptImage({ height, width, pixels: pixels(values) });
      const short = keptImage({ height: 2, width: 2, pixels: new DataView(new ArrayBuffer(3)) });
      const wrong = [undefined, {}, { height: 1, width: 1, pixels: 5 }].map(keptImage);
      const sizes = [kept(65, 1, Array(65).fill(0)), kept(1.5, 2, [0, 0, 0]), kept(1, 1, [NaN])];
      const good = kept(1, 2, [3, 4]);
      return [short, ...wrong, ...sizes, { ...good, pixels: [...good.pixels] }];
    """
    found = run('{ keptImage } from "convolution.js"', body)
    assert found == [*[None] * 7, {"height": 1, "width": 2, "pixels": [3, 4]}]


def test_the_place_follows_a_smaller_map(image: torch.Tensor) -> None:
    changes = [
        {"size": 11},
        {"stride": 2},
        {"dilation": 3},
        {"kernel_name": "0, channel 1"},
        {"image": torch.rand(10, 12)},
        {"operation": "max pooling", "stride": 3},
    ]
    for change in changes:
        explorer = ConvolutionExplorer(image, model=nn.Sequential(nn.Conv2d(1, 2, 5)))
        explorer.row = explorer.column = 25
        for name, value in change.items():
            setattr(explorer, name, value)
        made = explorer.feature_map
        assert made is not None
        assert (explorer.row, explorer.column) == (made.shape[0] - 1, made.shape[1] - 1), change
    explorer = ConvolutionExplorer(image, padding=5)
    explorer.row, explorer.column = 35, 3
    explorer.size, explorer.dilation = 11, 3
    explorer.padding = 0  # no feature map, so no place
    explorer.dilation = 1
    assert (explorer.row, explorer.column) == (7, 3)


def test_a_place_that_the_page_sends_with_its_sizes_is_not_answered(
    image: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    explorer = ConvolutionExplorer(image)
    explorer.row = explorer.column = 25
    sent: list[object] = []
    monkeypatch.setattr(explorer, "send_state", lambda key=None: sent.append(key))
    weights = memoryview(preset("vertical edges", 11).numpy().tobytes())
    from_browser(explorer, size=11, weights=weights, row=17, column=17)
    assert (explorer.row, explorer.column, explorer.size, sent) == (17, 17, 11, [])


def test_a_size_that_is_no_number_is_refused_and_a_whole_float_is_taken(image: torch.Tensor) -> None:
    for wrong in (True, "3"):
        with pytest.raises(traitlets.TraitError, match="size"):
            ConvolutionExplorer(image, size=wrong)  # type: ignore[arg-type]
    assert ConvolutionExplorer(image, size=5.0).kernel.shape == (5, 5)  # type: ignore[arg-type]


WORDS = '{ cellTexts, partInFull, sumTexts, windowAt } from "convolution.js"'
IN_WORDS = """
  const parts = windowAt(given, given.row, given.column);
  const [way, made] = sumTexts(given, parts, given.made);
  const full = parts.map((part) => partInFull(part, given.operation));
  return { cells: cellTexts(parts, given.size), full, way, made };
"""


def in_words(explorer: ConvolutionExplorer, row: int, column: int) -> Any:
    names = ("height", "width", "size", "bias", "padding", "stride", "dilation", "operation")
    made = explorer.feature_map
    assert made is not None
    given = {name: getattr(explorer, name) for name in names}
    given |= {"pixels": explorer.image.flatten().tolist(), "weights": explorer.kernel.flatten().tolist()}
    return run(WORDS, IN_WORDS, given | {"row": row, "column": column, "made": made[row, column].item()})


@pytest.mark.parametrize("channel", [0, 2, 5, 9])
def test_no_number_of_a_trained_kernel_is_written_0_but_0(channel: int) -> None:
    network, digits = models.trained("cnn_320"), load_data("digits").test
    explorer = ConvolutionExplorer(digits, f"conv1, channel {channel}", model=network)
    weights = explorer.kernel.flatten().tolist()
    for place in (200, 400):
        row, column = divmod(place, 24)
        pixels = explorer.image[row : row + 5, column : column + 5].flatten().tolist()
        words = in_words(explorer, row, column)
        for pixel, weight, cell, full in zip(pixels, weights, words["cells"], words["full"], strict=True):
            assert (cell["weight"] == "0") == (weight == 0)
            assert (cell["product"] == "0") == (pixel * weight == 0)
            assert all(len(text) <= 5 for text in cell.values())
            assert "× 0 =" not in full


@pytest.mark.parametrize(
    ("operation", "way", "made"),
    [
        ("max pooling", "the largest of 4: ", "0.0039"),
        ("average pooling", "sum 0.0118 ÷ 4 = ", "0.0029"),
        ("convolution", "sum of the products 0.000012 + 0.000000 (bias) = ", "0.000012"),
    ],
)
def test_what_a_window_of_small_numbers_adds_up_to_is_not_written_0(
    operation: str, way: str, made: str
) -> None:
    image = torch.tensor([[1.0, 1.0], [1.0, 0.0]]) / 255
    words = in_words(ConvolutionExplorer(image, torch.full((2, 2), 0.001), operation=operation), 0, 0)
    assert (words["way"], words["made"]) == (way, made)


def test_padding_and_large_kernels_are_written_in_the_room_of_their_cells(image: torch.Tensor) -> None:
    for size, operation in ((3, "max pooling"), (11, "convolution")):
        explorer = ConvolutionExplorer(
            image / 255, torch.randn(size, size) * 1e-3, operation=operation, padding=1
        )
        for cell in in_words(explorer, 0, 0)["cells"]:
            assert all(len(text) <= max(5, 10 - size) for text in cell.values()), cell


def test_a_padding_that_is_no_whole_number_and_a_layer_without_a_model_are_refused():
    with pytest.raises(traitlets.TraitError, match="padding=True"):
        ConvolutionExplorer(torch.zeros(28, 28), padding=True)
    assert type(ConvolutionExplorer(torch.zeros(28, 28), padding=2.0).padding) is int
    with pytest.raises(ValueError, match="give model= as well"):
        ConvolutionExplorer(torch.zeros(28, 28), layer="conv1")


def test_a_single_image_has_no_number(image: torch.Tensor) -> None:
    explorer = ConvolutionExplorer(image)
    with pytest.raises(traitlets.TraitError, match="index=0: there is no Split to take an image from"):
        explorer.index = 0
    assert explorer.index is None


def test_an_unknown_kernel_is_answered_with_the_learnt_ones_too(image: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="did you mean 'conv1, channel 1'"):
        ConvolutionExplorer(image, "conv1, channel 10", model=models.build("cnn_320"))


def test_the_bias_of_a_layer_is_a_number(image: torch.Tensor) -> None:
    conv = models.build("cnn_320").conv1
    explorer = ConvolutionExplorer(image, conv.weight[0, 0], bias=conv.bias[0])
    assert explorer.bias == pytest.approx(conv.bias[0].item())
