import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnnlab import models
from cnnlab.inspection import explain
from cnnlab.inspection.notes import notes_on
from cnnlab.inspection.tracing import trace
from tests.inspection import student_models
from tests.inspection.broken_models import Between


def head(*layers):
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 20), nn.ReLU(), nn.Linear(20, 10), *layers)


def note(model, *images):
    found = explain(model, *images)
    assert found.works
    assert len(found.notes) == 1, found.notes
    return found.notes[0]


def test_a_good_network_has_no_notes():
    assert explain(head()).notes == ()
    assert explain(models.build("cnn_320")).notes == ()


def test_two_linear_layers_in_a_row_are_one():
    assert note(models.build("lenet_dropout")) == (
        "There is no activation between fc1 and fc2: together they are one linear layer from 256 to 10. "
        "Put a ReLU between them."
    )
    assert note(nn.Sequential(nn.Flatten(), nn.Linear(784, 9), nn.Dropout(), nn.Linear(9, 10))).startswith(
        "There is no activation between layer 1 and layer 3: together they are one linear layer from 784"
    )


def test_a_convolution_that_runs_into_a_linear_layer_is_one_linear_map():
    model = nn.Sequential(nn.Conv2d(1, 4, 5), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(576, 10))
    assert "between layer 0 and layer 3: together they are one linear map." in note(model)


def test_max_pooling_counts_as_an_activation_because_it_is_not_linear():
    model = nn.Sequential(nn.Conv2d(1, 4, 5), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(576, 10))
    assert explain(model).notes == ()


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (
            nn.Softmax(dim=1),
            "It ends in layer 4 (Softmax), but nn.CrossEntropyLoss wants the logits: "
            "leave it out, and use softmax only to read probabilities.",
        ),
        (
            nn.LogSoftmax(dim=1),
            "It ends in layer 4 (LogSoftmax): the loss for it is nn.NLLLoss; "
            "nn.CrossEntropyLoss does both at once.",
        ),
        (
            nn.ReLU(),
            "It ends in layer 4 (ReLU), which cuts or bends the logits: let the linear layer be the end.",
        ),
        (
            nn.Dropout(),
            "It ends in layer 4 (Dropout), which drops logits in training: "
            "put it before the last linear layer.",
        ),
    ],
)
def test_an_end_that_does_not_go_with_the_loss_is_noted(layer, text):
    assert note(head(layer)) == text


def test_a_functional_end_is_noted_too():
    assert note(student_models.Lab002()).startswith("It ends in log_softmax: the loss for it is nn.NLLLoss")


def test_another_number_of_outputs_is_only_noted():
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 9))
    assert note(model) == "It gives 9 numbers for each image, but 10 classes need 10."
    images = torch.zeros(2, 1, 28, 28)
    assert notes_on(model, images, trace(model, images), classes=9) == ()


def test_a_network_without_an_end_is_only_noted():
    assert note(nn.Sequential(nn.Conv2d(1, 10, 5))) == (
        "It gives (10, 24, 24) for each image, but 10 classes need one row of 10."
    )


def test_a_batch_size_in_forward_is_noted_when_the_given_batch_happens_to_fit():
    told = note(Between(lambda x: x.view(64, -1)), torch.zeros(64, 1, 28, 28))
    assert told.startswith("It works with a batch of 64, but not with 65")
    assert told.endswith("a batch size is written into forward(). Use x.size(0) or torch.flatten(x, 1).")


def test_a_squeeze_that_swallows_a_batch_of_one_is_noted():
    told = note(Between(lambda x: x.mean((2, 3)).squeeze(), 10))
    assert told.startswith("It works with a batch of 2, but not with 1")
    assert "squeeze() removes the batch too" in told


def test_dropout_that_never_stops_is_noted():
    assert note(Between(lambda x: F.dropout(x.flatten(1)))).startswith("F.dropout drops numbers in tests too")


def test_a_layer_that_is_not_registered_is_noted():
    assert any("does not know the nn.Conv2d" in text for text in explain(student_models.SkipsHooks()).notes)


