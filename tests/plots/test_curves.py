import pytest

from cnnlab.plots import curves
from cnnlab.table import Table
from cnnlab.training import EpochRecord, History, StepRecord

VALIDATED = ((0.25, 93.0), (0.2, 94.0))


def history(validated=True, steps=10):
    return History(
        Table(
            StepRecord(n, 1 + (n - 1) // 5, 1 / n, 90 + n / 10, 0.01, n / 2, 50) for n in range(1, steps + 1)
        ),
        Table(
            EpochRecord(epoch, 0.3, 91.0, *(VALIDATED[epoch - 1] if validated else (None, None)), 0.01, 2.5)
            for epoch in (1, 2)
        ),
    )


def data(line):
    return list(line.get_xdata()), list(line.get_ydata())


def line(ax, label):
    (found,) = [one for one in ax.lines if one.get_label() == label]
    return found


def test_every_point_is_the_mean_of_so_many_steps():
    loss, accuracy = curves(history(), every=4)
    assert data(line(loss, "training"))[0] == [4, 8, 10]
    assert data(line(loss, "training"))[1][0] == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    assert data(line(accuracy, "training"))[1][0] == pytest.approx(90.25)


def test_validation_stands_at_the_ends_of_the_epochs():
    loss, accuracy = curves(history(), every=5)
    assert data(line(loss, "validation")) == ([5, 10], [0.25, 0.2])
    assert data(line(accuracy, "validation")) == ([5, 10], [93.0, 94.0])


def test_without_validation_there_is_no_such_line():
    loss, _ = curves(history(validated=False))
    assert "validation" not in [text.get_text() for text in loss.get_legend().texts]


def test_the_labs_reported_losses_stand_beside_ones_own():
    loss, accuracy = curves(history(), every=5, reference=[1.646, 0.503, 0.215])
    assert data(line(loss, "reported by the lab")) == ([5, 10, 15], [1.646, 0.503, 0.215])
    assert "reported by the lab" not in [one.get_label() for one in accuracy.lines]


def test_about_40_points_are_drawn_if_nobody_says_how_many():
    loss, _ = curves(history(steps=400))
    assert len(data(line(loss, "training"))[0]) == 40


def test_axes_are_labelled():
    loss, accuracy = curves(history())
    assert loss.get_ylabel() == "loss (cross-entropy)"
    assert accuracy.get_ylabel() == "accuracy (%)"
    assert loss.get_xlabel().startswith("step")


def test_a_reference_without_every_is_refused():
    with pytest.raises(ValueError, match="reference= needs every="):
        curves(history(), reference=[1.0])


def test_points_of_no_step_are_refused():
    with pytest.raises(ValueError, match=r"every\(0\): give a whole number of steps"):
        curves(history(), every=0)


def test_an_empty_history_is_refused():
    with pytest.raises(ValueError, match="history has no step"):
        curves(History(Table([]), Table([])))


def test_epochs_are_marked_only_where_they_leave_room_for_the_curve():
    marked, _ = curves(history(validated=False, steps=60))
    crowded, _ = curves(history(validated=False, steps=65))
    assert "dotted" in marked.get_xlabel()
    assert "dotted" not in crowded.get_xlabel()
    assert len(marked.lines) == 1 + 12
    assert len(crowded.lines) == 1


def test_what_is_no_history_is_refused():
    with pytest.raises(TypeError, match="history is a NoneType: give what fit returned"):
        curves(None)
