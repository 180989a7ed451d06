"""Answers to rows, steady answers, each digit's accuracy and a number as text."""

from __future__ import annotations

import math

import torch

from cnnlab import checks
from tests.checks.cases import Cases


def steady(model, images):
    before = model.training
    model.eval()
    with torch.no_grad():
        digits = model(images).argmax(dim=1)
    model.train(before)
    return digits


def with_numpy(model, images):
    was = model.training
    found = model.eval()(images).detach().numpy().argmax(1).tolist()
    model.train(was)
    return found


def always_back_to_training(model, images):
    found = model.eval()(images).argmax(1)
    model.train()
    return found


def counted(model, batches):
    hits, images = torch.zeros(10), torch.zeros(10)
    for x, y in batches:
        hits += torch.bincount(y[model(x).argmax(dim=1) == y], minlength=10)
        images += torch.bincount(y, minlength=10)
    return 100 * hits / images


def in_lists(model, batches):
    pairs = [(d, r) for x, y in batches for d, r in zip(y.tolist(), model(x).argmax(1).tolist())]
    return [100 * sum(d == r == k for d, r in pairs) / sum(d == k for d, _ in pairs) for k in range(10)]


def by_answer(model, batches):
    x, y = (torch.cat(parts) for parts in zip(*batches))
    read = model(x).argmax(1)
    return [100 * (y[read == d] == d).float().mean() for d in range(10)]


def of_a_tenth(model, batches):
    x, y = (torch.cat(parts) for parts in zip(*batches))
    read = model(x).argmax(1)
    return [1000 * ((read == d) & (y == d)).sum() / len(y) for d in range(10)]


CASES = {
    "rows": Cases(
        right=[
            lambda x: x.view(len(x), -1),
            lambda x: torch.flatten(x, 1),
            lambda x: torch.stack([image.reshape(-1) for image in x]),
        ],
        wrong=[
            (lambda x: x.view(-1, 320), "16 images go in and 49 rows of 320 come out"),
            (lambda x: x.view(-1, 980), "a size is written into it"),
            (lambda x: x.view(len(x), x.shape[1] * x.shape[2] ** 2), "a row of yours would hold 48 numbers"),
            (
                lambda x: x.reshape(-1, x.shape[1] * x.shape[2] ** 2),
                "works for square maps, and not for 3 × 4",
            ),
            (lambda x: x.view(len(x), x.shape[1] * x.shape[3] ** 2), "Which size do you take twice?"),
            (lambda x: x.view(-1, x.shape[1] * x.shape[3] ** 2), "a row of yours would hold 12 numbers"),
            (lambda x: x.flatten(), "one long row"),
            (lambda x: x.shape, "Your function returns a shape, (16, 20, 7, 7): the numbers themselves"),
            (lambda x: x.mean(dim=(1, 2, 3)), "16 numbers come out, and 15,680 go in"),
            (lambda x: x.mean(), "1 number comes out, and 15,680 go in"),
            (lambda x: x.reshape(1, -1), "16 images go in and 1 row of 15680 comes out"),
            (lambda x: x.flatten(2), "Something of 3 dimensions comes out"),
            (lambda x: x.reshape(-1, len(x)).T, "do not hold the numbers of their images"),
            (lambda x: x.mean(dim=(2, 3)), "do not hold the numbers of their images"),
        ],
        secret=["len(maps)", "flatten"],
    ),
    "steady_answers": Cases(
        right=[steady, with_numpy],
        wrong=[
            (lambda m, x: m(x).argmax(1), "Two calls give two answers"),
            (lambda m, x: m.eval()(x).argmax(1), "is left in eval mode"),
            (always_back_to_training, "is left in training mode"),
            (lambda m, x: m.eval()(x), "Ten numbers come out for each image"),
            (lambda m, x: m.eval()(x).argmax(0), "numbers of shape (10,) come out"),
            (lambda m, x: m.eval()(x).argmin(1), "not the digits with the largest logits"),
        ],
        secret=["model.eval()", "model.train("],
    ),
    "per_digit": Cases(
        right=[
            counted,
            in_lists,
            lambda m, b: (share for share in in_lists(m, b)),
            lambda m, b: dict(enumerate(in_lists(m, b))).values(),
        ],
        wrong=[
            (lambda m, b: counted(m, [(x[:10], y[:10]) for x, y in b]), "only the first ten images"),
            (lambda m, b: [int(v) for v in counted(m, b)], "the decimals are cut off"),
            (lambda m, b: counted(m, b) / 100, "those are shares"),
            (lambda m, b: counted(m, b[:-1]), "the last, smaller batch is missing"),
            (by_answer, "You sort by what the network answers"),
            (of_a_tenth, "the digits are not equally frequent"),
            (lambda m, b: torch.stack([counted(m, [one]) for one in b]).mean(dim=0), "You averaged"),
            (lambda m, b: counted(m, b)[:9], "per_digit gives 9 numbers: 10 are asked for"),
            (lambda m, b: [f"{v:.2f} %" for v in counted(m, b)], "the first of its 10 parts is a text"),
            (lambda m, b: [round(v.item(), 1) for v in counted(m, b)], "Decimals are lost"),
        ],
        secret=["bincount"],
    ),
    "percent_text": Cases(
        right=[
            lambda right, n: f"{100 * right / n:.2f} %",
            lambda right, n: "%.2f%%" % (100 * right / n),
            lambda right, n: f"{right / n:.2%}",
        ],
        wrong=[
            (lambda right, n: "%d %%" % (100 * right / n), "the decimals are cut off"),  # noqa: UP031
            (lambda right, n: f"{100 * right / n:.0f} %", "with 0 decimals: two are asked for"),
            (lambda right, n: f"{right / n:.2f} %", "that is a share"),
            (lambda right, n: f"{100 * right / n:.2f}", "the sign % is missing"),
            (lambda right, n: f"{100 * right / n:.2f} percent", "the sign % is missing"),
            (lambda right, n: f"{100 * right / n:.2f} per cent", "the sign % is missing"),
            (lambda right, n: f"{int(10_000 * right / n) / 100:.2f} %", "it is cut, not rounded"),
            (
                lambda right, n: f"{math.ceil(10_000 * right / n) / 100:.2f} %",
                "1 of 3 gives “33.34 %”: another number with two decimals is nearer",
            ),
            (
                lambda right, n: f"{100 * right / n + 0.004:.2f} %",
                "another number with two decimals is nearer",
            ),
            (lambda right, n: f"{100 * right / n} %", "decimals: two are asked for"),
            (lambda right, n: round(100 * right / n, 2), "a text is asked for"),
            (lambda right, n: f"{round(100 * right / n, 2)} %", "with 1 decimal: two are asked for"),
            (lambda right, n: f"{100 - 100 * right / n:.2f} %", "that is another number"),
        ],
        secret=["98.97", "66.67", "33.33", ".2f"],
    ),
}


def test_a_network_in_eval_mode_may_be_tested_twice() -> None:
    assert checks.steady_answers(steady)
    assert checks.per_digit(in_lists)
    assert checks.rows(lambda maps: maps.flatten(1))
    assert checks.percent_text(lambda right, n: f"{100 * right / n:.2f} %")
