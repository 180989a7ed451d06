# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 7 · CPU vs GPU timing
#
# "The CNN is slower." "The GPU is ten times faster." Three of the five labs behind this course ask
# about speed, and none measures it in a way that could be trusted. Timing looks like the easiest
# experiment there is: read a clock, do the work, read the clock again. In this notebook you
# see that clock go wrong in three ways, mend it, and then find out where the time goes.
#
# **You will be able to**
# - say why a first call, a single call and a call that does not wait give a wrong time;
# - measure a training step so that the number can be repeated;
# - explain why images per second grow with the batch size, by the law *time = a + b · n*;
# - tell transfer from compute, and say when a GPU begins to pay;
# - try threads, channels-last and bfloat16 on your own CPU, and judge what they bring.
#
# **Time**: 45 minutes. **Needs**: notebooks 2 and 4. A GPU is used where there is one; without one, the whole
# notebook runs, and it says so.
#
# **Exercises**: 1, with 10 marks.

# %%
import copy
import time
from concurrent.futures import ThreadPoolExecutor

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F

from cnnlab import checks, claim, models, plots, set_seed
from cnnlab.inspection import multiply_adds
from cnnlab.plots.style import LECTURE
from cnnlab.predictions import calibration, predict
from cnnlab.timing import (
    machine,
    read_recorded,
    sweep,
    take_turns,
    time_call,
    time_step,
    time_transfer,
    wrong_clock,
)

all_threads = torch.get_num_threads()
torch.set_num_threads(1)  # one thread is disturbed less by other programs; section 7 turns the others on
set_seed(0)
ink, grey, vermillion = "#0072B2", "#999999", "#D55E00"  # colours that colour-blind readers can tell apart

plt.rcParams.update(LECTURE)  # the look of all figures

# %% [markdown]
# A time without its machine means nothing. So the first thing to write down is where you are.

# %% tags=["nbval-ignore-output"] reason="describes the reader's own machine"
device = torch.device(
    "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
)
print(machine(device))
if device.type == "cpu":
    print("No GPU here: every time below is of this CPU, and the parts about a GPU say what they would do.")

# %% [markdown]
# ## 1. A wrong clock, and a right one
#
# The work to time: one forward pass of lab 004's network for 64 images.
#
# **Predict.** We time it eight times in a row, one call each.

# %%
stands_out = predict(
    "7.1 One forward pass, timed eight times: which time stands out?",
    ["the first", "another", "none"],
    guess=...,
    sure=...,
)
stands_out

# %%
set_seed(0)
network = models.build("cnn_padded").eval()
images = torch.randn(64, 1, 28, 28)


@torch.inference_mode()
def forward():
    return network(images)


singles = [seconds * 1e3 for seconds in wrong_clock(forward, calls=8)]  # milliseconds
honest = time_call(forward)

# %% [markdown]
# *The figure: eight bars, one for each call, the first in vermillion. The
# line is the median of several runs after a warm-up, each of many calls.*

# %%
figure, ax = plt.subplots(figsize=(9, 4))
ax.bar(range(1, 9), singles, color=[vermillion] + [grey] * 7)
ax.axhline(honest.ms, color=ink, linewidth=2.5)
ax.text(
    1.02,
    honest.ms,
    f"median of\n{honest.runs} runs:\n{honest.ms:.1f} ms",
    transform=ax.get_yaxis_transform(),  # x in widths of the figure, y in milliseconds
    va="center",
    color=ink,
)
ax.set(
    xlabel="call",
    ylabel="time (ms)",
    title=f"the first call took {singles[0] / honest.ms:.1f} times the median",
)
print("calls in a row:", len(singles), "| runs behind the median: at least 3:", honest.runs >= 3)
longest, usual = max(singles), sorted(singles)[4]
which = "none" if longest < 1.3 * usual else "the first" if longest == singles[0] else "another"
print(stands_out.outcome(which))

