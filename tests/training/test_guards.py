"""Every way in which training goes wrong is said in words, with numbers and a remedy, at its step."""

import math
import re
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from cnnlab.errors import TrainingError
from cnnlab.training import StepRecord, evaluate, fit, guards
from tests.training.small import SmallSplit, net, pairs, weights


def train(model, data, **settings):
    return fit(model, data, **{"epochs": 1, "batch_size": 16, "progress": False, "device": "cpu", **settings})


def relabelled(label: int, at: int = 20) -> SmallSplit:
    split = SmallSplit()
    split.labels[at] = label
    return split


class Fails(nn.Module):
    """Ends the forward pass as it is told."""

    def __init__(self, end) -> None:
        super().__init__()
        self.inner, self.end = net(), end

    def forward(self, x):
        return self.end(self.inner(x))


# ---- the loss ----


def test_a_loss_that_is_not_finite_names_the_step_the_learning_rate_and_a_smaller_one():
    with pytest.raises(
        TrainingError, match=r"^epoch \d, step \d+: the loss is (nan|inf).*lr=1e\+30.*try lr=0\.01;"
    ):
        train(net(), SmallSplit(), optimizer="sgd", lr=1e30, epochs=5)


def test_a_loss_that_is_not_finite_before_the_first_step_is_not_blamed_on_the_learning_rate():
    model = net()
    with torch.no_grad():
        model[4].bias[0] = math.nan
    with pytest.raises(
        TrainingError, match=r"the loss is nan, because 4\.bias is not finite: build the model"
    ):
        train(model, SmallSplit())
    with pytest.raises(TrainingError, match=r"the loss is nan, before any step was made: look for log\(0\)"):
        train(Fails(lambda logits: logits * math.nan), SmallSplit())


def test_on_the_cpu_a_bad_loss_is_found_before_it_spoils_the_weights():
    model = Fails(lambda logits: logits * math.nan)
    before = weights(model)
    with pytest.raises(TrainingError, match="epoch 1, step 1: the loss is nan"):
        train(model, SmallSplit())
    assert torch.equal(weights(model), before)


def test_pixels_that_are_not_finite_are_named_as_the_reason():
    split = SmallSplit()
    split.images[30, 0, 2, 2] = math.nan
    split.images[31, 0, 2, 2] = math.inf
    with pytest.raises(
        TrainingError, match=r"step 2: the loss is nan, because 2 of the 576 input pixels are not"
    ):
        train(net(), pairs(split))


def test_weights_that_were_spoilt_by_the_steps_are_named():
    model = net()
    with torch.no_grad():
        model[4].bias[0] = math.nan
    with pytest.raises(TrainingError, match=r"weights are not finite either \(4.bias first\). With lr=0.5"):
        guards.check_loss(math.nan, 0.5, "epoch 1, step 2", model)


def test_a_loss_without_a_gradient_is_refused():
    with pytest.raises(
        TrainingError, match=r"does not depend on any trainable parameter: look for detach\(\)"
    ):
        train(Fails(lambda logits: logits.detach()), SmallSplit())


# ---- labels and logits ----


def test_a_label_beyond_the_logits_names_both():
    data = pairs(relabelled(7))  # without class names
    with pytest.raises(
        TrainingError, match=r"epoch 1, step 2: a label is 7, but the model gives 4 logits.*0 to 3"
    ):
        train(net(), data)


def test_a_negative_label_is_refused_also_the_one_that_cross_entropy_ignores():
    for label in (-1, -100):
        with pytest.raises(
            TrainingError, match=rf"a label is {label}; labels count from 0, so with 4 logits"
        ):
            train(net(), pairs(relabelled(label)))


def test_labels_of_a_split_are_all_looked_at_in_the_first_step():
    with pytest.raises(TrainingError, match="epoch 1, step 1: a label is 9"):
        train(net(), relabelled(9, at=47))


@pytest.mark.parametrize("outputs", [3, 5])
def test_a_model_with_another_number_of_outputs_than_classes_is_refused(outputs):
    message = f"the model gives {outputs} logits per image and the data have 4 classes: labels 0 to 3 need 4"
    with pytest.raises(TrainingError, match=message):
        train(net(outputs), SmallSplit())
    with pytest.raises(TrainingError, match=message):
        evaluate(net(outputs), SmallSplit(), device="cpu")


def test_nine_outputs_for_ten_digits_are_refused_with_the_layer_to_write():
    data = [(torch.randn(10, 1, 6, 6), torch.arange(10))]
    with pytest.raises(
        TrainingError, match=r"a label is 9, but the model gives 9 logits.*nn.Linear\(\.\.\., 10\)"
    ):
        train(net(9), data)


