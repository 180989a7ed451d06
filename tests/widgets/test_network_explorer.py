"""The NetworkExplorer: Python's side, and its JavaScript against PyTorch and the package."""

import copy
import inspect
import itertools
import random
import re
import time

import numpy as np
import pytest
import torch
import traitlets
from torch import nn

from cnnlab import count_parameters, explain, models, receptive_field, trace_shapes
from cnnlab.arithmetic import unread_pixels
from cnnlab.inspection import multiply_adds
from cnnlab.widgets import NetworkExplorer
from cnnlab.widgets.network_settings import PRESETS, RANGES, checked, network
from cnnlab.widgets.page import page, part
from tests.widgets.node import run


def random_settings(count):
    """Settings from all over their ranges, the extremes included; many do not fit."""
    dice = random.Random(3)

    def block():
        sizes = {name: dice.randint(*ends) for name, ends in RANGES.items()}
        sizes["channels"] = dice.randint(1, 12)
        if dice.random() < 0.3:
            sizes["padding"] = "same"
        if dice.random() < 0.6:
            sizes["stride"] = 1
        pooling, dropout = dice.choice(["max", "avg", "none"]), dice.choice([0.0, 0.0, 0.25])
        return {**sizes, "pooling": pooling, "dropout": dropout, "batch_norm": dice.random() < 0.3}

    return [
        checked(
            {
                "blocks": [block() for _ in range(dice.randint(1, 3))],
                "hidden": dice.choice([0, 1, 30, 64]),
                "hidden_relu": dice.random() < 0.7,
                "pool_first": dice.random() < 0.4,
            }
        )
        for _ in range(count)
    ]


ALL = [*PRESETS.values(), *random_settings(90)]


def built(settings):
    """The network, or what keeps it from being built."""
    try:
        return network(settings)
    except ValueError as error:
        return str(error)


FITTING = [(settings, net) for settings in ALL if not isinstance(net := built(settings), str)]
MISFITS = [(settings, text) for settings in ALL if isinstance(text := built(settings), str)]


@pytest.fixture(scope="module")
def analysed():
    return run('{ analysed } from "network_sizes.js"', "return given.map(analysed)", [s for s, _ in FITTING])


@pytest.fixture(scope="module")
def codes(analysed):
    return run(
        '{ networkCode } from "network_words.js"', 'return given.map((m) => networkCode(m, "x"))', analysed
    )


def test_the_random_settings_are_worth_testing_with():
    assert len(FITTING) > 35
    assert len(MISFITS) > 20
    assert {text.split(" does")[0][:4] for _, text in MISFITS} == {"conv", "pool"}
    assert any("padding='same'" in text for _, text in MISFITS)


def test_javascript_has_the_layers_sizes_and_arithmetic_of_pytorch(analysed):
    for made, (_, net) in zip(analysed, FITTING):
        rows, steps = made["rows"][1:], trace_shapes(net)
        assert [(r["name"], r["kind"]) for r in rows] == [(s.name, s.kind) for s in steps]
        assert [tuple(r["shape"]) for r in rows] == [s.out_shape for s in steps]
        known = [(r["arithmetic"], s.arithmetic) for r, s in zip(rows, steps) if r["kind"] != "Linear"]
        assert [ours for ours, _ in known] == [theirs for _, theirs in known]
        assert made["flatten"] == net.fc1.in_features


def test_javascript_counts_parameters_multiply_adds_and_fields_as_the_package_does(analysed):
    for made, (_, net) in zip(analysed, FITTING):
        rows = {r["name"]: r for r in made["rows"][1:]}
        parameters, work = count_parameters(net), multiply_adds(net)
        assert {p.name: (p.count, p.formula) for p in parameters} == {
            name: (r["parameters"], r["formula"]) for name, r in rows.items()
        }
        assert {w.name: (w.count, w.formula) for w in work} == {
            name: (r["multiplyAdds"], r["work"]) for name, r in rows.items() if r["multiplyAdds"]
        }
        assert (made["parameters"], made["multiplyAdds"]) == (parameters.total, work.total)
        assert {f.name: f.size for f in receptive_field(net)} == {n: r["field"] for n, r in rows.items()}