def test_lazy_layers_are_noted_and_stay_lazy():
    model = nn.Sequential(nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(10))
    assert note(model) == (
        "layer 0 and layer 2 take their sizes from the first batch: "
        "run model(images) once before you make the optimiser."
    )
    assert isinstance(model[0], nn.LazyBatchNorm2d)
    assert isinstance(model[2], nn.LazyLinear)


def test_several_outputs_are_noted():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(784, 10)

        def forward(self, x):
            x = self.fc(x.flatten(1))
            return x, x.argmax(1)

    assert "forward() returns 2 things: the loss needs the logits alone." in explain(Two()).notes


def test_weights_that_are_not_finite_are_noted():
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    with torch.no_grad():
        model[1].bias[3] = torch.nan
    assert note(model).startswith("1.bias holds numbers that are not finite (NaN or infinite)")
    assert explain(nn.Sequential(nn.Flatten(), nn.Linear(784, 10)).to("meta")).notes == ()


@pytest.mark.parametrize("end", [nn.LogSoftmax(0), nn.Softmax(dim=-2), lambda x: F.log_softmax(x, dim=0)])
def test_a_softmax_over_the_batch_is_noted(end):
    class Ends(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.end = nn.Linear(784, 10), end

        def forward(self, x):
            return self.end(self.fc(x.flatten(1)))

    assert any("compares the images of a batch with each other" in text for text in explain(Ends()).notes)


def test_a_softmax_over_the_classes_is_not():
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.LogSoftmax(dim=1))
    assert len(explain(model).notes) == 1


def test_layers_that_are_not_registered_are_noted_beside_another_mistake():
    class PlainList(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = [nn.Conv2d(1, 8, 3), nn.Flatten()]
            self.fc = nn.Linear(100, 10)

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return self.fc(x)

    found = explain(PlainList())
    assert (found.works, found.layer) == (False, "fc")
    assert any("does not know the nn.Conv2d" in text for text in found.notes)


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        (
            (nn.Softmax(1), nn.LogSoftmax(1)),
            "Softmax twice: layer 4 (Softmax) and layer 5 (LogSoftmax) take it one after the other, which "
            "makes all classes nearly equal. Leave both out and return the logits, for nn.CrossEntropyLoss; "
            "or leave out layer 4 alone, for nn.NLLLoss.",
        ),
        (
            (nn.Softmax(1), nn.Softmax(1)),
            "Softmax twice: layer 4 (Softmax) and layer 5 (Softmax) take it one after the other, which makes "
            "all classes nearly equal. Leave both out and return the logits, for nn.CrossEntropyLoss.",
        ),
    ],
)
def test_a_double_softmax_is_noted_with_both_layers(layers, told):
    assert note(head(*layers)) == told


def test_a_double_softmax_of_functions_is_noted_also_behind_a_dropout():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.soft = nn.Linear(784, 10), nn.Softmax(dim=1)

        def forward(self, x):
            return F.log_softmax(F.dropout(self.soft(self.fc(x.flatten(1))), training=self.training), dim=1)

    told = note(Twice())
    assert told.startswith("Softmax twice: soft (Softmax) and log_softmax take it one after the other")
    assert told.endswith("or leave out soft alone, for nn.NLLLoss.")


def test_a_softmax_in_the_middle_of_a_network_is_not_a_double_one():
    class Attends(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1, self.fc2 = nn.Linear(784, 10), nn.Linear(10, 10)

        def forward(self, x):
            return F.log_softmax(self.fc2(F.softmax(self.fc1(x.flatten(1)), dim=1)), dim=1)

    assert not [text for text in explain(Attends()).notes if "twice" in text]


@pytest.mark.parametrize(("value", "numbers"), [(float("nan"), 784), (float("inf"), 1)])
def test_images_that_are_not_finite_are_told_first(value, numbers):
    images = torch.zeros(2, 1, 28, 28)
    images.view(-1)[:numbers] = value
    found = explain(nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), images)
    assert found.works
    assert found.notes[0] == (
        f"{numbers} of the 1,568 numbers in the images are not finite (NaN or infinite) and spoil what is "
        "computed from them: look for a division by zero where they are normalised (std = 0?)."
    )