# %% [markdown]
# **Why.** The first call sets things up: it takes memory from the system and lets the library
# choose an algorithm for these shapes. Later calls find all that ready. The other bars differ too,
# because other programs use the machine; on a busy one they can hide the cost of the first call. Hence the rules:
#
# 1. **Warm up**: call once or twice before you measure.
# 2. **Repeat** and take the **median**. One disturbed run moves a mean; it hardly moves a median.
# 3. Give the **spread** as well. Here it is the interquartile range: the middle half of the runs lies within it.
#
# `time_call` does all three. It is a thin coat over `torch.utils.benchmark.Timer`; `print(honest)` shows the
# median, the interquartile range and the number of runs.

# %% [markdown]
# ## 2. The clock that does not wait
#
# The third mistake needs a device that works *while* your program goes on. A GPU does: a call puts
# the work into a queue and returns at once. You may have no GPU, so here is the same thing with what
# every computer has. A second thread is our "device", and `submit` is the call that only queues.
#
# **Predict.** Two clocks around the same work: one stops when `submit` returns, the other when the
# result is there.

# %%
two_clocks = predict(
    "7.2 Time until the result is there ÷ time until submit returns?",
    ["1 to 2", "2 to 5", "more than 5"],
    guess=...,
    sure=...,
)
two_clocks

# %%
with ThreadPoolExecutor(max_workers=1) as other_thread:
    other_thread.submit(forward).result()  # warm up
    asked, done = [], []
    for _ in range(9):
        start = time.perf_counter()
        result = other_thread.submit(forward)
        asked.append(time.perf_counter() - start)  # the wrong clock: the work is only queued
        result.result()  # synchronise: wait for the work
        done.append(time.perf_counter() - start)  # the right clock
wrong, right = (sorted(times)[4] * 1e3 for times in (asked, done))  # medians of 9, in milliseconds
claim("right clock ÷ wrong clock", right / wrong, at_least=3, spec=".0f")
clocks = right / wrong
print(two_clocks.outcome("more than 5" if clocks > 5 else "2 to 5" if clocks > 2 else "1 to 2"))

# %% [markdown]
# The wrong clock measured how long it takes to *ask*. A "1000 times faster" found with it is
# no more than this. On a GPU the cure is one line before each reading of the clock:
#
# ```python
# torch.cuda.synchronize()     # wait until the GPU has done all it was asked
# ```
#
# `.item()`, `.cpu()` and printing a number wait as well, because they need the result. That is why a loop which prints its loss at every
# step can be slower than one that does not.

# %% [markdown]
# **Exercise: an honest clock** (10 marks). Question 7 of lab 003 compares CPU and GPU. Write `seconds(work,
# synchronise)`: how long one call of `work()` takes, in seconds, as the mean of several. As on a GPU, `work()` only hands the work
# over, `synchronise()` waits until all of it is done, and the first call takes much longer than the others.
#
# <details><summary>Hint 1</summary>
#
# What is the device still doing when your clock starts, and what when it stops?
#
# <details><summary>Hint 2</summary>
#
# The first rule of section 1 belongs before the start, the cure of section 2 before *each* reading of the
# clock. `time.perf_counter()` reads it.
#
# <details><summary>Hint 3</summary>
#
# Before the start: call both once, so that the device is warm and idle. Then read the clock and call
# `work()` several times. What must be called before you read it again?
#
# </details></details></details>


# %% answer="clock"
def seconds(work, synchronise):
    took = ...  # replace the three dots
    ### BEGIN SOLUTION
    work()  # warm up
    synchronise()
    start = time.perf_counter()
    for _ in range(10):
        work()
    synchronise()
    took = (time.perf_counter() - start) / 10
    ### END SOLUTION
    return took


# %% check="clock"
verdict = checks.clock(seconds)
print(verdict)
verdict.points  # of 10

# %% tags=["nbval-ignore-output"] reason="only a machine with a GPU has something to show"
if device.type == "cpu":
    print("No GPU here. With one, this cell times the same forward pass on it with both clocks.")
else:
    there, batch = copy.deepcopy(network).to(device), images.to(device)
    with torch.inference_mode():
        hasty = sorted(wrong_clock(lambda: there(batch), calls=20))[10] * 1e3
        patient = time_call(lambda: there(batch), device).ms
    print(
        f"without waiting {hasty:.3f} ms, with synchronisation {patient:.3f} ms: {patient / hasty:.1f} times as long"
    )

