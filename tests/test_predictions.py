from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from cnnlab import calibration, predict, predictions
from cnnlab.predictions import Prediction, path

LAYERS = ["conv1", "conv2", "fc1"]


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CNNLAB_PREDICTIONS", str(tmp_path / "mine.json"))
    monkeypatch.setattr(predictions, "_unwritten", {})
    return tmp_path / "mine.json"


def said(prediction: Prediction) -> str:
    """What a prediction says, without the line breaks of the page."""
    return repr(prediction).replace("\n", " ")


def kept(file: Path) -> list[dict[str, object]]:
    return list(json.loads(file.read_text(encoding="utf-8")))


def test_a_blank_says_what_is_missing_and_keeps_nothing(file: Path) -> None:
    assert "one of: conv1, conv2, fc1" in repr(predict("Which?", LAYERS))
    assert "such as guess=(90, 95)" in repr(predict("How many?", guess=(..., ...), sure=50))
    assert repr(predict("Which?", LAYERS, guess="fc1")) == (
        "Not yet: put how sure you are in place of the dots. It is a number from 0 to 100, in percent."
    )
    assert predict("Which?", LAYERS).outcome("fc1") == "You kept no guess for this one."
    assert not file.exists()


def test_a_guess_is_kept_with_its_outcome_in_a_readable_file(file: Path) -> None:
    prediction = predict("Which?", LAYERS, guess="conv2", sure=70)
    assert said(prediction) == "Kept: “conv2”, 70 % sure."
    assert prediction.outcome("fc1") == "You said “conv2”, 70 % sure. It was “fc1”: not so."
    (entry,) = kept(file)
    assert (entry["question"], entry["guess"], entry["sure"]) == ("Which?", "conv2", 70)
    assert (entry["outcome"], entry["right"]) == ("fc1", False)
    assert "“" not in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("measured", "verdict"), [(90, "right"), (95.0, "right"), (89.99, "not so"), (95.01, "not so")]
)
def test_a_number_is_right_inside_the_range_ends_included(measured: float, verdict: str) -> None:
    said = predict("Accuracy?", guess=(90, 95), sure=80).outcome(measured)
    assert said.startswith("You said 90 to 95, 80 % sure. It was ")
    assert said.endswith(f": {verdict}.")


@pytest.mark.parametrize(
    ("guess", "measured", "says"),
    [
        ((784, 784), 784, "You said 784, 50 % sure. It was 784: right."),
        ((400_000, 1_250_000), 454_922, "You said 400,000 to 1,250,000, 50 % sure. It was 454,922: right."),
        ((0.25, 1.5), 2.30258, "You said 0.25 to 1.5, 50 % sure. It was 2.303: not so."),
        ((0, 0), 0.0, "You said 0, 50 % sure. It was 0: right."),
        ((82, 82), 82.03, "You said 82, 50 % sure. It was 82.03: right."),
        ((82, 82), 82.6, "You said 82, 50 % sure. It was 82.6: not so."),
        ((2.3, 2.3), 2.30258, "You said 2.3, 50 % sure. It was 2.303: right."),
        ((784, 784), 785, "You said 784, 50 % sure. It was 785: not so."),
        ((0, 0), 0.4, "You said 0, 50 % sure. It was 0.4: not so."),
        ((1, 1), 0.6, "You said 1, 50 % sure. It was 0.6: not so."),
        ((1e-12, 1e-12), 0.3, "You said 1e-12, 50 % sure. It was 0.3: not so."),
    ],
)
def test_whole_numbers_are_written_out(guess: tuple[float, float], measured: float, says: str) -> None:
    assert predict("How many?", guess=guess, sure=50).outcome(measured) == says


def test_one_may_change_ones_mind_until_the_outcome_is_known(file: Path) -> None:
    predict("Which?", LAYERS, guess="conv1", sure=40)
    prediction = predict("Which?", LAYERS, guess="conv2", sure=60)
    assert [entry["guess"] for entry in kept(file)] == ["conv2"]
    prediction.outcome("fc1")
    late = predict("Which?", LAYERS, guess="fc1", sure=100)
    assert repr(late) == "You know the outcome already; your guess stays “conv2”."
    assert late.outcome("fc1").endswith("not so.")
    assert [entry["guess"] for entry in kept(file)] == ["conv2"]