class Cut(nn.Module):
    def __init__(self, how=lambda x: x, end=lambda x: x):
        super().__init__()
        self.conv, self.fc, self.how, self.end = nn.Conv2d(1, 2, 5), nn.Linear(1152, 10), how, end

    def forward(self, x):
        return self.end(self.fc(torch.relu(self.how(self.conv(x))).flatten(1)))


LOOK = "in training, forward() does not use {}, or only before .data, .detach(), .numpy() or torch.no_grad()."


@pytest.mark.parametrize("how", [lambda x: x.data, lambda x: x.detach(), lambda x: torch.tensor(x.tolist())])
def test_a_layer_that_gets_no_gradient_is_named(how):
    assert note(Cut(how)) == f"conv gets no gradient, so it does not learn: {LOOK.format('it')}"


def test_a_forward_without_gradients_is_named():
    for cut in (lambda x: x.detach(), lambda x: x.data):
        assert (
            note(Cut(end=cut)) == f"conv and fc get no gradient, so they do not learn: {LOOK.format('them')}"
        )

    class NoGrad(Cut):
        @torch.no_grad()
        def forward(self, x):
            return super().forward(x)

    assert note(NoGrad()).startswith("conv and fc get no gradient")


def test_numpy_in_forward_is_named():
    assert note(Cut(lambda x: torch.from_numpy(x.numpy()))) == (
        "It cannot be trained: Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() "
        "instead. That would cut the gradient: compute with torch in forward()."
    )


def test_a_layer_that_forward_does_not_use_is_named():
    model = Cut()
    model.spare = nn.Linear(3, 3)
    assert note(model) == f"spare gets no gradient, so it does not learn: {LOOK.format('it')}"


def test_of_a_layer_that_learns_in_part_the_part_that_does_not_is_named():
    class OnlyWeight(Cut):
        def forward(self, x):
            return torch.relu(self.conv(x)).flatten(1) @ self.fc.weight.t()

    assert note(OnlyWeight()) == f"fc.bias gets no gradient, so it does not learn: {LOOK.format('it')}"


class ByName(Cut):
    """Gives more than logits while it trains, as networks with an auxiliary head do."""

    def __init__(self, pack):
        super().__init__()
        self.pack, self.aux = pack, nn.Linear(1152, 10)

    def forward(self, x):
        features = torch.relu(self.conv(x)).flatten(1)
        logits = self.fc(features)
        return self.pack(logits, self.aux(features)) if self.training else logits


@pytest.mark.parametrize("pack", [lambda y, a: {"logits": y, "aux": a}, lambda y, a: (y, {"a": [a]})])
def test_a_network_that_returns_a_dict_in_training_gets_no_note(pack):
    assert explain(ByName(pack)).notes == ()


def test_a_layer_that_is_frozen_on_purpose_needs_no_note():
    model = Cut()
    model.conv.requires_grad_(False)
    assert explain(model).notes == ()
    assert explain(model.requires_grad_(False)).notes == ()


def test_looking_for_gradients_leaves_none_behind():
    model = nn.Sequential(nn.Conv2d(1, 2, 5), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(1152, 10))
    with torch.inference_mode():
        assert explain(model).notes == ()
    assert all(p.grad is None for p in model.parameters())
    assert model[1].num_batches_tracked == 0


@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 10)),
        nn.Sequential(
            nn.Conv2d(1, 8, 3),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.BatchNorm2d(8),
            nn.Flatten(),
            nn.Linear(8, 10),
        ),
    ],
)
def test_batch_norm_of_one_image_is_told_to_need_two(model):
    said = note(model, torch.zeros(1, 1, 28, 28))
    assert "In training mode layer" in said
    assert "Give two images, or call model.eval() first." in said
    assert not any("In training mode" in text for text in explain(model, torch.zeros(2, 1, 28, 28)).notes)
    assert explain(model.eval(), torch.zeros(1, 1, 28, 28)).notes == ()