# %% [markdown]
# ## 3. Where does the time of a step go?
#
# We time three parts of a training step: forward with the loss, backward, update. **Predict** to which of the three backward comes nearest:

# %%
length_of_backward = predict(
    "7.3 How long is backward in cnn_padded, compared with forward?",
    ["half as long", "as long", "twice as long"],
    guess=...,
    sure=...,
)
length_of_backward


# %%
def parts_of_a_step(name, batch_size=64):
    """Median milliseconds of forward with loss, backward, and the optimiser's update."""
    model = models.build(name)
    optimizer = torch.optim.Adam(model.parameters())
    x, y = torch.randn(batch_size, 1, 28, 28), torch.randint(10, (batch_size,))
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    took = take_turns(
        {
            "forward": lambda: F.cross_entropy(model(x), y),
            "both": lambda: F.cross_entropy(model(x), y).backward(),
            "update": optimizer.step,
        },
        rounds=7,
    )
    forward_time, both, update = (took[part].ms for part in ("forward", "both", "update"))
    return {"forward and loss": forward_time, "backward": max(both - forward_time, 0), "update": update}


steps = {name: parts_of_a_step(name) for name in ("mlp", "cnn_320", "cnn_padded")}

# %% [markdown]
# *The figure: one bar for each network, cut into the three parts; the numbers are milliseconds
# for 64 images.*

# %%
figure, ax = plt.subplots(figsize=(9, 3.6))
for row, parts in enumerate(steps.values()):
    left = 0.0
    total = sum(parts.values())
    for (part, ms), colour in zip(parts.items(), (ink, "#E69F00", grey)):
        ax.barh(row, 100 * ms / total, left=left, color=colour, label=part if row == 0 else None)
        if ms / total > 0.12:
            ax.text(
                left + 50 * ms / total,
                row,
                f"{ms:.1f} ms",
                ha="center",
                va="center",
                color="white" if colour == ink else "black",
            )
        left += 100 * ms / total
ax.set_yticks(range(3), [f"{name}\n{sum(parts.values()):.1f} ms" for name, parts in steps.items()])
ax.invert_yaxis()
ax.set(xlabel="share of the step (%)", xlim=(0, 100))
ax.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
cnn = steps["cnn_padded"]
ratio = cnn["backward"] / cnn["forward and loss"]
claim("cnn_padded: backward ÷ forward and loss, time", ratio, at_least=0.3, at_most=4, spec=".1f")
nearest = "half as long" if ratio < 0.75 else "as long" if ratio < 1.5 else "twice as long"
print(length_of_backward.outcome(nearest))

# %% [markdown]
# **What would you expect?** Going back through a layer, two things are computed: the gradient of
# the *weights* and the gradient of the layer's *input*. Each takes about as many multiply–adds as the forward pass. So
# the arithmetic says up to 2 to 1 (the first layer needs no gradient of its input). The clock need not agree: it also counts
# the moving of numbers in memory, forward as well as backward. Hence: count, predict, and then measure.
#
# Lab 002 counted its accuracy in an expensive way: it ran the forward pass **twice more** for every
# batch, only to count right answers that the first pass had already given. We compare the two steps **in
# turns**, A B A B …: when another program slows the machine down for a second, it slows both.

# %%
set_seed(0)
model = models.build("cnn_320")
optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9)
x, y = torch.randn(50, 1, 28, 28), torch.randint(10, (50,))


def lean_step():
    optimizer.zero_grad()
    logits = model(x)
    loss = F.cross_entropy(logits, y)
    loss.backward()
    optimizer.step()
    return (logits.argmax(1) == y).float().mean()  # from the same forward pass


def step_as_published():
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    right = (model(x).argmax(1) == y).sum()  # a second forward pass
    return right / len(model(x))  # and a third


took = take_turns({"lean": lean_step, "as published": step_as_published}, rounds=31)
claim("as published ÷ lean", took["as published"].median / took["lean"].median, at_least=1.1)