def test_a_second_run_with_another_number_changes_no_verdict(file: Path) -> None:
    prediction = predict("Accuracy?", guess=(90, 95), sure=80)
    prediction.outcome(94.9)
    prediction.outcome(95.2)
    assert kept(file)[0]["outcome"] == 94.9


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"guess": "conv3", "sure": 50}, "guess='conv3' is none of the choices: did you mean"),
        ({"guess": 2, "sure": 50}, "none of the choices"),
        ({"guess": "fc1", "sure": 101}, "sure=101: how sure you are is a number from 0 to 100"),
        ({"guess": "fc1", "sure": 0.6}, "sure=0.6 means 0.6 %: write sure=60 for 60 %"),
        ({"guess": "fc1", "sure": np.float64(0.95)}, "sure=0.95 means 0.95 %: write sure=95 for 95 %"),
        ({"guess": "fc1", "sure": "very"}, "sure='very'"),
        ({"guess": "fc1", "sure": float("nan")}, "sure=nan"),
        ({"guess": "fc1", "sure": True}, "sure=True"),
    ],
)
def test_a_guess_that_is_none_is_refused_in_words(
    arguments: dict[str, object], says: str, file: Path
) -> None:
    with pytest.raises(ValueError, match=says):
        predict("Which?", LAYERS, **arguments)  # type: ignore[arg-type]
    assert not file.exists()


@pytest.mark.parametrize(("guess", "as_kept"), [("Two", "two"), (" two ", "two"), (3, "3"), ("3", "3")])
def test_capitals_and_a_number_without_quotes_name_a_choice(guess: object, as_kept: str, file: Path) -> None:
    predict("How many?", ["two", "3", "more"], guess=guess, sure=50)
    assert kept(file)[0]["guess"] == as_kept


@pytest.mark.parametrize("guess", [95, (90,), (1, 2, 3), ("low", "high"), (0, float("inf")), (95, 90)])
def test_a_range_that_is_none_is_refused_in_words(guess: object) -> None:
    with pytest.raises(ValueError, match=r"no range|runs backwards"):
        predict("Accuracy?", guess=guess, sure=50)


@pytest.mark.parametrize("sure", [0, 0.0, 1, 1.5, 100])
def test_one_may_be_sure_of_nothing_or_of_at_least_one_percent(sure: float, file: Path) -> None:
    predict("Which?", LAYERS, guess="fc1", sure=sure)
    assert kept(file)[0]["sure"] == sure


def test_an_outcome_of_another_kind_is_a_mistake_of_the_author() -> None:
    with pytest.raises(ValueError, match=r"outcome=3\.0 is none of the choices"):
        predict("Which?", LAYERS, guess="fc1", sure=50).outcome(3.0)
    with pytest.raises(ValueError, match="of another kind"):
        predict("How many?", guess=(1, 2), sure=50).outcome("two")


def test_a_question_without_a_text_is_refused_before_anything_is_written(file: Path) -> None:
    for question in (3, None, "", " "):
        with pytest.raises(ValueError, match="is no text"):
            predict(question, LAYERS, guess="fc1", sure=50)  # type: ignore[arg-type]
    assert not file.exists()


def test_choices_may_be_numbers(file: Path) -> None:
    assert "right" in predict("Which kernel?", [3, 5, 7], guess=5, sure=60).outcome(5)  # type: ignore[list-item]


def test_an_outcome_is_one_of_the_choices_in_any_capitals(file: Path) -> None:
    prediction = predict("Which?", ["ReLU", "tanh"], guess="relu", sure=90)
    with pytest.raises(ValueError, match="outcome='sigmoid' is none of the choices"):
        prediction.outcome("sigmoid")
    assert "It was “ReLU”: right" in prediction.outcome("relu")


def test_an_outcome_that_is_no_number_leaves_the_guess_open(file: Path) -> None:
    prediction = predict("Loss?", guess=(0, 3), sure=90)
    assert (
        prediction.outcome(float("nan")) == "You said 0 to 3. It was nan, no result: your guess stays open."
    )
    assert kept(file)[0]["right"] is None
    for none in (None, [1.5]):
        with pytest.raises(ValueError, match="of another kind than a number"):
            prediction.outcome(none)  # type: ignore[arg-type]
    assert "right" in prediction.outcome(2.0)


