from __future__ import annotations

import pytest

from cnnlab.errors import CheckpointError, DataError, TrainingError, did_you_mean


def test_an_unknown_name_gets_the_nearest_and_all_names() -> None:
    assert did_you_mean("adamm", ["adam", "sgd"]) == "did you mean 'adam'? There are: adam, sgd."


def test_the_case_of_a_name_does_not_matter() -> None:
    assert did_you_mean("SGD", ["adam", "sgd"]).startswith("did you mean 'sgd'?")


def test_a_name_like_none_of_them_gets_all_names() -> None:
    assert did_you_mean("xyz", ["adam", "sgd"]) == "there are: adam, sgd."


def test_a_name_that_is_only_a_little_like_one_of_them_is_not_taken_for_it() -> None:
    assert did_you_mean("linear", ["constant", "cosine"]) == "there are: constant, cosine."


@pytest.mark.parametrize(("value", "kind"), [(3, "int"), (None, "NoneType"), (["adam"], "list")])
def test_what_is_not_even_text_gets_its_type_and_all_names(value: object, kind: str) -> None:
    said = did_you_mean(value, iter(["adam", "none"]))
    assert said == f"a name is text, and this is of type {kind}. There are: adam, none."


@pytest.mark.parametrize("error", [DataError, CheckpointError, TrainingError])
def test_an_error_of_ours_is_caught_by_its_name_alone(error: type[Exception]) -> None:
    with pytest.raises(error, match="the file is cut off"):
        raise error("the file is cut off")
    assert not issubclass(error, (ValueError, TypeError, OSError))


def test_the_beginning_of_a_name_is_enough() -> None:
    assert did_you_mean("lenet", ["mlp", "lenet_dropout"]).startswith("did you mean 'lenet_dropout'?")
    assert did_you_mean("l", ["mlp", "lenet_dropout"]) == "there are: mlp, lenet_dropout."


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("fp32", "float32"),
        ("FP32", "float32"),
        ("bf16", "bfloat16"),
        ("fp16", "bfloat16"),
        ("half", "bfloat16"),
    ],
)
def test_another_word_for_the_same_thing_is_understood(name: str, meant: str) -> None:
    assert did_you_mean(name, ["float32", "bfloat16"]).startswith(f"did you mean {meant!r}?")
    assert did_you_mean("fp32", ["adam"]) == "there are: adam."


def test_another_device_is_not_taken_for_the_cpu() -> None:
    assert did_you_mean("tpu", ["auto", "cpu"]) == "there are: auto, cpu."