# %% [markdown]
# ## 4. Batch size: the law *a + b · n*
#
# **Predict.** A step with 64 images takes some time. How long does a step with 1 image take: a
# 64th of it (1.6 %), half of it, or something between? For the MLP, and here for `cnn_320`:

# %%
step_with_one = predict(
    "7.4 cnn_320: time of a step with 1 image, in % of a step with 64?", guess=(..., ...), sure=...
)
step_with_one


# %%
def training_step(model, batch_size, threads=1, channels_last=False, bfloat16=False):
    """A function that makes one training step on a random batch; the switches are those of section 7."""
    layout = torch.channels_last if channels_last else torch.contiguous_format
    model = copy.deepcopy(model).to(memory_format=layout)
    optimizer = torch.optim.Adam(model.parameters())
    x = torch.randn(batch_size, 1, 28, 28).to(memory_format=layout)
    y = torch.randint(10, (batch_size,))

    def step():
        torch.set_num_threads(threads)
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
            loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()

    return step


# %%
for name in ("cnn_320", "mlp"):
    model = models.build(name)
    took = take_turns({"1": training_step(model, 1), "64": training_step(model, 64)}, rounds=21)
    ratio = took["1"].median / took["64"].median
    claim(f"{name}: a step with 1 image ÷ a step with 64, time", ratio, at_least=0.032)
    if name == "cnn_320":
        print(step_with_one.outcome(100 * ratio))

# %% [markdown]
# More than twice a 64th (0.016). So less than half of a step with 1 image is work on that image: the rest would be there without it. Let us look at more batch sizes. (Only the MLP goes on to
# 1,024: steps of the others would be long.)

# %%
sizes = (1, 8, 64, 256, 1024)
rows = {
    name: sweep(models.build(name), sizes[:count], "cpu", min_seconds=0.06)
    for name, count in (("mlp", 5), ("cnn_320", 4), ("cnn_padded", 4))
}
rate = {row.batch_size: row.images_per_second for row in rows["cnn_320"]}
claim("cnn_320: images a second, batch 256 ÷ batch 1", rate[256] / rate[1], at_least=2, spec=".0f")

# %% [markdown]
# *The figure: images per second against batch size, both axes logarithmic. Look where
# each line stops to rise.*

# %%
_ = plots.timing_curves(rows)

# %% [markdown]
# A step has costs that do not depend on the number of images: calling some thirty operations from
# Python, looking up sizes, updating the weights. Call them **a**. Each image adds its own
# arithmetic: **b**. So
#
# $$ t(n) = a + b\,n \qquad\text{and}\qquad \text{images per second} = \frac{n}{a + b\,n} $$
#
# For small *n* the rate grows in proportion to *n*; for large *n* it can never exceed 1/*b*. Half of that
# is reached at *n* = *a*/*b*. And a step with 1 image takes (*a* + *b*)/(*a* + 64 *b*) of a step with 64: a 64th if *a* were 0, all of it if *b* were 0. Let us take *a* and *b* from the measurements, by a straight
# line that weighs every point by its relative error.


# %%
def fixed_and_per_image(table):
    """a in milliseconds and b in milliseconds per image, by least squares on relative errors."""
    n = torch.tensor([float(row.batch_size) for row in table])
    t = torch.tensor([row.ms_per_step for row in table])
    design = torch.stack([torch.ones_like(n), n], dim=1) / t[:, None]
    a, b = torch.linalg.lstsq(design, torch.ones_like(t)[:, None]).solution.flatten().tolist()
    return max(a, 1e-9), max(b, 1e-9)


law = {name: fixed_and_per_image(table) for name, table in rows.items()}
half = {name: a / b for name, (a, b) in law.items()}  # the batch size that reaches half of the full rate
claim("a/b of the mlp ÷ a/b of cnn_padded", half["mlp"] / half["cnn_padded"], at_least=1.5, spec=".0f")

# %% [markdown]
# *The figure: the measured milliseconds a step as points, the law as lines.*

