"""DrawDigit without a browser: what Python gives and refuses, and the JavaScript against PyTorch."""

import pytest
import torch
import torch.nn.functional as F
import traitlets
from torch import nn

from cnnlab import models
from cnnlab.data import centre_of_mass, draw_strokes, drawn_digits, prepare_drawing
from cnnlab.widgets import DrawDigit
from cnnlab.widgets.draw_digit import SIDE
from cnnlab.widgets.page import page, part
from tests.widgets import node

SEVEN = draw_strokes(drawn_digits(0)[21].strokes)


def from_browser(digit, ink, asked):
    """What the page sends after a stroke."""
    digit.set_state({"pixels": memoryview(ink.numpy().tobytes()), "asked": asked})


def numbers(content, kind=torch.float32):
    return torch.frombuffer(bytearray(content), dtype=kind)


@pytest.fixture
def digit():
    return DrawDigit()


def test_ink_from_python_is_prepared_and_read(digit):
    digit.ink = SEVEN
    assert torch.equal(digit.ink, SEVEN)
    assert torch.equal(digit.image, prepare_drawing(SEVEN))
    assert {name: found.argmax().item() for name, found in digit.probabilities.items()} == {
        "CNN": 7,
        "MLP": 7,
    }
    model, image = models.trained("cnn_320"), (digit.image[None] / 255 - 0.1307) / 0.3081
    with torch.no_grad():
        torch.testing.assert_close(digit.probabilities["CNN"], model(image)[0].softmax(dim=0))
    assert digit.probabilities["CNN"].dtype == torch.float32


def test_what_is_sent_is_what_python_gives(digit):
    digit.ink = SEVEN
    assert torch.equal(numbers(digit.seen, torch.uint8).view(1, 28, 28), digit.image)
    sent = numbers(digit.answer).view(2, 10)
    assert torch.equal(sent, torch.stack(list(digit.probabilities.values())))
    assert [(row["layer"], row["shown"]) for row in digit.layers] == [("conv1", 10), ("conv2", 20)]
    maps = numbers(digit.maps, torch.uint8)
    image = (digit.image[None] / 255 - 0.1307) / 0.3081
    with torch.no_grad():
        expected = models.trained("cnn_320").conv1(image).relu()[0]
    expected = (255 * expected / expected.max()).round()
    assert (maps[: 10 * 24 * 24].view(10, 24, 24).float() - expected).abs().max() <= 1
    assert len(maps) == 10 * 24 * 24 + 20 * 8 * 8


def test_ink_from_the_browser_is_answered_with_its_number(digit):
    from_browser(digit, SEVEN, asked=5)
    assert digit.answered == 5
    assert digit.probabilities["MLP"].argmax() == 7
    from_browser(digit, torch.zeros(SIDE, SIDE, dtype=torch.uint8), asked=6)
    assert (digit.answered, digit.answer, any(digit.seen)) == (6, b"", False)


def test_the_preparation_can_be_switched(digit):
    digit.ink = SEVEN
    prepared = digit.image
    digit.preparation = "naive"
    assert torch.equal(digit.image, F.avg_pool2d(SEVEN[None].double(), 5).round().to(torch.uint8))
    assert torch.equal(numbers(digit.seen, torch.uint8).view(1, 28, 28), digit.image)
    digit.set_state({"preparation": "mnist", "asked": 1})
    assert torch.equal(numbers(digit.seen, torch.uint8).view(1, 28, 28), prepared)
    with pytest.raises(traitlets.TraitError, match="unknown preparation 'naiv': did you mean 'naive'"):
        digit.preparation = "naiv"


def test_with_nothing_drawn_python_says_so(digit):
    for name in ("image", "probabilities"):
        with pytest.raises(ValueError, match="nothing is drawn yet: draw a digit on the pad"):
            getattr(digit, name)
    digit.ink = SEVEN
    digit.clear()
    assert not digit.ink.any()
    assert digit.answer == b""
    with pytest.raises(ValueError, match="nothing is drawn yet"):
        _ = digit.image


def test_what_is_given_out_is_a_copy(digit):
    digit.ink = SEVEN
    digit.image.zero_(), digit.ink.zero_(), digit.probabilities["CNN"].zero_()
    assert digit.image.any()
    assert digit.ink.any()
    assert digit.probabilities["CNN"].sum() > 0.99


