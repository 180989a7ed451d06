"""Lab 003 Q7: an honest clock for a device that works after the call has returned."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from types import CodeType

from cnnlab.checks.reading import call, function, number
from cnnlab.checks.runner import exercise
from cnnlab.checks.verdict import Wrong


class _FakeDevice:
    """A device that works after the call has returned, and whose first call takes much longer.

    Args:
        slow: the number of one call, from 1, that takes five times as long; 0 for none.
        first: what the first call takes, in seconds.
        each: what every other call takes.
        handing: the share of each call's time that passes while work() hands it over.
    """

    FIRST, EACH = 0.25, 0.004  # seconds

    def __init__(self, slow: int = 0, first: float = FIRST, each: float = EACH, handing: float = 0.0) -> None:
        self.slow, self.first_takes, self.takes, self.handing = slow, first, each, handing
        self.slow_wait: tuple[int, float] | None = None  # the one with the slow call, as in `usual`
        self.handed = 0.0  # seconds that handing over took since the last wait
        self.calls = self.waits = 0
        self.queued = 0  # calls that wait to be done
        self.first: list[float] = []  # what the wait with the first call took: one number, in seconds
        self.usual: list[tuple[int, float]] = []  # calls in each later wait, and what they took together

    def work(self) -> None:
        self.queued += 1
        self.calls += 1
        if self.handing:
            before = time.perf_counter()
            time.sleep(self.handing * self.takes)
            self.handed += time.perf_counter() - before

    def synchronise(self) -> None:
        self.waits += 1
        if not self.queued:
            return
        count, before = self.queued, time.perf_counter()
        slow = self.calls - count < self.slow <= self.calls
        more = (4 * self.takes if slow else 0) + (0 if self.first else self.first_takes - self.takes)
        time.sleep((1 - self.handing) * count * self.takes + more)
        took = time.perf_counter() - before + self.handed
        self.handed = 0.0
        if self.first:
            self.usual.append((count, took))
            self.slow_wait = self.usual[-1] if slow else self.slow_wait
        else:
            self.first.append(took)
        self.queued = 0

    def each(self) -> float:
        """What a usual call really took: the median of the waits."""
        times = sorted(took / count for count, took in self.usual)
        return times[len(times) // 2] if times else self.takes

    def times_one_call(self, value: float) -> bool:
        """Whether a time is that of the slow call alone."""
        return self.slow_wait is not None and self.slow_wait[0] == 1 and value > 0.85 * self.slow_wait[1]

    def divided_by_one_too_few(self, value: float) -> bool:
        """Whether a time is exactly that of the last calls, divided by one less, and of no honest clock."""
        tails = [tuple(map(sum, zip(*self.usual[k:]))) for k in range(len(self.usual))]
        honest = [took / count for count, took in [*tails, *self.usual]]
        if any(0.97 * time <= value <= 1.03 * time for time in honest):
            return False
        return any(count > 2 and abs(value * (count - 1) / took - 1) < 0.01 for count, took in tails)

    def fastest(self) -> float:
        """What a usual call took in the fastest wait: on a busy machine too, no honest clock gives less."""
        return min((took / count for count, took in self.usual), default=self.takes)

    def slowed_down(self, value: float) -> bool:
        """Whether a time is that of one wait, or the mean of all, which a busy machine may have made long."""
        if not self.usual:
            return False
        count, took = map(sum, zip(*self.usual))
        times = [took / count, *(took / count for count, took in self.usual)]
        return any(0.9 * time <= value <= 1.1 * time for time in times)

    def holds_the_first(self, value: float) -> bool:
        """Whether a time for one call is nearer to the mean with the first call than to that without."""
        if not self.usual:
            return True  # no wait came between the first call and the end
        count, took = map(sum, zip(*self.usual))
        mean, mean_of_all = took / count, (took + self.first[0]) / self.calls
        if mean_of_all < 1.1 * mean:
            return False  # with so many calls the first one does not matter
        return max(0.8 * mean_of_all, math.sqrt(mean * mean_of_all)) < value <= 1.25 * mean_of_all


_TOO_LITTLE = (
    "Your clock measures too little: it starts after work(), stops before synchronise(), "
    "or divides by too many calls."
)
_MANY = 60  # calls with which a third run would take too long


@exercise(
    "Lab 003 Q7: an honest clock: seconds(work, synchronise)",
    10,
    "Warm up, wait, start, work, wait, stop: then the clock measures the work.",
)
def clock(answer: object = ...) -> None:
    """Check a function seconds(work, synchronise): the time of one call of work(), in seconds.

    As on a GPU, work() only hands work over and synchronise() waits until it is done; the first
    call takes much longer than the others. The mean of several calls is asked for; a median will do.
    """
    student: Callable[..., object] = function(answer, "seconds(work, synchronise)", 2)
    device = _FakeDevice()
    value = number(call(student, device.work, device.synchronise), "What your function returns")
    each = device.each()
    if device.calls == 0:
        raise Wrong("Your clock never calls work(): write the brackets behind it.")
    if device.waits == 0:
        raise Wrong("Your clock never calls synchronise(): it stops before the device has done anything.")
    if value < 0:
        raise Wrong("Your clock gives less than no time: subtract the start from the end.")
    if value < 0.85 * device.fastest():
        if _uses(student, "process_time", "thread_time"):
            raise Wrong(
                "Your clock counts the processor's time, which stands still while it waits for the device."
            )
        raise Wrong(_TOO_LITTLE)
    if device.calls == 1:
        raise Wrong("Your clock measures the very first call: that one prepares things. Warm up first.")
    if device.holds_the_first(value):
        raise Wrong(
            "Your clock measures too much: the first call is in it. "
            "Warm up before the start, and wait until that is done."
        )
    if value <= 1.5 * each or device.slowed_down(value):
        _judge_again(student, device, value)
        return
    if value > 1.5 and 0.6 <= value * each <= 1.6:
        raise Wrong("Your clock gives calls for each second: seconds for each call are asked for.")
    if value > 250 * each and value > 1.5:
        units = {"milliseconds": 1e3, "microseconds": 1e6, "nanoseconds": 1e9}
        unit = next((name for name, many in units.items() if 0.6 <= value / each / many <= 1.6), None)
        hint = f"are these {unit}?" if unit else "which unit is that?"
        raise Wrong(f"Your clock gives far too much for seconds: {hint}")
    if 0.6 <= value / (each * (device.calls - 1)) <= 1.4 or 0.6 <= value / (each * device.calls) <= 1.4:
        raise Wrong("Your clock gives the time of all calls together: say it for one.")
    raise Wrong("Your clock measures too much: between start and end stands more than the calls of work().")


def _judge_again(student: Callable[..., object], device: _FakeDevice, value: float) -> None:
    """Raise `Wrong` for a clock that only seems to be right; whatever noise could do, comes twice.

    In the other runs half of the time passes in work(), and one call is slow: the last, the second, none.
    """
    few, many = device.divided_by_one_too_few(value), device.calls > _MANY
    least = 0.95 if value < 0.95 * device.fastest() else 0.85
    low = 0  # runs in a row without a slow call that gave too little
    for slow in (device.calls,) if many else (device.calls, 2, 0, 0):
        again = _FakeDevice(slow, first=0.05, each=0.002 if many else 0.004, handing=0.5)
        value = number(call(student, again.work, again.synchronise), "What your function returns")
        low = low + 1 if value < least * again.fastest() and (slow == 0 or many) else 0
        if low == 2 or (low and many):
            raise Wrong(_TOO_LITTLE)
        few = few and (slow == device.calls or again.divided_by_one_too_few(value))
        if again.calls == device.calls and again.times_one_call(value):
            raise Wrong("Your clock times one single call: the mean of several is asked for.")
        if slow == 0 and not low:
            break  # only what gives too little is run once more
    if few and not many:
        raise Wrong("Your clock gives too much: it divides by one less than the calls that it measures.")


def _uses(student: object, *names: str) -> bool:
    """Whether a function, or one inside it, has one of these names in its code."""
    code = getattr(student, "__code__", student)
    if not isinstance(code, CodeType):
        return False
    return bool(set(names) & set(code.co_names)) or any(_uses(part, *names) for part in code.co_consts)
