"""Questions with a choice: which model, which loss, why padding, expect 100 %, what has been shown."""

from __future__ import annotations

from cnnlab.checks.question import Question, judge
from cnnlab.checks.racing import HONEST_RACE
from cnnlab.checks.runner import exercise

_MODELS = ("cnn", "mlp", "logistic regression")
_FITS = ("right", "twice", "wrong")


def _model(text: str, right: str, **overlooked: str) -> Question:
    return Question(text, right, {key.replace("_", " "): says for key, says in overlooked.items()}, _MODELS)


def _fits(text: str, answer: str, **overlooked: str) -> Question:
    return Question(text, answer, overlooked, _FITS)


_WHICH_MODEL = (
    _model(
        "Photos of leaves, 30,000 of them; the leaf lies anywhere in the picture.",
        "cnn",
        mlp="it learns each place anew: what it saw on the left it does not know on the right",
        logistic_regression="one weight for each pixel cannot follow a leaf that lies elsewhere",
    ),
    _model(
        "20 measurements of a patient in no order, 50,000 patients; the effects depend on each other.",
        "mlp",
        cnn="there are no neighbours here for a kernel to look at",
        logistic_regression="it adds the effects up, and here they depend on each other",
    ),
    _model(
        "8 measurements, 120 patients, and the doctor wants to read the weight of each measurement.",
        "logistic regression",
        cnn="there are no neighbours here for a kernel to look at",
        mlp="it learns 120 patients by heart, and its weights cannot be read",
    ),
    _model(
        "Sound as a picture of frequencies over time; the same syllable may come at any time.",
        "cnn",
        mlp="it learns each moment anew",
        logistic_regression="one weight for each moment cannot follow a syllable that comes later",
    ),
    _model(
        "MNIST, but all images have the same random reordering of their pixels, and accuracy counts.",
        "mlp",
        cnn="the reordering takes away what makes neighbours neighbours",
        logistic_regression="one straight line for each digit: the curves between digits are lost",
    ),
    _model(
        "A first score in a minute, to which later networks are to be compared.",
        "logistic regression",
        cnn="a first score should come from the simplest model, not from the best",
        mlp="there is a simpler one: its training has one solution, and no sizes to choose",
    ),
)
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
        wrong="what is the log-softmax of log-probabilities",
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
        "A 5 × 5 kernel, stride 1, on 28 × 28. Which padding gives 28 × 28 again?",
        "2",
        {
            "0": "then 4 columns are lost",
            "1": "then 2 columns are lost",
            "4": "it is added on each side, not on both together",
        },
        ("0", "1", "2", "4"),
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
            "twice as many": "the kernels stay as they are; only fc1 gets more inputs",
        },
        ("none", "one for each zero", "twice as many"),
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
_SHOWN = (
    Question(
        "One change, 4 seeds, 95 % interval from −0.3 to +0.5 points. What has been shown?",
        "it may help or harm a little",
        {
            "it changes nothing": "an effect of +0.4 fits these runs as well as none",
            "it helps": "look at the lower end of the interval",
        },
        ("it changes nothing", "it helps", "it may help or harm a little"),
    ),
    Question(
        "20 changes; the interval of one of them, from +0.1 to +0.9, leaves out 0. What next?",
        "run it again with new seeds",
        {
            "report it": "of 20 changes without any effect, about one looks like this",
            "forget it": "it may be real: there is a way to find out",
        },
        ("report it", "run it again with new seeds", "forget it"),
    ),
    Question(
        "You change the kernel and the learning rate together: +1.2 points. Whose effect is it?",
        "cannot be said",
        {
            "the kernel": "no run has the new kernel with the old learning rate",
            "the learning rate": "no run has the new learning rate with the old kernel",
            "half each": "two runs that were not made cannot be guessed from two that were",
        },
        ("the kernel", "the learning rate", "half each", "cannot be said"),
    ),
    Question(
        "Of 8 learning rates the best has 98.2 % on the held-out images. Which accuracy do you report?",
        "its own on the test images, once",
        {
            "98.2": "the best of 8 was also lucky on the images that chose it",
            "the highest of the 8 test accuracies": "then the test images have chosen, and are spent",
        },
        ("98.2", "its own on the test images, once", "the highest of the 8 test accuracies"),
    ),
)
_SETS = {
    "which_model": _WHICH_MODEL,
    "which_loss": _WHICH_LOSS,
    "why_padding": _PADDING,
    "expect_100": _HUNDRED,
    "what_is_shown": _SHOWN,
    "honest_race": HONEST_RACE,
}


def questions(name: str) -> str:
    """The questions of a check with their options, to be printed above the cell for the answers.

    Args:
        name: "which_model", "which_loss", "why_padding", "expect_100", "what_is_shown" or
            "honest_race".
    Raises:
        ValueError: there is no such check.
    """
    if name not in _SETS:
        raise ValueError(f"There are no questions {name!r}: use one of {', '.join(_SETS)}.")
    lines = []
    for letter, question in zip("abcdefgh", _SETS[name]):
        lines += [f"{letter}) {question.text}", f"   {' | '.join(question.options)}"]
    return "\n".join(lines)


@exercise(
    "Lab 004: when a CNN, an MLP, a logistic regression?",
    10,
    "Look at the data first: neighbours, size, purpose.",
)
def which_model(answers: object = ...) -> None:
    """Check the choices for `checks.questions("which_model")`: a dictionary such as {"a": "cnn", …}."""
    judge(answers, _WHICH_MODEL)


@exercise(
    "Lab 000: which loss fits which output?",
    5,
    "Between logits and loss belongs one log-softmax, and no other softmax.",
)
def which_loss(answers: object = ...) -> None:
    """Check the choices for `checks.questions("which_loss")`: each is "right", "twice" or "wrong"."""
    judge(answers, _WHICH_LOSS)


@exercise(
    "Lab 000: why padding 2 with a 5 × 5 kernel?",
    5,
    "The size stays, the edge counts, and nothing is to learn.",
)
def why_padding(answers: object = ...) -> None:
    """Check the choices for `checks.questions("why_padding")`."""
    judge(answers, _PADDING)


@exercise(
    "Lab 000: can one expect 100 %?", 5, "Some labels are wrong, so a perfect score would be a bad sign."
)
def expect_100(answers: object = ...) -> None:
    """Check the choices for `checks.questions("expect_100")`."""
    judge(answers, _HUNDRED)


@exercise(
    "What has an experiment shown?",
    10,
    "An interval says which effects fit the runs; one of them is what a second experiment may find.",
)
def what_is_shown(answers: object = ...) -> None:
    """Check the choices for `checks.questions("what_is_shown")`."""
    judge(answers, _SHOWN)