def test_view_that_moves_numbers_between_images_is_recognised():
    class Padded(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.fc = nn.Conv2d(1, 3, 3, padding=1), nn.Linear(48, 4)

        def forward(self, x):  # 3 x 6 x 6 = 108 features an image, cut into rows of 48
            return self.fc(self.conv(x).view(-1, 48))

    message = (
        r"16 images went in and 36 rows came out.*view\(-1, features\).*cnnlab.explain\(model, \(1, 6, 6\)\)"
    )
    with pytest.raises(TrainingError, match=message):
        train(Padded(), SmallSplit())


@pytest.mark.parametrize(
    ("end", "found", "remedy"),
    [
        (lambda x: torch.complex(x, x), "complex64", r"\.real or \.abs\(\)"),
        (lambda x: x.round().long(), "int64", "no round, comparison or one_hot"),
    ],
)
def test_logits_of_another_kind_of_number_are_refused(end, found, remedy):
    for run in (lambda model: train(model, SmallSplit()), lambda model: evaluate(model, SmallSplit())):
        with pytest.raises(
            TrainingError, match=rf"returned {found} numbers, and logits are float32.*{remedy}"
        ):
            run(Fails(end))


def test_logits_that_are_not_one_row_per_image_are_refused():
    with pytest.raises(
        TrainingError, match=r"returned shape \(16, 3, 4, 4\) for 16 images; \(16, classes\) is needed"
    ):
        train(net()[:1], SmallSplit())


@pytest.mark.parametrize("end", [lambda x: x.argmax(1), lambda x: x.mean(1), lambda x: x.sum()])
def test_one_number_for_each_image_is_refused_without_talk_of_feature_maps(end):
    with pytest.raises(
        TrainingError, match=r"one logit for each class: leave out argmax, mean, sum or squeeze"
    ):
        train(Fails(end), SmallSplit())


def test_a_model_without_its_init_is_refused_with_the_line_to_write():
    class Forgets(nn.Module):
        def __init__(self):
            self.k = 3

    for use in (train, evaluate):
        with pytest.raises(TypeError, match=r"Forgets is not a network yet: write super\(\).__init__\(\) as"):
            use(Forgets(), SmallSplit())


def test_a_model_that_returns_a_pair_is_refused():
    with pytest.raises(
        TrainingError, match=r"the model returned a tuple: forward\(\) must return one tensor"
    ):
        train(Fails(lambda logits: (logits, logits)), SmallSplit())


def test_layers_that_do_not_fit_keep_pytorchs_words_and_name_the_explainer():
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Flatten(), nn.Linear(47, 4))
    message = (
        r"(?s)epoch 1, step 1: the model failed on images of shape \(16, 1, 6, 6\): .*mat1 and mat2.*explain"
    )
    with pytest.raises(TrainingError, match=message) as caught:
        train(model, SmallSplit())
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_a_last_batch_of_one_image_under_batch_norm_is_explained():
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(36), nn.Linear(36, 4))
    with pytest.raises(
        TrainingError, match=r"step 4: the batch has one image, and batch norm needs two.*drop_last"
    ):
        train(model, SmallSplit(49))


def test_too_little_memory_stays_that_error_and_suggests_a_smaller_batch():
    def fail(logits):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    with pytest.raises(torch.OutOfMemoryError, match="A smaller batch_size than 16 needs less memory"):
        train(Fails(fail), SmallSplit())


# ---- images ----


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64])
def test_images_of_whole_numbers_are_refused_with_how_to_make_floats(dtype):
    data = [(images.to(dtype), labels) for images, labels in pairs(SmallSplit())]
    name = str(dtype).removeprefix("torch.")
    with pytest.raises(TrainingError, match=rf"the images are {name}, and convolutions need float32.*/ 255"):
        train(net(), data)
    with pytest.raises(TrainingError, match="evaluation, batch 1: the images are"):
        evaluate(net(), data, device="cpu")


@pytest.mark.parametrize(
    "labels", [torch.rand(4), torch.zeros(4, 10, dtype=torch.int64), torch.zeros(4).int()]
)
def test_labels_of_the_wrong_type_or_shape_are_refused(labels):
    with pytest.raises(TrainingError, match=r"one whole number per image is needed: labels.long\(\)"):
        train(net(), [(torch.rand(4, 1, 6, 6), labels)])


