"""The patients of the bug clinic: four causes each, of which one is the right diagnosis."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cnnlab.checks.reading import kind, not_blank
from cnnlab.checks.runner import exercise
from cnnlab.checks.verdict import Blank, Wrong

_LETTERS = "abcd"


@dataclass(frozen=True)
class Patient:
    """One defect; every cause but the right one has words for whoever chooses it."""

    complaint: str
    right: str  # the letter
    causes: tuple[str, str, str, str]
    overlooked: Mapping[str, str]  # wrong letter -> what speaks against it


PATIENTS: dict[int, Patient] = {
    1: Patient(
        "a loss below 0",
        "c",
        (
            "The learning rate is too small.",
            "The labels are shifted by one digit.",
            "Probabilities go into a loss that takes their logarithms.",
            "A batch has too few images.",
        ),
        {
            "a": "then the loss would fall slowly, but from ln 10 and never below 0",
            "b": "then the loss would be too large, not negative",
            "d": "small batches make a loss noisy; they do not change its sign",
        },
    ),
    2: Patient(
        "more units, no gain",
        "a",
        (
            "Nothing bends between its two linear layers.",
            "It has too few hidden units.",
            "A softmax is missing at its end.",
            "Its weights all start at 0.",
        ),
        {
            "b": "look at its chart again: it was given more, and did not gain",
            "c": "cross-entropy brings its own; and what comes after both layers cannot keep them apart",
            "d": "the test of the one matrix holds for any weights, these ones as well",
        },
    ),
    3: Patient(
        "pixels off centre",
        "d",
        (
            "The bytes were not divided by 255.",
            "Mean and standard deviation changed places.",
            "The mean was added, not subtracted.",
            "The two numbers were never measured on these images.",
        ),
        {
            "a": "then the largest number would be far above 100",
            "b": "the two that were used are equal: exchanged, they do the same",
            "c": "then no pixel would be below 0",
        },
    ),
    4: Patient(
        "half a pixel",
        "b",
        (
            "The kernel is wider than the image.",
            "The division keeps the fraction.",
            "Padding was counted on one side only.",
            "The image should be 27 pixels wide.",
        ),
        {
            "a": "a kernel of 2 fits into 27 pixels, many times",
            "c": "there is no padding here to be counted",
            "d": "27 it is here, and the odd width only brings the symptom out",
        },
    ),
    5: Patient(
        "64 in, 196 out",
        "d",
        (
            "The loss function drops labels.",
            "A batch of 64 is too large for fc1.",
            "Padding adds images.",
            "A flatten step lets the number of rows give way.",
        ),
        {
            "a": "all 64 labels are there: count what leaves the network",
            "b": "a linear layer takes any number of rows",
            "c": "padding adds pixels to maps; the number of maps for each image stays",
        },
    ),
    6: Patient(
        "trained, and not moved",
        "c",
        (
            "The learning rate is 0.",
            "backward() is missing.",
            "A method uses a name from outside of its class.",
            "The two networks share their weights.",
        ),
        {
            "a": "then no weight would move, and some did",
            "b": "then there would be no gradients at all, and no weight would move",
            "d": "then both would move together",
        },
    ),
    7: Patient(
        "seed 42, never twice the same",
        "a",
        (
            "The weights are drawn by another generator than the seeded one.",
            "42 is an unlucky seed.",
            "A seed has to be set after the network is made.",
            "A computer cannot repeat random numbers.",
        ),
        {
            "b": "a seed only says where a sequence starts; no start is better",
            "c": "then the weights are drawn already, and the seed comes too late",
            "d": "they are computed, and from one start they come out the same each time",
        },
    ),
    8: Patient(
        "one image, two answers",
        "d",
        (
            "The test images come in another order.",
            "The test moves the weights.",
            "Numbers of 32 bits are rounded.",
            "A layer still behaves as in training.",
        ),
        {
            "a": "both passes took the same images in the same order",
            "b": "without optimizer.step() no weight moves",
            "c": "rounding moves the seventh digit of a logit, not dozens of answers",
        },
    ),
    9: Patient(
        "a digit's accuracy that jumps",
        "b",
        (
            "The network forgets between two tests.",
            "Most of the images are never looked at.",
            "The digits are not equally frequent.",
            "The accuracy of one digit is always random.",
        ),
        {
            "a": "its weights are the same, and so is each of its answers",
            "c": "they are not, but that alone changes nothing from run to run",
            "d": "a network at rest gives each image the same answer each time: what is random here?",
        },
    ),
    10: Patient(
        "98 in place of 98.97",
        "c",
        (
            "The accuracy was divided with //.",
            "The number was rounded.",
            "The format cuts the decimals off.",
            "The computer cannot hold 98.97 exactly.",
        ),
        {
            "a": "the number itself is whole in the line above: only the text has lost something",
            "b": "which whole number is nearest to it?",
            "d": "that changes the fifteenth digit or so",
        },
    ),
    11: Patient(
        "some are never called",
        "c",
        (
            "The order of the images holds some twice.",
            "Their labels are damaged.",
            "A batch that is not full is thrown away.",
            "They do not fit into memory.",
        ),
        {
            "a": "each image stands in an order once",
            "b": "nobody looked at their labels",
            "d": "images that do not fit would stop the program, not be left out",
        },
    ),
    12: Patient(
        "slower than its neighbour",
        "d",
        (
            "backward() costs as much as two passes forward.",
            "The loader hands out every batch three times.",
            "A network of three layers needs three passes.",
            "The accuracy is computed from passes of its own.",
        ),
        {
            "a": "about that, for everybody; but backward() does not call forward()",
            "b": "then there would be three steps for each batch as well",
            "c": "one pass goes through all layers",
        },
    ),
    13: Patient(
        "too fast to be true",
        "b",
        (
            "The device is that much faster than a processor.",
            "The clock stops while the device still works.",
            "The clock is too coarse.",
            "There was no warm-up.",
        ),
        {
            "a": "when the result is asked for, the time is there again",
            "c": "perf_counter counts fractions of a microsecond",
            "d": "a missing warm-up makes the time longer, not shorter",
        },
    ),
}


def causes(number: int) -> str:
    """The four causes from which a patient's diagnosis is chosen, to be printed.

    Args:
        number: of the patient, from 1.
    Raises:
        ValueError: there is no such patient.
    """
    if number not in PATIENTS:
        raise ValueError(f"There is no patient {number!r}: give a number from 1 to {len(PATIENTS)}.")
    patient = PATIENTS[number]
    lines = [f"Patient {number}, {patient.complaint}. What is the cause?"]
    return "\n".join([*lines, *(f"  {letter}) {text}" for letter, text in zip(_LETTERS, patient.causes))])


def _letters(answer: object) -> dict[int, object]:
    """Number of a patient -> what was written for it."""
    not_blank(answer)
    if isinstance(answer, (list, tuple)):
        return dict(enumerate(answer, start=1))
    if not isinstance(answer, Mapping):
        raise Wrong(
            f'Your answer is {kind(answer)}: give a letter for each patient, like {{1: "a", 2: "b", …}}.'
        )
    numbers = ((re.search(r"\d+", str(key)), value) for key, value in answer.items())
    return {int(found.group()): value for found, value in numbers if found}


@exercise(
    "Bug clinic: name the cause of every patient",
    13,
    "Almost all of these defects stood in published labs, and most of them raise no error.",
)
def diagnosis(chart: object = ...) -> None:
    """Check a dictionary of letters, one for each patient, such as {1: "a", …}; it may still have gaps."""
    given = _letters(chart)
    right, said = 0, []
    for number, patient in PATIENTS.items():
        value = given.get(number)
        if value is None or value is ... or (isinstance(value, str) and not value.strip(" .…?_")):
            continue
        letter = str(value).strip(" ).").lower()
        if letter == patient.right:
            right += 1
        else:
            against = patient.overlooked.get(letter)
            words = f"is it {letter})? Think again: {against}" if against else "choose a, b, c or d"
            said.append(f"Patient {number}, {words}{'' if words.endswith('?') else '.'}")
    share = right / len(PATIENTS)
    if said:
        raise Wrong(" ".join(said), share)
    if right == 0:
        raise Blank("No patient has a diagnosis so far: put a letter in place of the blank.")
    if right < len(PATIENTS):
        have = "patient has" if right == 1 else "patients have"
        raise Blank(f"All right so far: {right} {have} a diagnosis, of {len(PATIENTS)}.", share)
