"""The questions of lab 000: the loss, padding, pooling, speed, other settings, and 100 %."""

from __future__ import annotations

from cnnlab.checks.question import SETS, Question, judge_choices
from cnnlab.checks.runner import exercise

_FITS = ("right", "twice", "wrong")


def _fits(text: str, answer: str, **overlooked: str) -> Question:
    return Question(text, answer, overlooked, _FITS)


_WHICH_LOSS = (
    _fits(
        "logits → cross-entropy",
        "right",
        twice="nothing was done before",
        wrong="look up what cross-entropy takes",
    ),
    _fits(
        "log-softmax → nll_loss",
        "right",
        twice="nll_loss itself takes no logarithm",
        wrong="look up what nll_loss takes",
    ),
    _fits(
        "log-softmax → cross-entropy",
        "twice",
        right="count how often the log-softmax is taken",
        wrong="what is the log-softmax of log-probabilities?",
    ),
    _fits(
        "softmax → cross-entropy",
        "wrong",
        right="cross-entropy takes other numbers than probabilities",
        twice="it does change the numbers: the gradient fades",
    ),
    _fits(
        "softmax → nll_loss",
        "wrong",
        right="the loss of an untrained network is −0.1 there, and a loss of this kind is never below 0",
        twice="no step is done two times: one is missing",
    ),
    _fits(
        "logits → nll_loss",
        "wrong",
        right="the loss can fall without end: the network need only make all logits larger",
        twice="no step is done two times: one is missing",
    ),
)
_PADDING = (
    Question(
        "A 7 × 7 kernel, stride 1, on 28 × 28. Which padding gives 28 × 28 again?",
        "3",
        {
            "0": "then 6 columns are lost",
            "2": "then 2 columns are lost",
            "6": "it is added on each side, not on both together",
        },
        ("0", "2", "3", "6"),
    ),
    Question(
        "What does padding do for the pixels at the edge?",
        "they take part in more outputs",
        {
            "they are sharper": "padding adds zeros around the image: no pixel changes",
            "nothing": "count in how many places the kernel covers the corner pixel, with and without",
        },
        ("they are sharper", "they take part in more outputs", "nothing"),
    ),
    Question(
        "Both convolutions of a network get padding. How many more parameters do the convolutions have?",
        "none",
        {
            "one for each zero": "the zeros are not learnt",
            "twice as many": "the kernels stay as they are; only the first linear layer gets more inputs",
        },
        ("none", "one for each zero", "twice as many"),
    ),
)
_POOLING = (
    Question(
        "20 maps of 8 × 8 go through pooling with windows of 2 × 2. How many numbers are left?",
        "320",
        {
            "1,280": "those went in: each window keeps one number",
            "640": "a window is two wide and two high",
            "80": "the channels stay: each map is pooled for itself",
        },
        ("1,280", "640", "320", "80"),
    ),
    Question(
        "The first pooling of the 320 network is left out, so that conv2 gets 24 × 24. "
        "How many times as many multiplications does conv2 make?",
        "6.25",
        {
            "1": "its kernels are the same, but count the places in which they stand",
            "4": "count what comes out of conv2, and not what goes in: 5 × 5 kernels need room",
            "2": "a map has a width and a height",
        },
        ("1", "2", "4", "6.25"),
    ),
    Question(
        "A bright pixel moves by one, and stays within its window. What does max pooling give?",
        "the same",
        {
            "the same, moved by one": "there is one number for each window: where in it is not kept",
            "half of it": "max pooling mixes nothing",
        },
        ("the same", "the same, moved by one", "half of it"),
    ),
    Question(
        "How many parameters do two layers of pooling save within the two convolutions?",
        "none",
        {
            "three quarters": "a kernel has as many numbers, however large the map is",
            "all": "the convolutions are still there",
        },
        ("none", "three quarters", "all"),
    ),
)
_SLOWER = (
    Question(
        "How many times the multiply–adds of the MLP (784 → 128 → 40 → 10) does it make for one image?",
        "105",
        {
            "4": "that is the ratio of the parameters: each kernel is used at many places",
            "24": "that is multiply–adds for each of its own parameters: divide by those of the MLP",
            "1": "count conv2 alone, and compare",
        },
        ("1", "4", "24", "105"),
    ),
    Question(
        "Which of its layers makes most of them?",
        "conv2",
        {
            "conv1": "one channel goes into it, and 32 go into another one",
            "fc1": "it holds most of the parameters, and uses each of them once",
        },
        ("conv1", "conv2", "fc1"),
    ),
    Question(
        "fc1 holds 401,536 of the 454,922 parameters, 88 %. How much of the multiply–adds does it make?",
        "4 %",
        {
            "88 %": "that would be so if each parameter were used equally often",
            "50 %": "count both: 3,136 × 128, and all of them together",
        },
        ("4 %", "50 %", "88 %"),
    ),
    Question(
        "What saves the most multiply–adds?",
        "conv2 with 32 channels in place of 64",
        {
            "fc1 with 64 units in place of 128": "what is half of a small share?",
            "conv1 and conv2 without their biases": "a bias is added once, and nothing multiplied",
        },
        (
            "fc1 with 64 units in place of 128",
            "conv2 with 32 channels in place of 64",
            "conv1 and conv2 without their biases",
        ),
    ),
)
_ELSE = (
    Question(
        "Neurons: hidden = 200 in place of 50. How many parameters has the network, in place of 21,840?",
        "71,490",
        {
            "87,360": "that is four times everything: the convolutions stay as they are",
            "64,200": "that is fc1 alone",
            "21,990": "a unit is more than its bias: count its weights to both sides",
        },
        ("21,990", "64,200", "71,490", "87,360"),
    ),
    Question(
        "Optimiser: sgd in place of adam, the same seed. What differs before the first step?",
        "nothing",
        {
            "the weights": "the seed draws them, and the network is made before the optimiser",
            "the loss": "it is computed from weights and images: does either know the optimiser",
        },
        ("the weights", "the loss", "nothing"),
    ),
    Question(
        "Activation: tanh in place of relu. A unit gets −2. What does it hand on?",
        "−0.96",
        {
            "0": "that is relu",
            "−2": "then nothing would bend",
            "0.12": "that is the sigmoid of −2: tanh keeps the sign",
        },
        ("−2", "−0.96", "0", "0.12"),
    ),
    Question(
        "Pooling: avg in place of max. To which pixels of a window does the gradient go back?",
        "to all, a quarter each",
        {
            "to the largest": "that is so for max pooling: only that pixel made the number",
            "to none": "then no convolution before it could learn",
        },
        ("to the largest", "to all, a quarter each", "to none"),
    ),
    Question(
        "Kernel: 3 in place of 5 in both convolutions, no padding. How many numbers does fc1 take?",
        "500",
        {
            "320": "go through the sizes again: a smaller kernel costs fewer columns",
            "180": "that is 20 maps of 3 × 3: a smaller kernel leaves larger maps",
            "720": "round down at the second pooling: the map is 11 wide there",
        },
        ("180", "320", "500", "720"),
    ),
    Question(
        "Padding: 2 in place of 0. The network has 33,000 parameters more. Where?",
        "in fc1",
        {
            "in the convolutions": "their kernels are as large as before",
            "in the padding": "the zeros are not learnt",
        },
        ("in the convolutions", "in the padding", "in fc1"),
    ),
)
_HUNDRED = (
    Question(
        "Can one expect 100 % on MNIST's test set?",
        "no",
        {
            "yes": "look at the images that nobody can read",
            "with more epochs": "more epochs mend no wrong label",
        },
        ("yes", "no", "with more epochs"),
    ),
    Question(
        "15 of 10,000 labels are wrong. Which accuracy does a reader have who reads every digit correctly?",
        "99.85",
        {
            "100": "the score is counted against the labels, wrong ones as well",
            "99.15": "15 of 10,000 are not 0.85 %",
            "98.5": "15 of 10,000 are not 1.5 %",
        },
        ("98.5", "99.15", "99.85", "100"),
    ),
    Question(
        "A network has 100 % on the training images. What do you know of new ones?",
        "little",
        {
            "100 % as well": "it may have learnt them by heart",
            "it is worse than before": "that need not be: only the test images can tell",
        },
        ("100 % as well", "little", "it is worse than before"),
    ),
)
SETS.update(
    which_loss=_WHICH_LOSS,
    why_padding=_PADDING,
    what_pooling_does=_POOLING,
    why_slower=_SLOWER,
    what_else_changes=_ELSE,
    expect_100=_HUNDRED,
)


