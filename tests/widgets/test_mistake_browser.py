import copy

import numpy as np
import pytest
import torch
import traitlets

from cnnlab import evaluate, models
from cnnlab.data import Split
from cnnlab.inspection import activations
from cnnlab.widgets import MistakeBrowser
from cnnlab.widgets.mistake_browser import SHOWN
from tests.widgets.node import run
from tests.widgets.trained import digits, network


@pytest.fixture
def browser():
    return MistakeBrowser(network(), digits().test, digits().train)


@pytest.fixture(scope="module")
def result():
    return evaluate(network(), digits().test)


def test_the_mistakes_are_those_of_evaluate_the_most_confident_first(browser, result):
    assert browser.mistakes.column("index") == result.mistakes().tolist()
    assert len(browser.mistakes) >= 5, "the tests below need a network that errs"
    assert browser.summary["confusion"] == result.confusion.tolist()
    assert browser.index == browser.mistakes[0].index


def test_mistakes_are_chosen_by_label_answer_and_confidence(browser, result):
    first = browser.mistakes[0]
    browser.true, browser.predicted = first.label, first.predicted
    assert len(browser.mistakes) == int(result.confusion[first.label, first.predicted])
    assert {(m.label, m.predicted) for m in browser.mistakes} == {(first.label, first.predicted)}
    browser.reset()
    low, high = sorted((browser.mistakes[3].confidence, browser.mistakes[1].confidence))
    browser.confidence = (low, high)
    assert browser.mistakes.column("index") == result.mistakes()[1:4].tolist()
    assert browser.gallery["matching"] == 3


def test_a_mistake_that_the_filter_hides_gives_way_to_the_first_that_it_shows(browser):
    other = next(m for m in browser.mistakes if m.label != browser.mistakes[0].label)
    browser.true = other.label
    assert browser.index == browser.mistakes[0].index
    assert browser.chosen.label == other.label


def test_the_mistakes_beside_the_chosen_one_are_sent_ahead(browser):
    first, second, third, *_ = (mistake.index for mistake in browser.mistakes)
    assert {view["index"] for view in browser.ahead} == {first}, "none was chosen yet"
    browser.index = second
    ahead = {view["index"]: view for view in browser.ahead}
    assert list(ahead) == [third, first, second]
    browser.index = third
    assert browser.view == ahead[third]
    browser.true = browser.mistakes[0].label  # others stand beside it now

    def beside():
        shown = [mistake.index for mistake in browser.mistakes]
        place = shown.index(browser.index)
        return shown[place + 1 : place + 2] + shown[max(0, place - 1) : place]

    def others(layer):
        return [view["index"] for view in browser.ahead if view["layer"] == layer]

    assert others("conv1") == beside()
    browser.layer = "pool1"
    assert others("pool1") == beside()
    browser.reset()
    assert others("pool1") == beside()


def test_the_layers_beside_the_chosen_one_are_sent_ahead(browser):
    for name in [layer["name"] for layer in browser.layers[1:]]:
        wanted = next(view for view in browser.ahead if view["layer"] == name)
        browser.layer = name
        assert browser.view == wanted, "with the logits, and what Python reads anew"
    browser.true = next(m for m in browser.mistakes if m.label != browser.mistakes[0].label).label
    of_the_image = [view for view in browser.ahead if view["index"] == browser.index]
    assert [view["entry"] for view in of_the_image] == [browser.view["entry"]]


def test_a_question_for_an_image_that_is_none_is_refused(browser):
    browser.set_state({"nearest_of": 99_999})
    assert "nearest_of=99999 is none of the 360 images" in browser.problem
    assert browser.nearest_of is None


def test_where_no_mistake_is_left_nothing_is_chosen(browser):
    browser.confidence = (0, 1)
    assert len(browser.mistakes) == 0
    assert browser.index is None
    assert browser.chosen is None
    assert browser.gallery == {"matching": 0, "entries": [], "pixels": b"", "logits": b""}
    browser.reset()
    assert browser.index == browser.mistakes[0].index


def test_the_chosen_mistake_holds_all_that_speaks_for_and_against_it(browser, result):
    browser.index = browser.mistakes[2].index
    chosen = browser.chosen
    image = digits().test.take([chosen.index])
    with torch.inference_mode():
        expected = network()(image.normalised())[0]
    torch.testing.assert_close(chosen.logits, expected.clone())
    assert torch.equal(chosen.image, image.images[0])
    assert (chosen.label, chosen.predicted) == (int(image.labels[0]), int(expected.argmax()))
    assert chosen.confidence == pytest.approx(100 * float(result.probabilities[chosen.index].max()))
    assert chosen.margin > 0
    distances = (digits().train.images.double() - image.images.double()).square().sum(dim=(1, 2, 3))
    assert chosen.nearest.column("index") == distances.argsort(stable=True)[:5].tolist()