def test_labels_that_are_not_numbers_are_not_to_be_made_whole():
    labels = torch.tensor([0.0, 1.0, float("nan"), 2.0])
    with pytest.raises(TrainingError, match=r"1 of 4 labels are not finite \(NaN\).*: look where they come"):
        train(net(), [(torch.rand(4, 1, 6, 6), labels)])


def test_more_images_than_labels_are_refused():
    with pytest.raises(TrainingError, match="4 images come with 3 labels"):
        train(net(), [(torch.rand(4, 1, 6, 6), torch.zeros(3, dtype=torch.int64))])


@pytest.mark.parametrize(
    ("batch", "found"),
    [
        ((torch.rand(4, 1, 6, 6),), "Tensor"),
        ((torch.rand(4, 1, 6, 6), torch.zeros(4), torch.zeros(4)), "Tensor and Tensor and Tensor"),
        ({"image": torch.rand(4, 1, 6, 6), "label": torch.zeros(4)}, "dict"),
    ],
)
def test_a_batch_that_is_no_pair_is_refused(batch, found):
    with pytest.raises(
        TrainingError, match=rf"step 1: a batch must be two tensors, .* this one is {found}\."
    ):
        train(net(), [batch])
    with pytest.raises(TrainingError, match=f"evaluation, batch 1: a batch must be two .* is {found}"):
        evaluate(net(), [batch])


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (nn.Linear, r"model is the class Linear: write Linear\(\), which makes a network"),
        ("cnn_320", r"model is a str: give a network, such as models.build\('cnn_320'\)"),
    ],
)
def test_what_is_no_network_is_refused_with_what_would_be(model, message):
    with pytest.raises(TypeError, match=message):
        train(model, SmallSplit())
    with pytest.raises(TypeError, match=message):
        evaluate(model, SmallSplit())


def test_a_batch_of_arrays_is_refused():
    with pytest.raises(TrainingError, match=r"\(images, labels\), and this one is ndarray and Tensor"):
        train(net(), [(np.zeros((4, 1, 6, 6)), torch.zeros(4, dtype=torch.int64))])


def test_an_empty_batch_and_empty_data_are_refused():
    with pytest.raises(TrainingError, match="the batch is empty"):
        train(net(), [(torch.rand(0, 1, 6, 6), torch.zeros(0, dtype=torch.int64))])
    with pytest.raises(TrainingError, match="train is empty: it needs at least one"):
        train(net(), SmallSplit(0))
    with pytest.raises(TrainingError, match="validation is empty"):
        train(net(), SmallSplit(), validation=SmallSplit(0))


# ---- numbers ----


@pytest.mark.parametrize(("name", "value"), [("epochs", 0), ("epochs", -3), ("batch_size", 0)])
def test_counts_below_one_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name}={value} is too small: it must be at least 1"):
        train(net(), SmallSplit(), **{name: value})


@pytest.mark.parametrize(("name", "value"), [("epochs", 2.0), ("batch_size", "64"), ("epochs", True)])
def test_counts_that_are_no_whole_numbers_are_refused(name, value):
    with pytest.raises(
        TypeError, match=re.escape(f"{name}={value!r} is a {type(value).__name__}: give a whole")
    ):
        train(net(), SmallSplit(), **{name: value})


def test_numpy_integers_are_counts_too():
    guards.check_count("epochs", np.int64(3))


# ---- networks that do not learn ----


def test_softmax_before_the_loss_is_noticed_in_the_first_step():
    with pytest.warns(
        UserWarning, match=r"epoch 1, step 1: each row .* sums to 1, so it seems to end in a softmax"
    ):
        train(Fails(lambda logits: logits.softmax(dim=1)), SmallSplit())


@pytest.mark.parametrize("end", [lambda z: z, lambda z: z.log_softmax(dim=1), lambda z: z.sigmoid()])
def test_logits_and_log_probabilities_are_no_softmax(end):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(Fails(end), SmallSplit())


def dead() -> nn.Module:
    """Biased so far below zero that its ReLU never opens, and nothing but the last bias can learn."""
    model = net()
    with torch.no_grad():
        model[0].bias.fill_(-1e3)
    return model


def test_a_dead_network_is_noticed_once_after_300_steps():
    with pytest.warns(
        UserWarning, match=r"epoch 100, step 300: over the last 300 steps.*chance is 25.0 %"
    ) as caught:
        train(dead(), SmallSplit(), epochs=250, optimizer="sgd", lr=0.01)
    assert len(caught) == 1
    assert "ln(4) = 1.386" in str(caught[0].message)