# %%
figure, ax = plt.subplots(figsize=(9, 4.4))
n = torch.logspace(0, 10, 60, base=2)
for (name, (a, b)), colour, marker in zip(law.items(), (ink, "#E69F00", "#009E73"), "osD"):
    ax.plot(n, a + b * n, color=colour)
    ax.plot(
        [row.batch_size for row in rows[name]],
        [row.ms_per_step for row in rows[name]],
        marker,
        color=colour,
        markersize=8,
        label=f"{name}: {a:.2f} ms + {b:.4f} ms · n",
    )
ax.set_xscale("log", base=2)
ax.set_yscale("log")
ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
ax.minorticks_off()
ax.set(xlabel="batch size n (images)", ylabel="time of a step (ms)")
ax.legend(frameon=False)
print("measurements:", sum(len(table) for table in rows.values()), "| constants:", 2 * len(law))

# %% [markdown]
# The MLP does so little for each image that the fixed cost rules for hundreds of images: its a/b is the largest.
# Two constants for each network stand for four or five measurements. Where points leave the line, look for a reason: a batch that
# no longer fits into a cache, or a library that switches to another algorithm.
#
# **So take the largest batch?** For *evaluation*, yes: the answers do not depend on it. For *training*, no: a larger batch
# also means fewer steps in an epoch. Notebook 2's recipe makes 1,200 steps of 50 images; with 1,024 it would make 59.

# %% [markdown]
# ## 5. "Slower than the MLP": is it the arithmetic?
#
# Lab 000 asks why its CNN is slower than an MLP. The first answer is to count.
#
# **Predict.** `cnn_wide` has 454,922 parameters, the MLP 106,050: about 4 times as many.

# %%
more_work = predict(
    "7.5 Multiply–adds of cnn_wide for an image ÷ those of the MLP?", guess=(..., ...), sure=...
)
more_time = predict("7.6 Time of a training step of cnn_wide ÷ that of the MLP?", guess=(..., ...), sure=...)
print(more_work, more_time, sep="\n")

# %%
names = ("logistic", "mlp", "cnn_320", "cnn_padded", "cnn_wide")
work = {name: multiply_adds(models.build(name)).total for name in names}
for name in names:
    print(
        f"{name:11} {work[name]:12,} multiply–adds per image, {work[name] / work['mlp']:6.1f} times the MLP's"
    )
print(more_work.outcome(work["cnn_wide"] / work["mlp"]))

# %%
in_turns = take_turns({name: training_step(models.build(name), 64) for name in names}, rounds=7)
took = {name: timing.ms for name, timing in in_turns.items()}
claim("cnn_wide ÷ mlp, time of a training step", took["cnn_wide"] / took["mlp"], at_least=2, spec=".1f")
print(more_time.outcome(took["cnn_wide"] / took["mlp"]))

# %% [markdown]
# *The figure: each network as a point, multiply–adds against the measured time of a training
# step of 64 images. The line is what one would get if time were proportional to arithmetic,
# drawn through the largest network.*

# %%
figure, ax = plt.subplots(figsize=(8.5, 4.8))
top = work["cnn_wide"]
smallest = min(work.values())
ax.plot([smallest, top], [took["cnn_wide"] * smallest / top, took["cnn_wide"]], "--", color=grey)
for name in names:
    ax.plot(work[name], took[name], "o", color=ink, markersize=10)
    beside = (12, -34) if name == "cnn_wide" else (-10, 8)
    ax.annotate(
        f"{name}\n{took[name]:.1f} ms",
        (work[name], took[name]),
        xytext=beside,
        textcoords="offset points",
        ha="left" if name == "cnn_wide" else "right",
    )
ax.set_xscale("log")
ax.set_yscale("log")
ax.margins(0.25, 0.25)
ax.set(xlabel="multiply–adds per image", ylabel="training step of 64 images (ms)")
print("parameters, cnn_wide ÷ mlp:", round(454_922 / 106_050, 1))

# %% [markdown]
# It is not the parameters that make it slow. It is the multiply–adds, because a convolution uses each of its weights again at every
# position. And time is not proportional to arithmetic either. The smallest network lies far above the
# dashed line: its time is mostly the fixed cost *a*.

