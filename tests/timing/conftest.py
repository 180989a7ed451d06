"""One thread: several would wait for each other on a busy machine, and the tests with them."""

import pytest

from cnnlab.timing import thread_count


@pytest.fixture(autouse=True)
def _one_thread():
    with thread_count(1):
        yield