def test_javascript_counts_the_pixels_that_are_never_read(analysed):
    found = 0
    for made, _ in zip(analysed, FITTING):
        maps = [r for r in made["rows"] if r["on"] is None and len(r["shape"]) == 3]
        for before, row in itertools.pairwise(maps):
            window, width = row["window"], before["shape"][2]
            if window["left"] == window["right"]:
                expected = unread_pixels(width, window["k"], window["left"], window["stride"])
                assert row["unread"] == expected
                found += expected > 0
    assert found > 10


def test_javascript_says_what_does_not_fit_in_the_words_of_python():
    said = run(
        '{ analysed } from "network_sizes.js"',
        "return given.map(analysed)",
        [settings for settings, _ in MISFITS],
    )
    for made, (_, text) in zip(said, MISFITS):
        assert made["problem"] == text
        assert made["flatten"] is made["parameters"] is None
        names = [row["name"] for row in made["rows"]]
        end = names.index(text.split()[0])
        assert made["rows"][end]["problem"] == text
        assert all(row["shape"] for row in made["rows"][:end])
        assert not any(row["shape"] for row in made["rows"][end:])
        assert sum(bool(row["problem"]) for row in made["rows"]) == 1


def test_the_code_builds_the_network_that_is_seen(codes):
    for code, (_, net) in zip(codes, FITTING):
        space = {}
        exec(code, space)
        made = space["Net"]()
        assert [(n, repr(m)) for n, m in made.named_children()] == [
            (n, repr(m)) for n, m in net.named_children()
        ]
        made.load_state_dict(net.state_dict())
        images = torch.rand(2, 1, 28, 28)
        assert torch.equal(made.eval()(images), net.eval()(images))
        written = [tuple(map(int, found.split(", "))) for found in re.findall(r"# \(N, ([\d, ]+)\)", code)]
        changing = [
            step.out_shape
            for step in trace_shapes(made)
            if step.kind in ("Conv2d", "MaxPool2d", "AvgPool2d", "Flatten", "Linear")
        ]
        assert written == [(1, 28, 28), *changing]
        assert f"{count_parameters(net).total:,} parameters" in code


@pytest.mark.parametrize(("number", "name"), list(enumerate(PRESETS)))
def test_the_code_of_a_preset_is_written_as_in_its_lab(codes, number, name):
    def forward(source):
        body = source.replace("x: Tensor) -> Tensor:", "x):").partition("def forward")[2]
        return [line.partition(", unchanged by")[0] for line in body.rstrip().splitlines()]

    assert forward(codes[number]) == forward(inspect.getsource(type(models.build(name))))


def test_code_that_does_not_fit_is_a_comment_that_says_why():
    code = run(
        '{ networkCode } from "network_words.js"',
        'return networkCode({ rows: [], parameters: null, problem: "conv2 does not fit: why." }, "x")',
    )
    assert all(line.startswith("#") for line in code.splitlines())
    assert "conv2 does not fit: why." in code


def test_javascript_has_the_words_of_explain_for_a_wrong_fc1(analysed):
    wrong = [made["flatten"] + number + 1 for number, made in enumerate(analysed[:20])]
    said = run(
        '{ fc1Words } from "network_words.js"',
        "return given.map(([made, inputs]) => fc1Words(made, inputs))",
        list(zip(analysed, wrong)),
    )
    for words, inputs, (_, net) in zip(said, wrong, FITTING):
        broken = copy.deepcopy(net)
        broken.fc1 = nn.Linear(inputs, net.fc1.out_features)
        ours, theirs = words.splitlines(), str(explain(broken)).splitlines()
        first = [line[:4] for line in ours].index("  1.")
        assert ours[: first + 1] == theirs[: first + 1]
        assert ours[-1].partition(". ")[2] == theirs[-1].partition(". ")[2]
        assert len(theirs) - len(ours) in (0, 1)  # one remedy more, where a trial found it