# %% [markdown]
# ## 6. Transfer against compute
#
# A GPU has its own memory. Before it can compute with a batch, the batch must get there. So a
# step on a GPU has two times, and an honest table shows both.
#
# **Predict.** How many megabytes are 64 images as float32? And as uint8, as they lie in the file?

# %%
as_float = 64 * 1 * 28 * 28 * 4 / 1e6  # 4 bytes a pixel
as_uint8 = 64 * 1 * 28 * 28 / 1e6  # 1 byte a pixel
print(f"float32 {as_float:.3f} MB, uint8 {as_uint8:.3f} MB")
print(f"all 60,000 training images as uint8: {60_000 * 28 * 28 / 1e6:.0f} MB")

# %% tags=["nbval-ignore-output"] reason="times of the reader's own machine, with or without a GPU"
transfer = time_transfer(64, device, min_seconds=0.1)
compute = time_step(models.build("cnn_320"), 64, device, min_seconds=0.1)
print(transfer)
print(f"to compare: the training step itself takes {compute.ms:.2f} ms on {device.type}")
if device.type == "cpu":
    print("No GPU here: nothing has to travel. The row shows a copy within the CPU's memory.")

# %% [markdown]
# All of MNIST is 47 MB of uint8. It fits into any GPU's memory, so cnnlab's `Batches` sends it there **once**
# and normalises batch by batch on the device. Then nothing travels during training. A `DataLoader` that sends every batch as
# float32 moves 188 MB in each epoch, four times as much.

# %% [markdown]
# ## 7. What a CPU can do: threads, memory layout, bfloat16
#
# Three switches that change nothing in the network:
#
# - **threads**: how many cores work on one operation;
# - **channels-last**: the same numbers in another order in memory, with the channels of one pixel side by side (N, H, W, C);
# - **bfloat16**: numbers of 16 bits instead of 32, with 8 bits for the significant digits; used where it is safe, by
#   `torch.autocast`.
#
# The **plain** step is what PyTorch does if you set none of them: all threads, channels before pixels (N, C, H, W), 32 bits.
#
# **Predict** for lab 004's network with 100 images: which of the other four settings below will be faster than the plain step, and which slower?

# %%
network = models.build("cnn_padded")
settings = {
    "1 thread": {"threads": 1},
    "plain": {"threads": all_threads},
    "channels-last": {"threads": all_threads, "channels_last": True},
    "bfloat16": {"threads": all_threads, "bfloat16": True},
    "both": {"threads": all_threads, "channels_last": True, "bfloat16": True},
}
times = take_turns(
    {name: training_step(network, 100, **options) for name, options in settings.items()}, rounds=7
)
torch.set_num_threads(1)  # as before
plain = times["plain"].ms

# %% [markdown]
# The five settings took turns, seven times. Differences smaller than the spread of the runs say nothing.
#
# *The figure: one bar for each setting, milliseconds a training step; shorter is better. Blue bars are shorter than the plain one. The thin black lines are as long as the interquartile range. The
# number behind each bar says how many times as fast as the plain step it is.*

# %% tags=["nbval-ignore-output"] reason="which setting is faster depends on the reader's own processor"
print(f"plain: {all_threads} threads, (N, C, H, W), 32 bits")
for name, timing in times.items():
    print(f"{name:14}{timing.ms:6.1f} ms, {timing.ms / plain:.2f} times as long as plain")
figure, ax = plt.subplots(figsize=(9, 3.8))
for row, timing in enumerate(times.values()):
    colour = grey if timing.ms >= plain else ink
    ax.barh(row, timing.ms, color=colour, xerr=timing.iqr * 1e3 / 2, ecolor="black")
    ax.text(
        timing.ms + timing.iqr * 500, row, f"  {timing.ms:.1f} ms ({plain / timing.ms:.1f}×)", va="center"
    )
ax.set_yticks(range(len(times)), list(times))
ax.invert_yaxis()
ax.margins(x=0.3)
_ = ax.set(xlabel="training step of 100 images (ms)")