def test_pixels_set_from_python_are_answered_like_ink(digit):
    digit.pixels = SEVEN.numpy().tobytes()
    assert digit.probabilities["CNN"].argmax() == 7
    assert torch.equal(numbers(digit.seen, torch.uint8).view(1, 28, 28), prepare_drawing(SEVEN))
    digit.pixels = bytes(SIDE * SIDE)
    assert digit.answer == b""


def test_the_same_ink_is_read_anew_by_a_model_that_has_learnt():
    model = models.trained("cnn_320")
    digit = DrawDigit({"Mine": model})
    digit.ink = SEVEN
    with torch.no_grad():
        model.fc2.bias[3] += 100
    digit.ink = SEVEN
    assert digit.probabilities["Mine"].argmax() == 3


def test_a_question_comes_as_a_message_and_an_empty_one_changes_nothing(digit):
    sent = []
    digit.send_state = lambda names=None: sent.append(set(names or ()))
    digit._handle_custom_msg({"asked": 3}, [memoryview(SEVEN.numpy().tobytes())])
    assert (digit.answered, digit.probabilities["CNN"].argmax()) == (3, 7)
    assert sent[-1] == {"answered", "answer", "seen", "maps"}  # the ink is not sent back
    digit._handle_custom_msg({}, [])
    digit._handle_custom_msg({"asked": 4, "preparation": "naive"}, [])
    assert (digit.answered, digit.preparation) == (4, "naive")
    digit._handle_custom_msg({"asked": 5, "preparation": "other"}, [])
    assert "unknown preparation 'other'" in digit.problem


def test_an_empty_drawing_has_no_maps_before_and_after(digit):
    assert digit.maps == b""
    digit.ink = SEVEN
    assert digit.maps
    digit.clear()
    assert (digit.maps, any(digit.seen)) == (b"", False)


def test_an_image_of_28_pixels_can_be_put_on_the_pad(digit):
    image = prepare_drawing(SEVEN)
    digit.ink = image
    assert torch.equal(digit.image, image)


@pytest.mark.parametrize(
    ("ink", "error", "words"),
    [
        (torch.zeros(28, 28), TypeError, "ink is float32, not uint8"),
        (torch.zeros(20, 28, dtype=torch.uint8), ValueError, "ink is 20×28 pixels, and the pad is square"),
        (torch.zeros(3, 28, 28, dtype=torch.uint8), ValueError, r"the shape \(3, 28, 28\)"),
        ("7", TypeError, "ink is a str"),
    ],
)
def test_wrong_ink_is_refused_and_the_old_stays(digit, ink, error, words):
    digit.ink = SEVEN
    with pytest.raises(error, match=words):
        digit.ink = ink
    assert torch.equal(digit.ink, SEVEN)


def test_ink_of_another_length_from_the_browser_is_shown_as_a_problem(digit):
    digit.set_state({"pixels": memoryview(bytes(10)), "asked": 1})
    assert "10 bytes of ink came, and 140 × 140 = 19,600 were expected" in digit.problem
    from_browser(digit, SEVEN, asked=2)
    assert digit.problem == ""


def test_a_model_that_is_spoilt_later_is_named_and_may_recover():
    model = models.trained("mlp")
    digit = DrawDigit({"Mine": model})
    weight = model.fc1.weight.detach().clone()
    with torch.no_grad():
        model.fc1.weight.fill_(float("nan"))
    from_browser(digit, SEVEN, asked=1)
    assert digit.problem.startswith("Mine gives numbers that are not finite")
    assert (digit.answered, digit.answer, digit.probabilities) == (1, b"", {})
    with pytest.raises(ValueError, match="not finite"):
        digit.ink = SEVEN
    with torch.no_grad():
        model.fc1.weight.copy_(weight)
    from_browser(digit, SEVEN, asked=2)
    assert (digit.problem, digit.probabilities["Mine"].argmax().item()) == ("", 7)


def smaller_kernel(model):
    model.conv1 = nn.Conv2d(1, 10, 3)  # 26 × 26 maps; the rest still fits


def fewer_channels(model):
    model.conv1 = nn.Conv2d(1, 4, 5)


def nine_outputs(model):
    model.fc2 = nn.Linear(50, 9)


def other_precision(model):
    model.double()


def failing_forward(model):
    model.forward = lambda x: {}["logits"]


def no_output(model):
    model.forward = lambda x: None


