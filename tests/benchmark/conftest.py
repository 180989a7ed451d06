"""100 digits instead of a data set, and one thread: several would wait for each other on a busy machine."""

import dataclasses

import pytest

from cnnlab.data import load_data
from cnnlab.timing import thread_count


@pytest.fixture(autouse=True)
def _one_thread():
    with thread_count(1):
        yield


@pytest.fixture
def few():
    """The digits with 100 training images and 50 test images."""
    digits = load_data("digits")
    return dataclasses.replace(digits, train=digits.train.take(100), test=digits.test.take(50))