@pytest.mark.skipif(os.name != "posix", reason="names that are not UTF-8 are a matter of Linux")
def test_a_folder_whose_name_is_not_utf_8_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/\xdcbung")
    try:
        os.mkdir(folder)
    except OSError:
        pytest.skip("this disk takes names in UTF-8 only")
    monkeypatch.setenv("CNNLAB_PREDICTIONS", os.path.join(folder, "p.json"))
    assert said(predict("Which?", LAYERS, guess="fc1", sure=50)).startswith("Kept")


def test_numpys_numbers_are_numbers(file: Path) -> None:
    predict("How many?", guess=(np.int64(3), np.float32(4)), sure=np.int64(80))
    assert (kept(file)[0]["guess"], kept(file)[0]["sure"]) == ([3, 4], 80)
    with pytest.raises(ValueError, match="is no range"):
        predict("How many?", guess=(10**400, 10**401), sure=80)
    with pytest.raises(ValueError, match="is none of the choices"):
        predict("Which?", LAYERS, guess=np.array(["fc1"]), sure=80)


def test_a_damaged_file_is_left_as_it_is_and_named(file: Path) -> None:
    file.write_text('[\n{"question": ', encoding="utf-8")
    told = said(predict("Which?", LAYERS, guess="fc1", sure=50))
    assert f"{file} is damaged, line 2" in told
    assert file.read_text(encoding="utf-8") == '[\n{"question": '
    file.write_text('[{"name": 3}]', encoding="utf-8")
    assert "damaged, its entries" in said(predict("Which?", LAYERS, guess="fc1", sure=50))
    assert "damaged" in str(calibration())


def test_where_nothing_can_be_written_the_guess_still_counts_in_the_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CNNLAB_PREDICTIONS", str(tmp_path / "missing" / "mine.json"))
    prediction = predict("Which?", LAYERS, guess="fc1", sure=50)
    assert said(prediction).startswith("For now: “fc1”, 50 % sure. (It is not kept: ")
    assert "CNNLAB_PREDICTIONS" in said(prediction)
    assert "It was “fc1”: right." in prediction.outcome("fc1")


def test_a_file_that_is_read_only_stays_as_it_is(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    predict("Which?", LAYERS, guess="conv1", sure=40)
    before = file.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(os, "access", lambda name, mode: False)  # root may write everywhere
        prediction = predict("Which?", LAYERS, guess="fc1", sure=50)
        assert "cannot be written, Permission denied" in said(prediction)
    assert file.read_bytes() == before


def test_a_guess_that_could_not_be_kept_is_kept_with_its_outcome_once_that_is_possible(file: Path) -> None:
    prediction = predict("Which?", LAYERS, guess="fc1", sure=50)
    file.unlink()
    predict("Another?", LAYERS, guess="conv1", sure=50)
    prediction.outcome("fc1")
    assert [(entry["question"], entry["right"]) for entry in kept(file)] == [
        ("Another?", None),
        ("Which?", True),
    ]


def test_a_file_that_was_edited_by_hand_is_read_as_well(file: Path) -> None:
    file.write_text(
        '[{"question": "Accuracy?", "guess": [90, 95], "sure": 80, "kept_on": "2026-11-22", '
        '"outcome": 91, "right": true}]'
    )
    prediction = predict("Accuracy?", guess=(0, 100), sure=100)
    assert prediction.outcome(99) == "You said 90 to 95, 80 % sure. It was 91: right."


@pytest.mark.parametrize(
    "spoilt",
    [
        {"sure": "80"},
        {"sure": None},
        {"sure": 250},
        {"guess": 93},
        {"guess": [1]},
        {"outcome": [3]},
        {"right": "yes"},
        {"question": 3},
        {"mood": "good"},
    ],
    ids=str,
)
def test_an_entry_that_was_spoilt_by_hand_is_told_and_left(file: Path, spoilt: dict[str, object]) -> None:
    entry = {"question": "Accuracy?", "guess": [90, 95], "sure": 80, "kept_on": "2026-11-22"}
    text = json.dumps([{**entry, **spoilt}])
    file.write_text(text)
    prediction = predict("Accuracy?", guess=(0, 100), sure=100)
    assert "is damaged, its entries: " in said(prediction)
    assert "You said 0 to 100, 100 % sure. It was 99: right." in prediction.outcome(99)
    assert "is damaged" in str(calibration())
    assert file.read_text() == text


def test_brackets_without_an_end_are_told(file: Path) -> None:
    file.write_text("[" * 100_000)
    assert "is damaged" in said(predict("Which?", LAYERS, guess="fc1", sure=50))


def test_two_notebooks_at_once_lose_nothing(file: Path) -> None:
    code = (
        "import sys\nfrom cnnlab import predict\n"
        "for n in range(40): predict(f'{sys.argv[1]} {n}?', guess=(0, n), sure=50).outcome(1)"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, name]) for name in "ab"]
    assert [one.wait(timeout=120) for one in both] == [0, 0]
    assert len(kept(file)) == 80
    assert sum(entry["right"] is not None for entry in kept(file)) == 80
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def test_where_no_lock_can_be_had_it_goes_on(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_folder = file.with_name("a file")
    no_folder.touch()
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(no_folder))
    assert said(predict("Which?", LAYERS, guess="fc1", sure=50)) == "Kept: “fc1”, 50 % sure."