def test_the_browser_gets_images_logits_and_maps(browser):
    indices = [entry[0] for entry in browser.gallery["entries"]]
    assert browser.gallery["pixels"] == digits().test.images[indices].numpy().tobytes()
    logits = np.frombuffer(browser.gallery["logits"], np.float32).reshape(-1, 10)
    assert len(logits) == len(indices)
    np.testing.assert_allclose(logits[0], browser.chosen.logits, atol=1e-5)
    browser.layer = "pool1"
    expected = activations(network(), digits().test.take([browser.index]).normalised(), "pool1")["pool1"]
    assert browser.view["maps"] == expected[0].numpy().tobytes()
    browser.channel = 3
    assert torch.equal(browser.activation, expected[0, 3])


def test_the_nearest_training_images_are_sent_when_the_page_asks(browser):
    assert browser.nearest == {}
    browser.set_state({"nearest_of": browser.index})
    entries = browser.nearest["entries"]
    assert [entry[0] for entry in entries] == browser.chosen.nearest.column("index")
    assert [entry[1] for entry in entries] == [int(digits().train.labels[e[0]]) for e in entries]
    assert len(browser.nearest["pixels"]) == 5 * 784


@pytest.mark.parametrize(
    "choice", [{"index": -1}, {"layer": "pool2"}, {"channel": 3}, {"unit": [1, 2]}, {"true": 4}]
)
def test_a_network_that_was_trained_further_is_evaluated_anew_at_the_next_choice(choice):
    model = models.build("cnn_320")
    found = MistakeBrowser(model, digits().test)
    choice = {**choice, **({"index": found.mistakes[-1].index} if "index" in choice else {})}
    model.load_state_dict(network().state_dict())
    found.set_state(choice)
    now = evaluate(model, digits().test)
    assert (found.summary["correct"], found.problem) == (now.correct, "")
    found.reset()
    assert found.mistakes.column("index") == now.mistakes().tolist()
    assert found.index in now.mistakes()
    image = digits().test.take([found.index]).normalised()
    assert found.view["maps"] == activations(model, image, found.layer)[found.layer][0].numpy().tobytes()
    assert found.view["entry"][0] == found.index


def test_a_network_that_was_not_trained_is_not_evaluated_again(browser, monkeypatch):
    monkeypatch.setattr("cnnlab.widgets.mistake_browser.evaluate", None)
    browser.index, browser.layer = browser.mistakes[1].index, "pool2"
    browser.channel, browser.true = 4, 4
    assert browser.view["layer"] == "pool2"


def test_lazy_layers_and_names_are_refused_in_words():
    with pytest.raises(ValueError, match="layer '1' is a LazyLinear, which has no weights"):
        MistakeBrowser(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.LazyLinear(10)), digits().test)
    with pytest.raises(TypeError, match=r"models\.trained\('cnn_320'\)"):
        MistakeBrowser("cnn_320", digits().test)


def test_without_training_images_none_are_looked_for():
    found = MistakeBrowser(network(), digits().test)
    found.set_state({"nearest_of": found.index})
    assert found.nearest == {}
    assert found.chosen.nearest is None


def test_of_many_mistakes_the_most_confident_are_sent_and_all_are_counted():
    found = MistakeBrowser(models.build("cnn_320"), digits().test)
    assert len(found.mistakes) > SHOWN
    assert len(found.gallery["entries"]) == SHOWN
    assert found.gallery["matching"] == len(found.mistakes)
    found.index = found.mistakes[-1].index  # beyond those that were sent
    assert found.view["entry"][0] == found.index
    assert len(found.view["logits"]) == 40


def test_a_network_without_mistakes_is_congratulated():
    class Knows(torch.nn.Module):
        def forward(self, x):
            return torch.eye(10)[x[:, 0, 0, 0].round().long()]

    labels = torch.arange(10)
    images = torch.zeros(10, 1, 28, 28, dtype=torch.uint8)
    images[:, 0, 0, 0] = labels.to(torch.uint8)
    found = MistakeBrowser(Knows(), Split(images, labels, mean=0.0, std=1 / 255))
    assert (found.summary["correct"], found.summary["accuracy"]) == (10, 100.0)
    assert len(found.mistakes) == 0
    assert found.chosen is None
    with pytest.raises(traitlets.TraitError, match="index=1 is none of the 0 mistakes: there is none"):
        found.index = 1


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("true", 10, "true=10, but the classes are 0 to 9: choose one of them, or None"),
        ("predicted", -1, "predicted=-1"),
        ("confidence", (60, 40), r"confidence=\(60, 40\): give the lowest and the highest"),
        ("confidence", (0, 101), "in percent"),
        ("layer", "conv7", "no layer 'conv7'"),
    ],
)
def test_a_filter_out_of_range_is_refused_with_the_remedy(browser, name, value, message):
    before = getattr(browser, name)
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(browser, name, value)
    assert getattr(browser, name) == before
    assert browser.gallery["matching"] == len(browser.mistakes)