# %% [markdown]
# Compare the first two bars. Ideally two threads need half the time of one. Often they need more: parts of a step are done by one
# thread, and all share the memory. On a machine that is busy with other work they can even be slower, because each waits for the other. bfloat16
# pays only where the processor multiplies 16-bit numbers in hardware (look for `avx512_bf16` or `amx_bf16`
# among its features); elsewhere it may even be slower.
#
# Is a faster answer the same answer? bfloat16 keeps about 2–3 decimal digits. So compare:

# %%
network.eval()
with torch.inference_mode():
    exact = network(images)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = network(images).float()
    other_layout = copy.deepcopy(network).to(memory_format=torch.channels_last)(images)
print("channels-last gives the same logits to 5 decimals:", torch.allclose(exact, other_layout, atol=1e-5))
print("bfloat16 gives the same logits to 5 decimals:     ", torch.allclose(exact, rounded, atol=1e-5))
claim(
    "bfloat16: largest difference of a logit", (exact - rounded).abs().max().item(), at_most=0.05, spec=".4f"
)

# %% [markdown]
# Channels-last only moves numbers about: `fit` and `evaluate` use it by themselves on a CPU. bfloat16 changes them a little. Whether that costs accuracy is
# a question for an experiment with seeds, never for a feeling. So: no speed without the accuracy beside it.

# %% [markdown]
# ## 8. Where a GPU begins to pay
#
# Give each device its own law. A GPU usually has a larger *a* (each operation must be launched, and
# the batch may have to travel) and a much smaller *b* (thousands of multiplications at once). The two
# lines cross where
#
# $$ a_\text{cpu} + b_\text{cpu}\,n = a_\text{gpu} + b_\text{gpu}\,n \quad\Longrightarrow\quad n^\ast = \frac{a_\text{gpu} - a_\text{cpu}}{b_\text{cpu} - b_\text{gpu}} $$
#
# Below n\* the CPU wins, above it the GPU.
#
# **A worked example, with made-up numbers.** CPU: a = 1 ms, b = 0.05 ms. GPU: a = 2 ms, b = 0.001 ms. Then
# n\* = (2 − 1) / (0.05 − 0.001) = 20.4 images. **Your turn, with a gap:** the same GPU, but a network with a
# tenth of the arithmetic, so b = 0.005 ms and 0.0001 ms. Then n\* = (2 − 1) / (… − …) = …


# %%
def break_even(a_cpu, b_cpu, a_gpu, b_gpu):
    """Batch size from which the GPU's step is the shorter one."""
    return (a_gpu - a_cpu) / (b_cpu - b_gpu)


print(f"large network: {break_even(1, 0.05, 2, 0.001):.1f} images")
print(f"small network: {break_even(1, 0.005, 2, 0.0001):.1f} images")

# %% [markdown]
# The smaller the network, the larger the batch must be. A tiny network may not gain from a GPU at
# any batch size one would train with. Now with real numbers, where there are any: of your own GPU, or recorded ones.
#
# *The figure: images per second against batch size, the CPU's curve and, where there is one, the GPU's. They cross at n\*. Recorded
# figures are labelled so; they come in up to three precisions: float32, tf32 (the numbers are rounded to 19 bits before they are
# multiplied) and bfloat16.*

# %% tags=["nbval-ignore-output"] reason="a GPU's times appear only where one was measured"
recorded = read_recorded()
curves = {"cnn_padded, this CPU": rows["cnn_padded"]}
if device.type != "cpu":
    on_gpu = {name: sweep(models.build(name), sizes, device, min_seconds=0.1) for name in rows}
    curves["cnn_padded, this GPU"] = on_gpu["cnn_padded"]
    for name in rows:
        crossing = break_even(*law[name], *fixed_and_per_image(on_gpu[name]))
        print(
            f"{name:11} the GPU pays from {crossing:.0f} images"
            if crossing > 1
            else f"{name:11} it always pays"
        )