def test_the_longest_headline_needs_no_second_line():
    largest = {"channels": 64, "kernel": 1, "padding": 5, "convolutions": 2, "pooling": "none"}
    settings = checked({"blocks": [largest] * 3, "hidden": 512})
    words = run(
        '{ fc1Words } from "network_words.js"',
        "return fc1Words(given, 999999)",
        run('{ analysed } from "network_sizes.js"', "return analysed(given)", settings),
    )
    assert 90 < max(map(len, words.splitlines())) <= 100  # explain breaks lines at 100


def test_the_cone_is_the_receptive_field(analysed):
    looked = run(
        '{ cone } from "network_drawing.js"',
        "return given.map((made) => made.rows.map((row, index) => cone(made.rows, index)))",
        analysed,
    )
    for cones, made, (_, net) in zip(looked, analysed, FITTING):
        fields = list(receptive_field(net))
        for cone, row, field in zip(cones[1:], made["rows"][1:], fields):
            image, last = cone[0], cone[-1]
            assert image["row"]["name"] == "image"
            assert image["to"] - image["from"] == (row["field"] if row["name"] != "flatten" else all_of(made))
            if len(row["shape"]) == 3:
                assert last["from"] == row["shape"][2] // 2
                assert (image["from"], image["to"]) == ends(field.width.pixels(last["from"]))


def ends(pixels):
    return pixels.start, pixels.stop


def all_of(made):
    """What the flatten sees with all its numbers together, as fc1 does."""
    return next(row["field"] for row in made["rows"] if row["name"] == "fc1")


@pytest.mark.parametrize("width", [540, 586, 701, 726, 1168])
def test_volumes_are_drawn_to_one_scale_and_side_by_side(analysed, width):
    drawn = run(
        '{ arranged } from "network_drawing.js"',
        "return given.made.map((made, i) => arranged(made, given.width, given.blocks[i]))",
        {"made": analysed, "width": width, "blocks": [len(s["blocks"]) for s, _ in FITTING]},
    )
    for picture in drawn:
        boxes = [shape for shape in picture["shapes"] if not shape.get("bar")]
        bars = [shape for shape in picture["shapes"] if shape.get("bar")]
        per_channel = [box["along"] / box["row"]["shape"][0] for box in boxes]
        assert per_channel == pytest.approx([per_channel[0]] * len(boxes))
        for box in boxes:
            _, high, wide = box["row"]["shape"]
            assert (box["high"] / high, box["wide"] / wide) == pytest.approx((picture["scale"],) * 2)
            assert box["top"] - box["up"] >= 0
            assert box["top"] + box["high"] < box["label"]
        lengths = [bar["length"] / bar["row"]["shape"][0] ** 0.5 for bar in bars]
        assert lengths == pytest.approx([lengths[0]] * len(bars))
        for box, after in itertools.pairwise(boxes):
            assert box["left"] + box["wide"] + box["along"] < after["left"]
        assert boxes[0]["left"] >= 0
        assert bars[-1]["left"] < width


def test_a_slider_moves_no_volume_to_another_place():
    def places(**sizes):
        first = {"channels": 10, "kernel": 5, **sizes}
        settings = checked({"blocks": [first, {"channels": 20}]})
        return run(
            '{ arranged } from "network_drawing.js"',
            "const { scale, height, shapes } = arranged(given, 1168, 2); "
            "return [scale, height, shapes.map(({ centre, label }) => [centre, label])]",
            run('{ analysed } from "network_sizes.js"', "return analysed(given)", settings),
        )

    begin = places()
    assert places(kernel=2, channels=32, padding=1) == begin
    assert places(stride=3, kernel=11) == begin
    assert places(channels=64, padding=5)[1:] == begin[1:]
    assert places(channels=64, padding=5)[0] < begin[0]


