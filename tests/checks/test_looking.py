"""Answers to the wrongly classified samples and to the output of a layer."""

from __future__ import annotations

import itertools

import numpy as np
import torch
from torchvision.models.feature_extraction import create_feature_extractor

from cnnlab import checks
from tests.checks.cases import Cases


def predicted(model, images):
    with torch.no_grad():
        return model(images).argmax(dim=1)


def one_by_one(model, images, labels):
    found = []
    for i in range(len(images)):
        if model(images[i : i + 1]).argmax().item() != labels[i].item():
            found.append(i)
    return found


def in_batches(model, images, labels, size=64):
    found = []
    for start in range(0, len(images), size):
        wrong = predicted(model, images[start : start + size]) != labels[start : start + size]
        found.append(wrong.nonzero() + start)
    return torch.cat(found)


def places_within_each_batch(model, images, labels):
    parts = zip(images.split(64), labels.split(64))
    return torch.cat([(predicted(model, x) != y).nonzero() for x, y in parts])


def in_training_mode(model, images, labels):
    return one_by_one(model.train(), images, labels)


def without_weights(model, images, labels):
    found = one_by_one(model, images, labels)
    model[1].weight.data.zero_()
    return found


def with_a_hook(model, images, name):
    kept = {}
    handle = model.get_submodule(name).register_forward_hook(lambda m, x, out: kept.update(out=out))
    model(images)
    handle.remove()
    return kept["out"]


def taken_out_too_early(model, images, name):
    kept = []
    handle = model.get_submodule(name).register_forward_hook(lambda m, x, out: kept.append(out))
    handle.remove()
    model(images)
    return kept[0]


def never_run(model, images, name):
    kept = []
    with model.get_submodule(name).register_forward_hook(lambda m, x, out: kept.append(out)):
        return kept.pop()


def never_run_in_a_dictionary(model, images, name):
    kept = {}
    model.get_submodule(name).register_forward_hook(lambda m, x, out: kept.update(out=out))
    return kept["out"]


def layer_after_layer(model, images, name):
    for key, layer in model.named_children():
        images = layer(images)
        if key == name:
            return images.detach().numpy()
    return None


def hook_that_stays(model, images, name):
    kept = []
    model.get_submodule(name).register_forward_hook(lambda m, x, out: kept.append(out))
    model(images)
    return kept[-1]


def with_its_forward(put_back):
    def layer_output(model, images, name):
        layer, kept = model.get_submodule(name), []
        usual = layer.forward

        def new(x):
            kept.append(usual(x))
            return kept[-1]

        layer.forward = new
        model(images)
        if put_back:
            layer.forward = usual
        return kept[-1]

    return layer_output


class Keeps(torch.nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        self.kept = self.layer(x)
        return self.kept


def wrapped(model, images, name):
    keeps = Keeps(model.get_submodule(name))
    setattr(model, name, keeps)
    model(images)
    return keeps.kept


def what_goes_in(model, images, name):
    kept = []
    with model.get_submodule(name).register_forward_hook(lambda m, x, out: kept.append(x[0])):
        model(images)
    return kept[0]


CASES = {
    "wrong_indices": Cases(
        right=[
            one_by_one,
            in_batches,
            lambda m, x, y: (m(x).argmax(1) != y).nonzero().flatten(),
            lambda m, x, y: np.flatnonzero(predicted(m, x).numpy() != y.numpy()),
            lambda m, x, y: {i for i in one_by_one(m, x, y)},
            lambda m, x, y: torch.where(m(x).argmax(1) != y),
            lambda m, x, y: (i for i in one_by_one(m, x, y)),
            lambda m, x, y: iter((m(x).argmax(1) != y).nonzero()),
            lambda m, x, y: filter(lambda i: predicted(m, x)[i] != y[i], range(len(x))),
            lambda m, x, y: {i: int(y[i]) for i in one_by_one(m, x, y)}.keys(),
        ],
        wrong=[
            (lambda m, x, y: (i for i in in_batches(m, x[:64], y[:64])), "of the first 64 images only"),
            (lambda m, x, y: (i for i in ()), "returns no place at all"),
            (lambda m, x, y: itertools.count(), "places, and not the right ones"),
            (lambda m, x, y: filter(lambda i: predicted(m, x)[i] == y[i], range(len(x))), "right ones"),
            (lambda m, x, y: (predicted(m, x) == y).nonzero(), "right ones"),
            (lambda m, x, y: predicted(m, x) != y, "a True or False for each image"),
            (lambda m, x, y: (predicted(m, x) != y).sum(), "returns one number"),
            (lambda m, x, y: y[predicted(m, x) != y], "digits: not what was read"),
            (lambda m, x, y: in_batches(m, x[:64], y[:64]), "of the first 64 images only"),
            (lambda m, x, y: x[predicted(m, x) != y], "returns images"),
            (lambda m, x, y: [], "returns no place at all"),
            (places_within_each_batch, "places that start anew after 64 images: count on"),
            (
                lambda m, x, y: [(i, int(y[i])) for i in one_by_one(m, x, y)],
                "returns pairs: the places alone",
            ),
            (in_training_mode, "and is left in training mode"),
            (without_weights, "the network's weights are others now"),
            (lambda m, x, y: (m(x).argmax(0) != y).nonzero(), "RuntimeError"),
        ],
        secret=["!= labels", "nonzero()"],
    ),
    "layer_output": Cases(
        right=[
            with_a_hook,
            with_its_forward(put_back=True),
            lambda m, x, name: create_feature_extractor(m, [name])(x)[name],
        ],
        wrong=[
            (lambda m, x, name: m(x), "For conv2 you return the output of the whole network"),
            (lambda m, x, name: m.get_submodule(name), "the layer itself"),
            (lambda m, x, name: m.get_submodule(name).weight, "its weights"),
            (what_goes_in, "what goes into it"),
            (
                taken_out_too_early,
                "Nothing is in kept at that moment: what should have put something in? A hook",
            ),
            (layer_after_layer, "forward() does more between them, here ReLU and pooling"),
            (
                lambda m, x, name: m[: [key for key, _ in m.named_children()].index(name) + 1](x),
                "not subscriptable",
            ),
            (never_run, "A hook keeps something only if the network runs while it hangs there"),
            (never_run_in_a_dictionary, "Nothing is in kept at that moment"),
            (hook_that_stays, "your hook stays in the network"),
            (with_its_forward(put_back=False), "the network is left changed"),
            (wrapped, "the network is left changed"),
            (lambda m, x, name: m.get_submodule(name)(x), "conv2 was given the images themselves"),
            (lambda m, x, name: m.missing(x), "There is no missing on that object"),
        ],
        secret=["register_forward_hook"],
    ),
}


def test_indices_and_outputs_may_be_found_in_any_way() -> None:
    assert checks.wrong_indices(in_batches)
    assert checks.layer_output(with_a_hook)