@exercise(
    "Lab 000: which loss fits which output?",
    5,
    "Between logits and loss belongs one log-softmax, and no other softmax.",
)
def which_loss(answers: object = ...) -> None:
    """Check the choices for `checks.questions("which_loss")`: each is "right", "twice" or "wrong"."""
    judge_choices(answers, _WHICH_LOSS)


@exercise(
    "Lab 000: what is padding for?",
    5,
    "The size stays, the edge counts, and nothing is to learn.",
)
def why_padding(answers: object = ...) -> None:
    """Check the choices for `checks.questions("why_padding")`."""
    judge_choices(answers, _PADDING)


@exercise(
    "Lab 000: what is pooling for?",
    5,
    "Fewer numbers, less work, some patience with the place, and nothing to learn.",
)
def what_pooling_does(answers: object = ...) -> None:
    """Check the choices for `checks.questions("what_pooling_does")`."""
    judge_choices(answers, _POOLING)


@exercise(
    "Lab 000: why is it slower than the MLP?",
    5,
    "The time goes where a weight is used often, and not where there are many weights.",
)
def why_slower(answers: object = ...) -> None:
    """Check the choices for `checks.questions("why_slower")`, on the network of lab 000."""
    judge_choices(answers, _SLOWER)


@exercise(
    "Lab 000: other neurons, optimisers, activations, pooling, kernels, padding",
    10,
    "One setting often changes more than one number: say which, when you report an effect.",
)
def what_else_changes(answers: object = ...) -> None:
    """Check the choices for `checks.questions("what_else_changes")`, on the 320 network."""
    judge_choices(answers, _ELSE)


@exercise(
    "Lab 000: can one expect 100 %?", 5, "Some labels are wrong, so a perfect score would be a bad sign."
)
def expect_100(answers: object = ...) -> None:
    """Check the choices for `checks.questions("expect_100")`."""
    judge_choices(answers, _HUNDRED)