def test_a_block_that_comes_back_is_as_it_was_and_a_new_one_fits():
    first, second = PRESETS["cnn_320"]["blocks"]
    less, more, new = run(
        '{ resized } from "network_controls.js"',
        "const kept = []; const less = resized(given, 1, kept); "
        "return [less, resized(less, 2, kept), resized(given, 3, [])]",
        [first, second],
    )
    assert less == [first]
    assert more == [first, second]
    assert new[:2] == [first, second]
    assert NetworkExplorer(settings={"blocks": new}).flatten == 40 * 2 * 2


def test_changing_a_block_leaves_the_other_and_the_preset_alone():
    presets = PRESETS
    changed, before, name, own = run(
        '{ withBlock, presetName } from "network_controls.js"',
        "const settings = given.cnn_wide; const changed = withBlock(settings, 1, { kernel: 3 }); "
        "return [changed, settings, presetName(given, settings), presetName(given, changed)]",
        presets,
    )
    assert before == presets["cnn_wide"]
    assert changed["blocks"] == [before["blocks"][0], {**before["blocks"][1], "kernel": 3}]
    assert (name, own) == ("cnn_wide", "")


# ---- Python's side


def test_it_begins_as_the_320_network():
    explorer = NetworkExplorer()
    assert (explorer.flatten, explorer.parameters) == (320, 21_840)
    assert repr(explorer.build()) == repr(network(PRESETS["cnn_320"]))
    assert explorer.settings == PRESETS["cnn_320"]


def test_settings_change_what_is_built():
    explorer = NetworkExplorer("cnn_wide")
    blocks = [{**block, "padding": "same", "kernel": 3} for block in explorer.settings["blocks"]]
    explorer.settings = {**explorer.settings, "blocks": blocks, "hidden": 0}
    assert explorer.flatten == explorer.build().fc1.in_features == 3136
    assert explorer.parameters == count_parameters(explorer.build()).total
    assert explorer.build()(torch.zeros(2, 1, 28, 28)).shape == (2, 10)
    assert NetworkExplorer("cnn_wide").settings == PRESETS["cnn_wide"]


def test_what_does_not_fit_has_no_flatten_and_is_not_built():
    explorer = NetworkExplorer(settings={"blocks": [{"kernel": 11, "stride": 4}, {}]})
    assert (explorer.flatten, explorer.parameters) == (None, None)
    with pytest.raises(ValueError, match=r"conv2 does not fit: it gets 2×2 pixels, and k=5 is wider"):
        explorer.build()


def test_a_wrong_setting_is_refused_and_the_old_one_stays():
    explorer = NetworkExplorer()
    with pytest.raises(traitlets.TraitError, match="hidden=-1 cannot be: use a whole number from 0 to 512"):
        explorer.settings = {**explorer.settings, "hidden": -1}
    assert explorer.settings == PRESETS["cnn_320"]


def test_wrong_settings_from_the_browser_are_told_in_the_widget():
    explorer = NetworkExplorer()
    explorer.set_state({"settings": {"blocks": [{"kernel": "five"}]}})
    assert "block 1: kernel='five' cannot be: use a whole number from 1 to 11." in explorer.problem
    assert explorer.flatten == 320
    explorer.set_state({"settings": PRESETS["cnn_deep"]})
    assert (explorer.problem, explorer.flatten) == ("", 3136)


def test_an_unknown_preset_is_met_with_the_nearest_name():
    with pytest.raises(
        ValueError, match=r"no network with blocks is called 'cnn320': did you mean 'cnn_320'"
    ):
        NetworkExplorer("cnn320")


@pytest.mark.parametrize("wrong", [0, -3, 1_000_000, 2.5, "980", True])
def test_fc1_takes_a_whole_number_of_inputs(wrong):
    explorer = NetworkExplorer()
    with pytest.raises(
        traitlets.TraitError, match=r"cannot be: a layer takes a whole number of inputs, 1 to 999,999"
    ):
        explorer.fc1 = wrong
    assert explorer.fc1 is None
    explorer.fc1 = 300
    explorer.fc1 = None