def test_without_the_variable_the_file_stands_beside_the_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CNNLAB_PREDICTIONS")
    assert os.fspath(path()) == "predictions.json"


def test_calibration_sets_being_right_beside_being_sure() -> None:
    assert str(calibration()) == "(no rows)\nNo prediction has an outcome yet."
    for number, (sure, right) in enumerate([(95, True), (90, False), (92, False), (55, True), (100, False)]):
        predict(f"q{number}", LAYERS, guess="fc1", sure=sure).outcome("fc1" if right else "conv1")
    predict("open", LAYERS, guess="fc1", sure=10)
    table = calibration()
    assert [(row.sure, row.n, row.right) for row in table] == [("50 to 59", 1, 1), ("90 to 100", 4, 1)]
    assert table.footer == (
        "You were 86 % sure on average, and right in 2 of 5. You are surer than you are right: take wider "
        "ranges, and lower chances.",
    )


@pytest.mark.parametrize(
    ("sure", "right", "says"),
    [(80, 8, "well calibrated"), (30, 9, "You know more than you trust yourself to"), (99, 2, "surer than")],
)
def test_ten_predictions_get_a_verdict(sure: int, right: int, says: str) -> None:
    for number in range(10):
        predict(f"q{number}", LAYERS, guess="fc1", sure=sure).outcome("fc1" if number < right else "conv1")
    assert says in str(calibration())


def test_a_few_predictions_say_little() -> None:
    predict("q", LAYERS, guess="fc1", sure=100).outcome("conv1")
    assert "right in 0 of 1. So few say little yet." in str(calibration())


def test_what_could_not_be_written_counts_until_the_kernel_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CNNLAB_PREDICTIONS", str(tmp_path / "missing" / "mine.json"))
    for question, guess in (("One?", "fc1"), ("Two?", "conv1")):
        predict(question, LAYERS, guess=guess, sure=80).outcome("fc1")
    told = str(calibration())
    assert "right in 1 of 2" in told
    assert "2 of these are in no file, and known until the kernel ends" in told
    monkeypatch.setenv("CNNLAB_PREDICTIONS", str(tmp_path / "mine.json"))
    predict("One?", LAYERS, guess="fc1", sure=80).outcome("fc1")  # now it can be written
    assert "1 of these is in no file" in str(calibration())


def test_a_file_that_an_editor_marked_as_utf_8_is_read(file: Path) -> None:
    predict("Which?", LAYERS, guess="fc1", sure=50)
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert predict("Which?", LAYERS, guess="fc1", sure=50).outcome("fc1")
    assert "right in 1 of 1" in str(calibration())


def test_a_part_that_no_entry_has_is_named(file: Path) -> None:
    predict("Which?", LAYERS, guess="fc1", sure=50)
    file.write_text(
        file.read_text(encoding="utf-8").replace('"sure"', '"note": "x", "sure"'), encoding="utf-8"
    )
    assert "'note' is no part of an entry" in said(predict("Which?", LAYERS, guess="fc1", sure=50))


def test_a_home_folder_may_be_written_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("CNNLAB_PREDICTIONS", "~/mine.json")
    assert path() == tmp_path / "mine.json"


def test_a_link_to_itself_is_told(file: Path) -> None:
    file.symlink_to(file)
    assert "cannot be read" in said(predict("Which?", LAYERS, guess="fc1", sure=50))