def two_outputs(model):
    first = model.forward
    model.forward = lambda x: (first(x), x)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (fewer_channels, "Mine cannot read a drawing. conv2 does not fit: it gets 4 channels"),
        (nine_outputs, "Mine gives (1, 9) for one image, and ten logits (1, 10) are needed"),
        (other_precision, "the images are float32, but the weights are float64"),
        (failing_forward, "Mine cannot read a drawing. "),
        (no_output, "Mine gives NoneType for one image"),
        (two_outputs, "ten logits (1, 10) are needed: let forward() return the logits alone"),
    ],
)
def test_a_model_that_is_changed_later_is_explained_and_may_recover(change, words):
    model = models.trained("cnn_320")
    digit = DrawDigit({"Mine": model})
    digit.ink = SEVEN
    before = dict(model._modules)
    change(model)
    from_browser(digit, SEVEN, asked=1)
    assert words in digit.problem
    assert (digit.answered, digit.answer, digit.maps, digit.probabilities) == (1, b"", b"", {})
    with pytest.raises(ValueError, match="Mine"):
        digit.ink = SEVEN
    model.float()._modules.update(before)
    vars(model).pop("forward", None)
    from_browser(digit, SEVEN, asked=2)
    assert (digit.problem, digit.probabilities["Mine"].argmax().item()) == ("", 7)


def test_the_maps_of_a_model_whose_sizes_were_changed_keep_their_sizes_beside_them():
    model = models.trained("cnn_320")
    digit = DrawDigit(model)
    smaller_kernel(model)
    digit.ink = SEVEN
    first = digit.layers[0]
    assert (first["layer"], first["height"], first["width"]) == ("conv1", 26, 26)
    assert len(digit.maps) == sum(row["shown"] * row["height"] * row["width"] for row in digit.layers)


def test_a_lazy_layer_is_refused_before_it_takes_its_size_in_inference_mode():
    model = nn.Sequential(nn.LazyConv2d(4, 5), nn.Flatten(), nn.LazyLinear(10))
    with pytest.raises(ValueError, match="layer '0' is a LazyConv2d, which has no weights"):
        DrawDigit(model)
    model(torch.zeros(1, 1, 28, 28)).sum().backward()  # it can still be trained
    DrawDigit(model).ink = SEVEN


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"mean": float("nan")}, ValueError, "mean=nan is not finite: give a number such as 0.1307"),
        ({"std": float("inf")}, ValueError, "std=inf is not finite: give a number such as 0.3081"),
        ({"std": "wide"}, TypeError, "std='wide' is no number"),
        ({"std": -1}, ValueError, "std=-1, but pixels are divided by it"),
    ],
)
def test_a_mean_or_std_that_cannot_be_is_refused_in_words(settings, error, words):
    with pytest.raises(error, match=words):
        DrawDigit(**settings)


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ("cnn", TypeError, "'cnn' is a name, .*: write models.trained..cnn_320"),
        ({"A": "mlp"}, TypeError, "'mlp' is a name, .*: write models.trained..mlp"),
        (models.MLP, TypeError, r"model is the class MLP: write MLP\(\)"),
        ({}, ValueError, "0 models were given: give one, or two"),
        (dict.fromkeys("abc", nn.Identity()), ValueError, "3 models were given"),
        ([nn.Identity()], TypeError, "models is a list: give a network, or two by name"),
        (
            nn.Sequential(nn.Flatten(), nn.Linear(784, 7)),
            ValueError,
            r"Sequential gives \(1, 7\) .* 10 outputs",
        ),
        ({"A": nn.Sequential(nn.Conv2d(1, 4, 5), nn.Flatten(), nn.Linear(9, 10))}, ValueError, "2304"),
    ],
)
def test_a_model_that_cannot_read_drawings_is_refused_in_words(given, error, words):
    with pytest.raises(error, match=words):
        DrawDigit(given)


def test_normalisation_is_the_models_own():
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    own, usual = DrawDigit(model, mean=0, std=1), DrawDigit(model)
    for digit in (own, usual):
        digit.ink = SEVEN
    with torch.no_grad():
        expected = model(own.image[None] / 255)[0].softmax(dim=0)
    torch.testing.assert_close(own.probabilities["Sequential"], expected)
    assert not torch.allclose(usual.probabilities["Sequential"], expected)
    with pytest.raises(ValueError, match="std=0, but pixels are divided by it"):
        DrawDigit(model, std=0)