@pytest.mark.parametrize("name", PRESETS)
def test_it_explains_a_wrong_fc1_as_explain_does(name):
    lab = models.build(name)
    lab.fc1 = nn.Linear(980, lab.fc1.out_features)
    assert str(NetworkExplorer(name).explain(980)) == str(explain(lab, (1, 28, 28)))


def test_the_browser_gets_its_answer_while_it_still_wonders():
    explorer = NetworkExplorer()
    seconds = []
    for turn in range(5):
        begun = time.perf_counter()
        explorer.set_state({"asked": {"key": f"question {turn}", "inputs": 300 + turn}})
        seconds.append(time.perf_counter() - begun)
        assert explorer.answer["key"] == f"question {turn}"
        assert f"nn.Linear({300 + turn}, 50) takes {300 + turn}." in explorer.answer["text"]
    assert min(seconds) < 0.3


@pytest.mark.parametrize(
    ("settings", "inputs"),
    [
        ({"blocks": [{"channels": 64, "kernel": 11, "padding": 5, "pooling": "none"}] * 2}, 300),
        ({"blocks": [{"channels": 10}]}, 500_000),
        ({"blocks": [{"kernel": 11, "stride": 4}, {}]}, 300),
    ],
)
def test_a_network_too_large_for_forty_trials_leaves_the_browser_its_own_words(settings, inputs):
    explorer = NetworkExplorer(settings=settings)
    explorer.set_state({"asked": {"key": "k", "inputs": inputs}})
    assert explorer.answer == {"key": "k", "text": ""}
    assert explorer.problem == ""


def test_a_question_that_makes_no_sense_is_told_in_the_widget():
    explorer = NetworkExplorer()
    explorer.set_state({"asked": {"key": "k", "inputs": "many"}})
    assert "fc1='many' cannot be" in explorer.problem


def test_a_question_leaves_random_numbers_and_settings_alone():
    explorer = NetworkExplorer("lenet_dropout")
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    explorer.explain(300)
    assert torch.equal(torch.rand(3), expected)
    assert explorer.settings == PRESETS["lenet_dropout"]


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (PRESETS["cnn_320"], "NetworkExplorer(cnn_320: 28×28 → 10)"),
        ({"blocks": [{"padding": 2}] * 2}, "NetworkExplorer(2 blocks, flatten 490: 28×28 → 10)"),
        ({"blocks": [{}], "hidden": 0}, "NetworkExplorer(1 block, flatten 1440: 28×28 → 10)"),
        ({"blocks": [{}] * 3}, "NetworkExplorer(3 blocks, flatten impossible: 28×28 → 10)"),
    ],
)
def test_its_repr_is_the_same_on_every_run(settings, text):
    assert repr(NetworkExplorer(settings=settings)) == text


def test_it_stands_on_a_page_of_its_own():
    made = page("", [part(NetworkExplorer())])
    assert len(made) < 100_000
    assert "import {" not in made
    assert '"blocks": [' in made


def test_settings_are_given_out_as_a_copy_so_that_a_change_inside_counts_when_it_is_set():
    explorer = NetworkExplorer()
    heard = []
    explorer.observe(heard.append, "settings")
    settings = explorer.settings
    settings["blocks"][0]["channels"] = 33
    assert explorer.parameters == 21_840
    explorer.settings = settings
    assert len(heard) == 1
    assert explorer.build().conv1.out_channels == 33


def test_a_pooling_that_is_no_text_is_refused_in_words():
    explorer = NetworkExplorer()
    settings = explorer.settings
    settings["blocks"][0]["pooling"] = ["max"]
    with pytest.raises(traitlets.TraitError, match="unknown pooling"):
        explorer.settings = settings


def test_a_number_of_numpy_is_a_whole_number_too():
    explorer = NetworkExplorer()
    assert explorer.explain(np.prod([20, 4, 4])).works
    explorer.fc1 = np.int64(321)
    assert (explorer.fc1, type(explorer.fc1)) == (321, int)
