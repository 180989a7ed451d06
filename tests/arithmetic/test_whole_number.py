import numpy as np
import pytest

from cnnlab.arithmetic import whole


def test_whole_returns_a_plain_int_for_every_kind_of_integer():
    assert [type(whole("k", v)) for v in (5, np.int64(5), np.uint8(5))] == [int] * 3


@pytest.mark.parametrize("value", [13.5, 24.0, float("nan"), np.float32(3.0)])
def test_whole_says_that_division_makes_floats(value):
    with pytest.raises(TypeError, match=r"w_in=.* is not a whole number|w_in=.* is a float32"):
        whole("w_in", value)


def test_whole_tells_a_student_who_divided_to_floor():
    with pytest.raises(
        TypeError,
        match=r"w_in=13\.5 is not a whole number.*A result of / is a float; use // or w_out, which floors",
    ):
        whole("w_in", 27 / 2)


@pytest.mark.parametrize(
    ("value", "kind"), [(True, "bool"), ("5", "str"), (None, "NoneType"), ((5, 5), "tuple")]
)
def test_whole_refuses_what_is_not_a_number(value, kind):
    with pytest.raises(TypeError, match=rf"k=.* is a {kind}, not a whole number: write it like k=1\."):
        whole("k", value, at_least=1)


def test_whole_names_the_smallest_value_that_makes_sense():
    with pytest.raises(ValueError, match=r"s=0 is too small: use s >= 1\."):
        whole("s", 0, at_least=1)