def test_an_image_that_was_read_correctly_cannot_be_chosen(browser, result):
    right = int((result.predicted == result.labels).nonzero()[0])
    with pytest.raises(
        traitlets.TraitError, match=f"index={right} is none of the .* choose one of them, such as"
    ):
        browser.index = right


def test_an_evaluation_at_hand_is_taken_and_one_of_other_images_is_refused(result):
    assert len(MistakeBrowser(network(), digits().test, evaluation=result).mistakes) == len(result.mistakes())
    with pytest.raises(ValueError, match="the evaluation is of 360 other images than the 1,437"):
        MistakeBrowser(network(), digits().train, evaluation=result)


def test_a_network_that_does_not_take_the_images_is_explained_in_the_widget():
    found = MistakeBrowser(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(100, 10)), digits().test)
    assert "it gets 784 numbers" in found.explanation
    assert found.chosen is None
    found.true = 3  # nothing to filter, and nothing breaks


@pytest.mark.parametrize("given", [{"split": None}, {"split": torch.zeros(1, 1, 28, 28)}, {"train": 5}])
def test_splits_are_asked_for(given):
    with pytest.raises(TypeError, match="give a Split"):
        MistakeBrowser(network(), **{"split": digits().test, **given})


def test_its_text_is_the_same_for_every_data_set(browser):
    assert repr(browser) == "MistakeBrowser(CNN320: all mistakes)"
    browser.true, browser.confidence = 4, (50, 100)
    assert repr(browser) == "MistakeBrowser(CNN320: label 4, confidence 50 to 100 %)"


def test_probabilities_in_javascript_are_those_of_torch():
    logits = torch.tensor([[-3.5, 8.25, 0.0, 7.5], [900.0, -900.0, 899.0, 1.0]])
    found = run('{ softmax } from "mistake_facts.js"', "return given.map(softmax);", logits.tolist())
    torch.testing.assert_close(torch.tensor(found), logits.softmax(dim=1))


def test_bars_start_at_zero_and_fill_the_room():
    found = run('{ bars } from "mistake_facts.js"', "return bars(given);", [-2.0, 6.0, 0.0])
    assert found["zero"] == pytest.approx(0.25)
    assert found["bars"][0] == pytest.approx({"start": 0.0, "length": 0.25})
    assert found["bars"][1] == pytest.approx({"start": 0.25, "length": 0.75})
    assert run('{ bars } from "mistake_facts.js"', "return bars(given);", [0.0, 0.0])["zero"] == 0


def test_the_margin_is_told_in_words():
    said = run(
        '{ marginText } from "mistake_facts.js"',
        "return marginText(given, 0, 1, ['four', 'nine']);",
        [-5.81, 8.12],
    )
    assert said == "nine wins by 13.93: logit 8.12 against −5.81 for four."


def test_a_share_that_is_less_than_all_is_not_called_all():
    body = "return given.map(percentText);"
    shares = [1, 0.9999, 0.998, 0.0001, 0]
    assert run('{ percentText } from "dom.js"', body, shares) == [
        "100.0 %",
        "> 99.9 %",
        "99.8 %",
        "< 0.1 %",
        "0.0 %",
    ]


def test_how_many_of_how_many_are_shown_is_told_in_words():
    body = "return filterText(given[0], given[1], ['a', 'b'], 8993);"
    everything = {"true": None, "predicted": None, "confidence": [0, 100]}
    some = {"true": 0, "predicted": 1, "confidence": [50, 100]}

    def said(matching, shown, chosen):
        given = [{"matching": matching, "shown": shown}, chosen]
        return run('{ filterText } from "mistake_facts.js"', body, given)

    assert said(8993, 200, everything) == "all 8,993 mistakes; the 200 most confident are shown"
    assert said(12, 12, some) == "12 of 8,993 mistakes: label a, taken for b, confidence 50 to 100 %"


def test_a_network_without_layers_to_list_is_shown_by_its_logits() -> None:
    class Weights(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = torch.nn.Parameter(torch.randn(784, 10))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.flatten(1) @ self.w

    browser = MistakeBrowser(Weights(), digits().test)
    assert browser.chosen is not None
    assert browser.chosen.logits.shape == (10,)


def test_a_network_that_fails_later_is_told_until_the_reader_acts(result):
    model = copy.deepcopy(network())
    browser = MistakeBrowser(model, digits().test, digits().test, result)
    other = browser.mistakes[1].index
    model.fc1 = torch.nn.Linear(321, 50)
    browser.set_state({"index": other})
    assert "the model failed" in browser.problem or "mat1 and mat2" in browser.problem
    said = browser.problem
    browser.set_state({"nearest_of": other})  # the page asks by itself
    assert browser.problem == said
    browser.set_state({"index": -5})
    browser.set_state({"nearest_of": -5})
    assert browser.problem.startswith("index=-5 is none of the")
