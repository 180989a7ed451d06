import matplotlib.pyplot as plt
import pytest

from cnnlab.data import ImageData
from cnnlab.plots import class_counts


def test_one_split_shows_its_counts(split):
    ax = class_counts(split.take(25))
    assert [bar.get_height() for bar in ax.patches] == [3] * 5 + [2] * 5
    assert [text.get_text() for text in ax.texts] == ["3"] * 5 + ["2"] * 5
    assert ax.get_title().startswith("25 images")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("class", "images")


def test_several_splits_show_shares_that_can_be_compared(split):
    ax = class_counts({"training": split, "test": split.take(10)})
    assert [bar.get_height() for bar in ax.patches] == pytest.approx([10.0] * 20)
    assert ax.get_ylabel() == "share of the split (%)"
    assert [text.get_text() for text in ax.get_legend().texts] == ["training, 40 images", "test, 10 images"]


@pytest.mark.parametrize("number", [0, 7])
def test_splits_that_cannot_be_told_apart_are_refused(split, number):
    with pytest.raises(ValueError, match=f"{number} splits: give 1 to 6"):
        class_counts({f"split {n}": split for n in range(number)})


def test_class_counts_draws_on_the_users_axes(split):
    _, ax = plt.subplots()
    assert class_counts(split, ax=ax) is ax


def test_a_data_set_in_place_of_its_splits_is_refused(split):
    data = ImageData("mine", split, split, split.classes, split.mean, split.std, "made for a test")
    for wrong in (data, {"mine": data}):
        with pytest.raises(
            TypeError, match=r"splits are of type ImageData: give a Split, such as data\.train"
        ):
            class_counts(wrong)


def test_the_axis_of_a_single_image_has_whole_numbers_each_once(split):
    ax = class_counts(split.take(1))
    ax.figure.canvas.draw()
    ticks = [label.get_text() for label in ax.get_yticklabels()]
    assert ax.get_title().startswith("1 image;")
    assert len(set(ticks)) == len(ticks)
    assert all(float(tick).is_integer() for tick in ax.get_yticks())
