"""Wilson's interval, against figures worked out elsewhere."""

import pytest

from cnnlab.training import wilson_interval


@pytest.mark.parametrize(
    ("correct", "n", "low", "high"),
    [(0, 10, 0.0, 27.7533), (10, 10, 72.2467, 100.0), (81, 263, 25.5289, 36.6204), (5, 10, 23.6593, 76.3407)],
)
def test_known_intervals(correct, n, low, high):
    # 81 of 263: R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3
    assert wilson_interval(correct, n) == pytest.approx((low, high), abs=1e-3)


def test_the_interval_holds_its_accuracy_and_shrinks_with_n():
    widths = []
    for n in (100, 1_000, 10_000):
        low, high = wilson_interval(98 * n // 100, n)
        assert low < 98 < high
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize("n", [7, 10, 25, 36, 892, 10_000])
def test_all_right_reaches_100_percent_and_none_right_0(n):
    assert wilson_interval(n, n)[1] == 100
    assert wilson_interval(0, n)[0] == 0


@pytest.mark.parametrize(("correct", "n"), [(0, 0), (3, 2), (-1, 5)])
def test_impossible_counts_are_refused(correct, n):
    with pytest.raises(ValueError, match=f"{correct} right of {n}: there must be at least one"):
        wilson_interval(correct, n)
