"""Checks that students call with their answers: right, not yet, or what is wrong and why.

Each function takes an answer and returns a `Verdict`, whose text is what a notebook shows. None of
them raises, whatever it is given, and none tells the answer. What is asked stands in its docstring.
"""

from cnnlab.checks.batches import minibatches
from cnnlab.checks.by_hand import KERNEL, PATCH, convolution_map, one_patch
from cnnlab.checks.choices import what_is_shown, which_model
from cnnlab.checks.clinic import causes, diagnosis
from cnnlab.checks.clocks import clock
from cnnlab.checks.counting import conv_parameters, linear_parameters
from cnnlab.checks.detecting import has_a_bend, sound_loss
from cnnlab.checks.experimenting import paired_difference
from cnnlab.checks.explanation import explain_320
from cnnlab.checks.lab_000 import (
    expect_100,
    what_else_changes,
    what_pooling_does,
    which_loss,
    why_padding,
    why_slower,
)
from cnnlab.checks.lab_network import add_conv2, add_fc2, log_softmax
from cnnlab.checks.looking import layer_output, wrong_indices
from cnnlab.checks.loops import counted_step, own_weights, seeded_network
from cnnlab.checks.measuring import accuracy, accuracy_difference
from cnnlab.checks.networks import cnn, network_as_asked, two_layer_network
from cnnlab.checks.preparing import mean_and_std, normalise
from cnnlab.checks.question import questions
from cnnlab.checks.racing import epoch_time, honest_race, least_seconds
from cnnlab.checks.reports import per_digit, percent_text, rows, steady_answers
from cnnlab.checks.runner import EXERCISES, Exercise
from cnnlab.checks.sizes import output_size, padded_fc1, receptive_field, same_padding
from cnnlab.checks.steps import training_step
from cnnlab.checks.verdict import Verdict

__all__ = [
    "EXERCISES",
    "KERNEL",
    "PATCH",
    "Exercise",
    "Verdict",
    "accuracy",
    "accuracy_difference",
    "add_conv2",
    "add_fc2",
    "causes",
    "clock",
    "cnn",
    "conv_parameters",
    "convolution_map",
    "counted_step",
    "diagnosis",
    "epoch_time",
    "expect_100",
    "explain_320",
    "has_a_bend",
    "honest_race",
    "layer_output",
    "least_seconds",
    "linear_parameters",
    "log_softmax",
    "mean_and_std",
    "minibatches",
    "network_as_asked",
    "normalise",
    "one_patch",
    "output_size",
    "own_weights",
    "padded_fc1",
    "paired_difference",
    "per_digit",
    "percent_text",
    "questions",
    "receptive_field",
    "rows",
    "same_padding",
    "seeded_network",
    "sound_loss",
    "steady_answers",
    "training_step",
    "two_layer_network",
    "what_else_changes",
    "what_is_shown",
    "what_pooling_does",
    "which_loss",
    "which_model",
    "why_padding",
    "why_slower",
    "wrong_indices",
]