def test_a_network_that_ends_in_a_softmax_is_not_softened_twice():
    model = models.trained("mlp")
    digit = DrawDigit({"logits": model, "softmax": nn.Sequential(model, nn.Softmax(dim=1))})
    digit.ink = SEVEN
    torch.testing.assert_close(digit.probabilities["logits"], digit.probabilities["softmax"])


def test_many_channels_are_cut_to_the_first_twenty_and_no_convolution_is_fine():
    wide = DrawDigit(models.build("cnn_wide"))
    assert [(row["channels"], row["shown"]) for row in wide.layers] == [(32, 20), (64, 20)]
    wide.ink = SEVEN
    assert len(wide.maps) == 20 * (28 * 28 + 14 * 14)
    assert DrawDigit(models.build("logistic")).layers == []


def test_models_stay_in_the_mode_they_were_in():
    model = models.build("lenet_dropout").train()
    digit = DrawDigit(model)
    digit.ink = SEVEN
    first = digit.probabilities["LeNetDropout"]
    digit.clear()
    digit.ink = SEVEN
    assert torch.equal(digit.probabilities["LeNetDropout"], first)  # no dropout
    assert model.training


def test_the_repr_is_the_same_everywhere(digit):
    assert repr(digit) == "DrawDigit(CNN, MLP)"


def test_it_stands_on_a_page_without_a_kernel(digit):
    text = page("Draw", [part(digit)])
    assert "model.alone" in text
    assert "import {" not in text


def test_the_ink_is_averaged_as_pytorch_does():
    red = torch.randint(0, 256, (56, 56), generator=torch.Generator().manual_seed(0))
    rgba = torch.stack([red, red // 2, red // 3, torch.full_like(red, 255)], dim=-1)
    made = node.run(
        '{ averagedInk } from "pad.js"', "return [...averagedInk(given, 56, 14)];", rgba.flatten().tolist()
    )
    expected = F.avg_pool2d(red[None].double(), 4)[0]
    assert (torch.tensor(made).view(14, 14) - expected).abs().max() <= 0.5


def test_box_and_centre_of_mass_are_those_of_python():
    images = [
        prepare_drawing(draw_strokes(one.strokes), how)
        for one in drawn_digits(2)[:8]
        for how in ("mnist", "naive")
    ]
    made = node.run(
        '{ aboutImage, centreOfMass, inkBox } from "seen_image.js"',
        "return given.map((image) => [inkBox(image), centreOfMass(image), aboutImage(image)]);",
        [image.flatten().tolist() for image in images],
    )
    for image, (box, centre, words) in zip(images, made):
        rows, columns = image[0].nonzero().T
        width, height = (columns.max() - columns.min() + 1).item(), (rows.max() - rows.min() + 1).item()
        assert box == {"left": columns.min(), "top": rows.min(), "width": width, "height": height}
        assert centre == pytest.approx(centre_of_mass(image))
        assert f"{width} pixels wide and {height} high" in words
    empty = node.run('{ inkBox } from "seen_image.js"', "return inkBox(given);", [0] * 784)
    assert empty is None


def test_keys_move_the_pen_and_keep_it_on_the_pad():
    made = node.run(
        '{ movedPen } from "pad.js"',
        'return [movedPen([70, 70], ["ArrowRight"], 5), movedPen([70, 70], ["ArrowRight", "ArrowUp"], 5),'
        ' movedPen([138, 1], ["ArrowRight", "ArrowUp"], 5), movedPen([70, 70], [], 5)];',
    )
    assert made == [[75, 70], [75, 65], [140, 0], [70, 70]]


def test_questions_wait_for_the_last_answer_and_for_80_ms():
    made = node.run(
        '{ pauseBefore, spoken } from "draw_digit.js"',
        "return [pauseBefore(100, 0, false), pauseBefore(100, 70, false), pauseBefore(500, 0, true),"
        ' spoken(["A", "B"], [[0.1, 0.9], [0.75, 0.25]])];',
    )
    assert made == [0, 50, 80, "A: 1, 90.0 %. B: 0, 75.0 %."]


def test_an_unknown_argument_is_refused_with_the_nearest():
    with pytest.raises(TypeError, match=r"DrawDigit knows no 'modle': did you mean 'models'"):
        DrawDigit(modle=None)
