import itertools

import pytest
import torch
from torch import nn

from cnnlab.widgets import SizeTable
from cnnlab.widgets.size_table import Block, size_rows


def shown(table):
    return table.children[1].value


def test_it_begins_as_the_320_network():
    table = SizeTable()
    assert table.flatten == 320
    assert table.parameters == 21_840
    assert "(28 + 2·0 − 5) // 1 + 1 = 24" in shown(table)
    assert "20 · 4 · 4 = 320" in shown(table)
    assert "21,840 parameters in all" in shown(table)


def test_moving_a_slider_changes_the_table():
    table = SizeTable()
    table.block1["padding"].slider.value = 2
    table.block2["padding"].slider.value = 2
    assert table.flatten == 980
    assert "(28 + 2·2 − 5) // 1 + 1 = 28" in shown(table)
    assert "Linear(980, 50)" in shown(table)


def test_a_kernel_that_is_too_wide_is_explained_and_not_forbidden():
    table = SizeTable()
    table.block2["kernel"].value = 15
    assert (table.flatten, table.parameters) == (None, None)
    assert "k=15 is wider than the padded input (12 px): use k &lt;= 12" in shown(table)
    table.block2["kernel"].value = 3
    assert table.flatten == 500


def test_pooling_wider_than_its_map_is_explained():
    table = SizeTable()
    table.block2["kernel"].value = 12
    assert "pooling 2 is wider than its map (1 px): use pooling 1 or less" in shown(table)


def test_columns_that_nothing_reads_are_named():
    table = SizeTable()
    assert "never read" not in shown(table)
    table.block1["stride"].value = 2
    assert "the last column and row are never read" in shown(table)
    table.block1["pooling"].value = 5
    assert "the last 2 columns and rows are never read" in shown(table)


def test_every_size_agrees_with_torch():
    for k, p, s, pooling in itertools.product((1, 4, 5), (0, 2), (1, 3), (1, 2)):
        rows, flat = size_rows((Block(k, p, s, pooling), Block(k, p, s, pooling)))
        steps = []
        for channels in ((1, 10), (10, 20)):
            steps += [nn.Conv2d(*channels, k, s, p), *([nn.MaxPool2d(pooling)] if pooling > 1 else [])]
        net = nn.Sequential(*steps, nn.Flatten())
        try:
            width = net(torch.zeros(1, 1, 28, 28)).shape[1]
        except RuntimeError:
            width = None
        assert flat == width
        if width is not None:
            full = nn.Sequential(*steps, nn.Linear(width, 50), nn.Linear(50, 10))
            assert sum(row.parameters for row in rows) == sum(w.numel() for w in full.parameters())


def test_another_image_may_be_wider():
    assert SizeTable(width=32).flatten == 500


@pytest.mark.parametrize(
    ("kernel", "text"),
    [
        (5, "SizeTable(k=5 p=0 s=1 pool=2; k=5 p=0 s=1 pool=2; flatten 320)"),
        (15, "SizeTable(k=5 p=0 s=1 pool=2; k=15 p=0 s=1 pool=2; flatten impossible)"),
    ],
)
def test_its_repr_is_the_same_on_every_run(kernel, text):
    table = SizeTable()
    table.block2["kernel"].value = kernel
    assert repr(table) == text
