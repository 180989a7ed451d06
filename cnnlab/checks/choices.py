"""Questions with a choice: which model, and what an experiment has shown."""

from __future__ import annotations

from cnnlab.checks.question import SETS, Question, judge_choices
from cnnlab.checks.runner import exercise

_MODELS = ("cnn", "mlp", "logistic regression")


def _model(text: str, right: str, **overlooked: str) -> Question:
    return Question(text, right, {key.replace("_", " "): says for key, says in overlooked.items()}, _MODELS)


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
SETS.update(which_model=_WHICH_MODEL, what_is_shown=_SHOWN)


@exercise(
    "Lab 004: when a CNN, an MLP, a logistic regression?",
    10,
    "Look at the data first: neighbours, size, purpose.",
)
def which_model(answers: object = ...) -> None:
    """Check the choices for `checks.questions("which_model")`: a dictionary such as {"a": "cnn", …}."""
    judge_choices(answers, _WHICH_MODEL)


@exercise(
    "What has an experiment shown?",
    10,
    "An interval says which effects fit the runs; one of them is what a second experiment may find.",
)
def what_is_shown(answers: object = ...) -> None:
    """Check the choices for `checks.questions("what_is_shown")`."""
    judge_choices(answers, _SHOWN)