elif recorded is not None:
    print(f"Recorded, not measured here: {recorded.machine}; driver {recorded.driver}")
    for precision, table in recorded.training["cnn_padded"].items():
        curves[f"cnn_padded, recorded GPU, {precision}"] = table
    for name in rows:
        fitted = [row for row in recorded.training[name]["float32"] if row.ms_per_step is not None]
        crossing = break_even(*law[name], *fixed_and_per_image(fitted))
        pays = f"from {crossing:.0f} images" if crossing > 1 else "always"
        print(f"{name:11} the recorded GPU in float32 against this CPU: it pays {pays}")
    for precision, table in recorded.training["cnn_padded"].items():
        compute = {row.batch_size: row.ms_per_step for row in table if row.ms_per_step is not None}
        print(f"cnn_padded in {precision}, recorded, 64 images: a step takes {compute[64]:.3f} ms")
    print("the way of 64 images to the recorded GPU:", recorded.transfer[64], sep="\n")
else:
    print(
        "No GPU here and no recorded figures: cnnlab shows a GPU's times only if they were measured on one."
    )
    print("On a machine with a GPU, run this notebook again: this cell then draws both curves and prints n*.")
    print("Or run cnnlab record-gpu there: it writes a file that this cell reads.")
_ = plots.timing_curves(curves)

# %% [markdown]
# ## Questions
#
# 1. A colleague times one call on a GPU, without warm-up and without `synchronize`, and gets 0.2 ms. Name three reasons to doubt it, and
# say for each whether the true time is longer or shorter.
#
# <details><summary>Answer</summary>
#
# No synchronisation: the clock stopped when the work was queued; the true time is longer. No warm-up: the first call
# includes setting up; the true time of later calls is shorter. One run: it may have been disturbed; later runs are mostly shorter,
# and nobody knows how much they differ. The errors can even cancel, which makes the number no better.
# </details>
#
# 2. By the law a + b·n with a = 2 ms and b = 0.05 ms: how many images a second with n = 10, and what is the most that any batch size can reach?
#
# <details><summary>Answer</summary>
#
# t(10) = 2 + 0.5 = 2.5 ms, so 10 / 0.0025 s = 4,000 images a second. At most 1 / 0.05 ms = 20,000. Half of it is reached at n = a/b = 40.
# </details>
#
# 3. By the arithmetic, backward should take about twice as long as forward. Why? And why need the clock not agree?
#
# <details><summary>Answer</summary>
#
# It computes two products for each layer: the gradient of the weights and the gradient of the input. The first layer needs no gradient of its
# input, pooling and ReLU cost something too, and memory traffic does not follow the count of multiplications.
# </details>
#
# 4. Lab 001 reports a "run time" for 3 epochs with 8 loader workers, on a machine nobody names. What would you need to know to compare it with yours?
#
# <details><summary>Answer</summary>
#
# The processor or GPU, the number of cores and threads, versions of PyTorch, batch size, precision, whether loading and
# testing were inside the clock, how often it was run and how much the runs differed. Best of all, both loops timed by you, in turn, on one
# machine, as a ratio.
# </details>
#
# 5. Your GPU is slower than your CPU on the MLP with a batch of 16. Is the GPU broken?
#
# <details><summary>Answer</summary>
#
# No. With 16 images the fixed cost a decides, and the GPU's is larger. Take a batch above n\*, or a larger network.
# </details>
#
# ## How sure were you?
#
# All your predictions so far, sorted by how sure you were: the closer *right* comes to *sure*, the better you know what you know.

# %%
calibration()

# %% [markdown]
# ## What to remember
#
# - Warm up, wait for the device, repeat, take the median, give the spread, name the machine.
# - A call to a GPU returns before the work is done. Synchronise before you read the clock.
# - The time of a step is about a + b·n: a fixed cost, and a cost for each image.
# - A convolution is slow because of its multiply–adds, not because of its parameters.
# - Transfer and compute are two times. Keep the data on the device, and the first one goes away.
# - A GPU pays above n\* = (a_gpu − a_cpu) / (b_cpu − b_gpu), and the smaller the network, the larger n\* is.
#
# **Next**: in notebook 8 you draw the digits yourself.