def test_a_dead_network_is_noticed_at_the_end_of_a_shorter_run():
    with pytest.warns(UserWarning, match="epoch 40, step 120: over the last 120 steps"):
        train(dead(), SmallSplit(), epochs=40, optimizer="sgd", lr=0.01)


def test_a_network_that_learns_and_a_run_of_a_few_steps_give_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(net(), SmallSplit(), epochs=110, lr=0.01)
        train(dead(), SmallSplit(), epochs=2)


@pytest.mark.parametrize(
    ("accuracy", "loss", "guessing"),
    [(10.0, 2.303, True), (11.24, 2.301, True), (10.0, 2.36, True), (35.0, 2.2, False), (10.0, 6.0, False)],
)
def test_guessing_is_accuracy_at_chance_and_loss_at_ln_classes(accuracy, loss, guessing):
    steps = [StepRecord(i, 1, loss, accuracy, 0.1, 0.0, 64) for i in range(1, 301)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert guards.warn_if_at_chance(steps, classes=10) is guessing


def test_a_loss_far_above_guessing_is_noticed_after_the_first_epoch_and_once():
    thrown_off = Fails(lambda logits: logits * 0 + torch.tensor([1000.0, 0, 0, 0]))
    with pytest.warns(
        UserWarning,
        match=r"mean loss is 7\d\d\.\d, far above the ln\(4\) = 1.386.*lr=1 in place of 10, or less",
    ) as caught:
        train(thrown_off, SmallSplit(320), epochs=2, optimizer="sgd", lr=10)
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("accuracy", "loss", "steps", "far_off"),
    [
        (10.0, 7.0, 23, True),
        (9.8, 3e22, 300, True),
        (10.0, 6.0, 23, False),
        (60.0, 50.0, 23, False),  # it learns, whatever the loss
        (10.0, 7.0, 5, False),  # the first few steps may be bad
    ],
)
def test_far_off_is_accuracy_at_chance_and_a_loss_above_three_times_ln_classes(
    accuracy, loss, steps, far_off
):
    records = [StepRecord(i, 1, loss, accuracy, 10.0, 0.0, 64) for i in range(1, steps + 1)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert guards.warn_if_far_off(records, classes=10) is far_off


@pytest.mark.parametrize(
    ("change", "theirs"), [(torch.nn.Module.half, "float16"), (torch.nn.Module.double, "float64")]
)
def test_weights_of_another_number_format_are_named_with_both(change, theirs):
    with pytest.raises(
        TrainingError, match=rf"images are float32 .* weights are {theirs} .*use model.float\(\)"
    ):
        train(change(net()), SmallSplit())


# ---- the device meta ----


def test_a_batch_on_the_device_meta_is_refused_because_it_holds_no_numbers():
    images, labels = pairs(SmallSplit())[0]
    for batch in [(images.to("meta"), labels), (images, labels.to("meta"))]:
        with pytest.raises(
            TrainingError, match=r"^epoch 1, step 1: the .* on the device meta, .* no numbers"
        ):
            train(net(), [batch])


def test_a_model_on_the_device_meta_is_refused_because_it_holds_no_numbers():
    for run in (train, evaluate):
        with pytest.raises(ValueError, match=r"the model is on the device meta, .* build it anew"):
            run(net().to("meta"), SmallSplit())


# ---- parameters without a gradient ----


class Cut(nn.Module):
    """A convolution, and a head that gets its numbers by `how`."""

    def __init__(self, how) -> None:
        super().__init__()
        self.conv, self.head, self.how = nn.Conv2d(1, 3, 3), nn.Linear(3 * 4 * 4, 4), how

    def forward(self, x):
        return self.head(self.how(self.conv(x)).flatten(1))


@pytest.mark.parametrize("how", [lambda x: x.data, lambda x: x.detach(), lambda x: torch.tensor(x.tolist())])
def test_parameters_that_get_no_gradient_give_a_warning(how):
    with pytest.warns(
        UserWarning,
        match=r"^epoch 1, step 1: conv\.weight and conv\.bias got no gradient, so they cannot learn: "
        r"look for \.data, \.detach\(\), .* or for a layer that forward\(\) does not use\.",
    ):
        train(Cut(how), SmallSplit())


def test_a_layer_that_is_frozen_on_purpose_gives_no_warning(recwarn):
    model = Cut(lambda x: x)
    model.conv.requires_grad_(False)
    train(model, SmallSplit())
    assert not recwarn
