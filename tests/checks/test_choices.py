"""Answers to which model to choose and what an experiment has shown."""

from __future__ import annotations

from tests.checks.cases import Cases, instead, lettered

MODELS = ["cnn", "mlp", "logistic regression", "cnn", "mlp", "logistic regression"]
SHOWN = [
    "it may help or harm a little",
    "run it again with new seeds",
    "cannot be said",
    "its own on the test images, once",
]


CASES = {
    "which_model": Cases(
        right=[
            lettered(MODELS),
            MODELS,
            {f"{k.upper()})": f" {v.upper()} " for k, v in lettered(MODELS).items()},
        ],
        wrong=[
            (instead(MODELS, a="mlp"), "a) it learns each place anew"),
            (instead(MODELS, b="cnn"), "b) there are no neighbours"),
            (instead(MODELS, c="mlp"), "c) it learns 120 patients by heart"),
            (instead(MODELS, e="cnn"), "e) the reordering takes away"),
            (instead(MODELS, f="rnn"), "f) choose one of: cnn | mlp | logistic regression."),
            ("cnn", "is a text: give one option for each letter"),
        ],
        secret=["right answer"],
    ),
    "what_is_shown": Cases(
        right=[lettered(SHOWN), SHOWN, [answer.upper() for answer in SHOWN]],
        wrong=[
            (instead(SHOWN, a="it changes nothing"), "a) an effect of +0.4 fits"),
            (instead(SHOWN, a="it helps"), "a) look at the lower end"),
            (instead(SHOWN, b="report it"), "b) of 20 changes without any effect"),
            (instead(SHOWN, c="half each"), "c) two runs that were not made"),
            (instead(SHOWN, d="98.2 %"), "d) the best of 8 was also lucky"),
            (instead(SHOWN, d="the highest of the 8 test accuracies"), "d) then the test images have chosen"),
        ],
        secret=["help or harm", "new seeds", "cannot be said", "once"],
    ),
}
