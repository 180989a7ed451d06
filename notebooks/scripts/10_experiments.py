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
# # 10 · Experiments: change one thing
#
# Lab 000 asks what happens with other numbers of neurons, other optimisers, activations, pooling, kernels and padding. It answers
# that Adam is "drastically" better, and shows no measurement. Here you measure. You change one thing, train with several
# seeds, and say what made a difference, how large it is, and how sure you are. One result looks
# drastic, and turns out to be an unfair comparison.
#
# **You will be able to**
# - plan an experiment: one base, one change at a time, several seeds, and what it will cost;
# - run it so that it can be stopped at any time, and loses and repeats nothing;
# - compute the difference of two networks over seeds with a 95 % interval, on paper and in code;
# - say what "no difference" means, and how many of eight differences luck alone produces;
# - choose settings on held-out images, and test once.
#
# **Time**: 60 minutes. **Needs**: notebook 3. Notebook 5 helps. **Exercises**: 3, with 30 marks.

# %%
import _thread
import json
import math
import tempfile
import threading
from pathlib import Path
from statistics import mean, stdev

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F

from cnnlab import checks, claim, evaluate, fit, load_data, models, plots, set_seed
from cnnlab.data import hold_out
from cnnlab.experiments import BASE, differences, read_results, sweep
from cnnlab.plots.style import BLUE, GREY, LECTURE, VERMILLION

plt.rcParams.update(LECTURE)  # the look of all figures
torch.set_num_threads(1)  # small networks and batches: two threads would wait for each other

# %% tags=["nbval-ignore-output"] reason="MNIST, or the bundled digits where MNIST is missing"
data = load_data()
data

# %% [markdown]
# ## 1. One number is not enough
#
# An experiment needs a **base**: a network and a recipe with which everything else is compared. Ours is the 320 network, with the
# settings below. It sees the first 3,000 training images once, in batches of 32, so that one run takes a second or a few. (The bundled digits
# are fewer: there it sees all that are not held out.)
#
# A sixth of the training images is **held out**: no run learns from them, and every run is measured on them. The test images stay
# untouched until section 9.

# %%
base = {"batch_size": 32}  # where our base differs from cnnlab's own
for name, value in {**BASE, **base}.items():
    print(f"{name:13} {value}")

# %% [markdown]
# Results go into a file. This notebook's file lies in a temporary folder, which is deleted when the kernel ends. To **keep
# results of your own**, name a file instead: `out = Path("my_runs.jsonl")` puts it beside the notebook.

# %%
folder = tempfile.TemporaryDirectory()  # another one each time, so that the notebook always starts anew
out = Path(folder.name) / "runs.jsonl"
common = {
    "out": out,
    "data": data.name,
    "images": 3_000 if data.name == "mnist" else None,
    "jobs": 1,  # runs at the same time; section 10
}

# %% [markdown]
# **Predict.** The base is trained six times, with six seeds. A seed decides the first weights and the order of the images; all
# else is the same. How far apart are the best and the worst accuracy, in points?
#
# *The figure: one dot for each seed, a bar at their mean.*

# %%
results = sweep({}, base=base, seeds=range(6), **common)
at_base = results.column("accuracy")
ax = plots.accuracy_comparison({"base": at_base})
ax.set_xlabel("accuracy on held-out images (%)")
claim("mean of six seeds", mean(at_base), at_least=75, unit="%")
claim("best − worst seed", max(at_base) - min(at_base), at_least=0.3, at_most=12, unit="points")
claim("spread of one run (standard deviation)", stdev(at_base), at_least=0.1, at_most=5, unit="points")

# %% [markdown]
# Nothing was changed, and yet the accuracy moves. Whoever tries a new idea once, with one seed, may measure this and take it for the
# idea. So **every variant is trained with several seeds**.
#
# ## 2. Change one thing
#
# Eight changes, each alone. Why each alone? If you change the kernel and the pooling together and the accuracy rises, no run tells
# which of the two did it, or whether one even did harm.
#
# **Predict** for each change the effect in points. Put numbers in place of the dots; section 6 counts how often the sign was
# right, and shows the sizes.

# %%
change = {
    "hidden": [200],  # base: 50 units in the hidden layer
    "optimizer": ["sgd"],  # base: adam
    "activation": ["tanh"],  # base: relu
    "pooling": ["avg"],  # base: max
    "kernel": [3],  # base: 5
    "padding": [2],  # base: 0
    "dropout": [0.5],  # base: 0
    "batch_size": [128],  # base: 32
}
predicted = {
    "hidden": ...,
    "optimizer": ...,
    "activation": ...,
    "pooling": ...,
    "kernel": ...,
    "padding": ...,
    "dropout": ...,
    "batch_size": ...,
}

# %% [markdown]
# **Exercise: what else changes?** (10 marks). Lab 000 asks what happens with other neurons, optimisers, activations, pooling,
# kernels and padding. Before you measure it: each of these settings changes something that can be said with certainty. Six
# questions on the base, the 320 network with 21,840 parameters.
#
# <details><summary>Hint 1</summary>
#
# For a, e and f, walk through the sizes: 28 → 24 → 12 → 8 → 4 in the base. Which layer stands between the maps and the hidden units?
#
# <details><summary>Hint 2</summary>
#
# For b: in which order are the network and the optimiser made, and who uses the seed? For c: `math.tanh`. For d: by how much does the
# mean of four numbers change if one of them grows by 1?
#
# <details><summary>Hint 3</summary>
#
# You may build each of them, `models.build("convnet", kernel=3)`, and look at `.fc1` and at the number of parameters.
#
# </details></details></details>

# %%
print(checks.questions("what_else_changes"))

# %% answer="what_else_changes"
choices = {"a": ..., "b": ..., "c": ..., "d": ..., "e": ..., "f": ...}  # replace the dots by options
### BEGIN SOLUTION
choices = {
    "a": "71,490",
    "b": "nothing",
    "c": "−0.96",
    "d": "to all, a quarter each",
    "e": "500",
    "f": "in fc1",
}
### END SOLUTION

# %% check="what_else_changes"
verdict = checks.what_else_changes(choices)
print(verdict)
verdict.points  # of 10

# %% [markdown]
# Some of the eight are one change in the program and two in the network: a smaller kernel makes *more* parameters here, because it leaves larger maps for `fc1`. Keep it
# in mind when you say what caused an effect.
#
# What will it cost? Every variant, and the base, once with every seed: **runs = (1 + changes) × seeds**.

# %%
seeds = range(4)
runs = (1 + len(change)) * len(seeds)
one = sorted(results.column("seconds"))[len(results) // 2]
print(f"(1 + {len(change)}) × {len(seeds)} = {runs} runs, {len(seeds)} of them are in the file already")
claim("training of one run, median", one, at_most=60, unit="seconds")

# %% [markdown]
# ## 3. Run it, stop it, go on
#
# While `sweep` runs, a bar shows how far it is. It looks like this, for example:
#
# `44%|████▍     | 16/36 [00:12<00:20,  1.02s/run]`
#
# 16 of 36 runs are done, they took 12 seconds, and 20 more are expected. (The stored outputs of this page show no
# bars: times differ on every computer.)
#
# You may **stop at any time** with the ■ button above. Here the notebook presses it for you: as soon as the file holds five more
# runs, `press_stop` interrupts the kernel, as the button does.
#
# **Predict.** The run that is interrupted is half trained. Does its result count?


# %%
def press_stop(more):
    """Press the stop button when the file holds so many runs more than now, unless all has ended before."""
    ended, enough = threading.Event(), len(read_results(out)) + more

    def watch():
        while not ended.wait(0.05):  # look 20 times a second
            if len(read_results(out)) >= enough:
                return _thread.interrupt_main()

    threading.Thread(target=watch, daemon=True).start()
    return ended


# %% tags=["nbval-ignore-output"] reason="how far it gets before it is stopped depends on the machine"
before = len(read_results(out))
ended = press_stop(more=5)
sweep(change, base=base, seeds=seeds, **common)
ended.set()
kept = out.read_bytes()
print(f"{before} runs were in the file before, {len(read_results(out))} are in it now")

# %% [markdown]
# No: a half-trained network would look like a bad one. The run is thrown away and counts as not run. (Two runs in the file, seeds 4 and 5
# of the base, belong to section 1 and not to these 36.) Now **the same call again**. It does what is missing.

# %%
results = sweep(change, base=base, seeds=seeds, **common)
lines = out.read_text(encoding="utf-8").splitlines()
keys = [json.loads(line)["key"] for line in lines]
claim("runs in the file after the stop", kept.count(b"\n"), at_least=before + 5, at_most=37, spec="d")
print("what was there before is there unchanged:", out.read_bytes().startswith(kept))
print(f"lines in the file: {len(lines)} = {runs} of this sweep + 2 more seeds of the base")
print("no run is there twice:", len(set(keys)) == len(keys))
print("the sweep is complete:", len(results) == runs)

# %% [markdown]
# Nothing lost, nothing repeated. How? Each run has a **key**, computed from its settings, its seed and its data. When a run has
# ended, its result is written to the disk at once, as one line. A new call looks up which keys are there and runs the rest. So it does
# not matter whether you, a crash or a power cut stopped it.
#
# It works for growing, too: four of the six runs of section 1 belong to this sweep, and were not run again.
#
# ## 4. One table
#
# The file is text: one line for each run. You can read it with any program.

# %%
first = json.loads(lines[0])
print("a line holds:", ", ".join(first))
print(
    "its settings:",
    len(first["settings"]),
    "names, the same for every run:",
    set(first["settings"]) == set(BASE),
)

# %% [markdown]
# Print what is worth seeing of a run: what was changed, the seed, and what came out.

# %% tags=["nbval-ignore-output"] reason="accuracies and times are measured"
print("seed  accuracy (%)  time (s)  changed")
for result in read_results(out)[4:16]:
    changed = {name: value for name, value in result.settings.items() if value != {**BASE, **base}[name]}
    what = ", ".join(f"{name} = {value}" for name, value in changed.items()) or "nothing"
    print(f"{result.seed:4} {result.accuracy:13.2f} {result.seconds:9.2f}  {what}")

# %% [markdown]
# ## 5. A difference with its uncertainty
#
# Each variant was trained with the same four seeds as the base, on the same images. So compare **seed by seed**: the run with seed 0
# against the base with seed 0, and so on. This gives four differences. Here with made-up numbers, to compute by hand:
#
# | seed | 0 | 1 | 2 | 3 | mean |
# |---|---|---|---|---|---|
# | base (%) | 90.0 | 88.0 | 91.0 | 89.0 | 89.5 |
# | changed (%) | 91.2 | 88.8 | 92.6 | 89.4 | 90.5 |
# | difference | +1.2 | +0.8 | +1.6 | +0.4 | **+1.0** |
#
# How sure is the +1.0? Three steps:
#
# 1. **The spread of the differences.** They lie 0.2, 0.2, 0.6 and 0.6 away from their mean. Square, add, divide by the number of
#    differences **minus 1** (they were measured from their own mean, which costs one), take the root.
# 2. **The spread of their mean.** A mean of n varies √n times less than one of them.
# 3. **Times Student's t.** With many seeds the 95 % interval is ±1.96 of that. With few seeds the spread itself is a rough guess, so the
#    factor has to be larger: W. S. Gosset, who signed as "Student", computed it in 1908.

# %%
spread = math.sqrt((0.2**2 + 0.2**2 + 0.6**2 + 0.6**2) / 3)
of_the_mean = spread / 2
margin = 3.182 * of_the_mean
print(f"spread of one difference:   {spread:.3f} points")
print(f"spread of their mean:       {spread:.3f} / √4 = {of_the_mean:.3f}")
print(f"95 % margin:                3.182 × {of_the_mean:.3f} = {margin:.2f}")
print(f"the change brings {1.0:+.1f} ± {margin:.2f} points: from {1 - margin:+.2f} to {1 + margin:+.2f}")

# %% [markdown]
# | seeds | 2 | 3 | 4 | 5 | 6 | 8 | 10 | very many |
# |---|---|---|---|---|---|---|---|---|
# | Student's t, 95 % | 12.706 | 4.303 | 3.182 | 2.776 | 2.571 | 2.365 | 2.262 | 1.960 |
#
# **Predict.** From two seeds to four: t falls, and √n grows. By which factor does the margin shrink, for the same spread?

# %%
for n, t in ((2, 12.706), (3, 4.303), (4, 3.182), (6, 2.571), (10, 2.262)):
    print(f"{n:2} seeds: margin = {t / math.sqrt(n):5.2f} × spread")

# %% [markdown]
# More than five times. Two seeds can hardly show anything. With four, a mean difference has to be 1.6 times the spread to leave out 0, with ten 0.7 times.
#
# **Exercise: a difference over seeds** (10 marks). Write the three steps as a function. `base_runs` and `changed_runs` are lists of accuracies
# in percent, the same seeds in the same order; `t` is Student's t for their number. Return the mean difference and the margin, both in
# points.
#
# <details><summary>Hint 1</summary>
#
# Which four numbers did the worked example start from? They are not the accuracies themselves.
#
# <details><summary>Hint 2</summary>
#
# `zip` goes through two lists side by side. `statistics.stdev` divides by n − 1.
#
# <details><summary>Hint 3</summary>
#
# Make a list `gaps` of changed minus base. Its `mean` is the first number. For the second, take its `stdev`, and do steps 2 and 3.
#
# </details></details></details>


# %% answer="paired_difference"
def paired_difference(base_runs, changed_runs, t):
    points, plus_minus = ..., ...  # replace the dots
    ### BEGIN SOLUTION
    gaps = [after - before for before, after in zip(base_runs, changed_runs)]
    points = mean(gaps)
    plus_minus = t * stdev(gaps) / math.sqrt(len(gaps))
    ### END SOLUTION
    return points, plus_minus


# %% check="paired_difference"
verdict = checks.paired_difference(paired_difference)
print(verdict)
verdict.points  # of 10

# %% [markdown]
# **Why pair?** A seed that is lucky for the base is often lucky for the variant, too: same order of the images and, where the shapes are the
# same, same first weights. In the difference of one pair this shared luck cancels. Without pairs it stays, in both
# groups. For the made-up numbers (two groups of four have 2 × 3 = 6 degrees of freedom, so t is 2.447):

# %%
made_up = [90.0, 88.0, 91.0, 89.0], [91.2, 88.8, 92.6, 89.4]
unpaired = 2.447 * math.sqrt((stdev(made_up[0]) ** 2 + stdev(made_up[1]) ** 2) / 4)
print(f"paired:   +1.0 ± {margin:.2f} points, which leaves out 0")
print(f"unpaired: +1.0 ± {unpaired:.2f} points, which does not")

# %% [markdown]
# The same eight numbers, and only one of the two readings finds the effect. How much of the luck is shared, only the runs can tell: where the
# shapes change (another kernel, more units), the first weights are other ones, and little is shared. Then pairing gains little. It is
# planned **before** the runs, by giving all variants the same seeds; you cannot choose afterwards whichever interval is
# narrower.
#
# ## 6. Eight changes
#
# `differences` does for each change what you have just done by hand. *The figure: a dot for each change at its mean difference, a line for its
# 95 % interval; the base is the line at 0. Changes by more than 60 points are left out, or the others would be too small to see.*

# %% tags=["nbval-ignore-output"] reason="the differences are measured"
rows = differences(results, base)
_ = plots.difference_intervals(row for row in rows if row.difference is not None and row.difference > -60)
rows

# %%
by_name = {row.setting: row for row in rows}
guessed = {name: points for name, points in predicted.items() if points is not ...}
hits = sum((points > 0) == (by_name[name].difference > 0) for name, points in guessed.items())
print(f"you predicted {len(guessed)} of {len(change)} effects, {hits} with the right sign")
claim("optimizer = sgd", by_name["optimizer"].difference, at_most=-40, unit="points")
claim("batch_size = 128", by_name["batch_size"].difference, at_most=-3, unit="points")
claim("dropout = 0.5", by_name["dropout"].difference, at_most=0, unit="points")
claim("hidden = 200", by_name["hidden"].difference, at_least=0, unit="points")
unsure = sum(row.verdict == "cannot be told apart" for row in rows)
claim("changes that four seeds cannot tell from the base", unsure, at_least=1, at_most=6, spec="d")

# %% [markdown]
# Read the surprises one by one.
#
# - **batch_size = 128 loses much.** One pass in batches of 128 makes a quarter as many steps as one in batches of 32. You changed one setting, and
#   with it the number of steps. A batch size is compared fairly at equal steps, or at equal time: say which.
# - **dropout = 0.5 does harm.** It is made against *overfitting* (learning the training images by heart), and nothing overfits that sees each image once. "Dropout is bad" does not
#   follow. *In this recipe* it costs accuracy.
# - **sgd is a catastrophe.** Is it? Section 7.
#
# Every effect belongs to its base. Train longer, with more images, and some of these change, or change their sign.
#
# ### What "cannot be told apart" means
#
# The interval holds 0, so "no effect" fits the runs. But so does **every other number in the interval**. If it reaches from −1.0 to +0.2, the change may cost
# a whole point or bring 0.2. It does not say "there is no difference": nobody can show that an effect is exactly zero. What you
# can show is that it is *small*: an interval from −0.1 to +0.1 says so.
#
# Two ways to a narrower one: more seeds (with many, four times as many halve it; from few, fewer do, because t falls as well), or a base with less spread.
#
# **And the images?** This interval says what other *seeds* would do on these held-out images. That other images were drawn is a second
# uncertainty; notebook 5 has its interval.
#
# ## 7. Was it fair to SGD?
#
# On MNIST Adam made more than 70 points more. A drastic result, and it is true: for lr = 0.003, a value that suits Adam. Adam divides each gradient by its usual
# size, so its steps have about the size of the learning rate. SGD takes the gradient as it is, and that is small here. The two need
# different learning rates.
#
# What does a learning rate do? The smallest example: a loss w², whose gradient is 2w. One step of SGD:
#
# w − lr × 2w = **(1 − 2 lr) × w**
#
# **Predict.** For lr = 0.01, 0.4 and 1.1: what happens to w, if it starts at 1?

# %%
for lr in (0.01, 0.4, 1.1):
    w = [1.0]
    for _ in range(20):
        w.append(w[-1] - lr * 2 * w[-1])
    print(f"lr = {lr:4}: each step multiplies w by {1 - 2 * lr:+.2f}; after 20 steps w = {w[-1]:.3g}")

# %% [markdown]
# Too small: it hardly moves. Good: it is there. Too large: every step jumps over the minimum and lands **farther away** than it came from; the
# loss *diverges*. The border is lr = 1, where the factor is −1.
#
# Now the network, by SGD with a constant learning rate, written out.
#
# *The figure: the loss of each of 60 steps, for three learning rates; the axis is logarithmic, and losses above 1,000 are drawn at 1,000. The dotted
# line is the loss of guessing, ln 10 ≈ 2.3: the smallest learning rate stays on it and hides it, the middle one leaves it downwards, the largest leaps up.*


# %%
def losses(lr, steps=60):
    """The loss of each step of plain SGD from the same start."""
    set_seed(0)
    model = models.build("convnet")
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    found = []
    for _ in range(steps):
        chosen = torch.randint(1_000, (64,))  # of the first thousand images
        x = (data.train.images[chosen].float() / 255 - data.mean) / data.std  # (64, 1, 28, 28)
        loss = F.cross_entropy(model(x), data.train.labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
        if not math.isfinite(found[-1]):
            break  # the weights are lost
    return found


_, ax = plt.subplots(figsize=(9, 4), layout="constrained")
curves = {0.001: (GREY, "-", "too small"), 0.1: (BLUE, "-", "good"), 10: (VERMILLION, "--", "too large")}
found = {lr: losses(lr) for lr in curves}
for lr, (colour, style, name) in curves.items():
    shown = [min(value, 1e3) if math.isfinite(value) else 1e3 for value in found[lr]]
    ax.plot(range(1, len(shown) + 1), shown, style, color=colour, label=f"lr = {lr}: {name}")
ax.axhline(math.log(10), color="black", linewidth=1, linestyle=":")
ax.set(xlabel="step", ylabel="loss", yscale="log", ylim=(0.2, 2e3))
ax.legend()
claim("lr = 0.001: mean loss of the last ten steps", mean(found[0.001][-10:]), at_least=2.1)
claim("lr = 0.1: mean loss of the last ten steps", mean(found[0.1][-10:]), at_most=2)
claim("lr = 10: largest loss", max(v for v in found[10] if math.isfinite(v)), at_least=20, spec=".3g")

# %% [markdown]
# The large one explodes within a few steps. If it comes back, it comes back to the dotted line, and it
# guesses. (`fit` stops such a run and says at which step and why; a sweep keeps that sentence as the result of the run.)
#
# Now SGD gets a learning rate of its own. The new base is SGD; four of its runs are in the file already.

# %%
with_sgd = {**base, "optimizer": "sgd"}
fair = differences(sweep({"lr": [0.1]}, base=with_sgd, seeds=seeds, **common), with_sgd)
adam, sgd = rows[0].accuracy, fair[1].accuracy
claim("SGD, lr = 0.1 in place of 0.003", fair[1].difference, at_least=15, unit="points")
claim("Adam − SGD, both at lr = 0.003", adam - fair[0].accuracy, at_least=40, unit="points")
share = (adam - sgd) / (adam - fair[0].accuracy)
claim("part of this lead that is left when SGD has lr = 0.1", 100 * share, at_most=70, unit="%", spec=".0f")

# %% [markdown]
# On MNIST about a thirtieth of the lead is left. "Adam is drastically better" was mostly "0.003 is a bad learning rate for SGD". (To compare the two, choose the best rate for each, with the same effort; the share will be another.)
#
# **The lesson.** "One thing at a time" is a rule for knowing what caused a difference, not for being fair. If a setting needs another one to go with
# it, as an optimiser needs its learning rate, compare the best of each: tune both, with the same effort, and say so.
#
# ## 8. Luck, eight times
#
# A 95 % interval misses the truth in 5 % of all cases. One comparison, one chance in twenty. You made eight.
#
# **Predict.** Eight changes that do *nothing at all*, four seeds each, compared with one base as in section 6. In how many of 100 such
# experiments does at least one change look "better" or "worse"?
#
# *The figure: of 10,000 such experiments, how many had 0, 1, 2, … false alarms.*


# %%
def false_alarms(t, changes=8, seeds=4, times=10_000):
    """How many of the changes look real in each experiment, though none does anything."""
    generator = torch.Generator().manual_seed(0)
    of_base = torch.randn(times, 1, seeds, generator=generator)
    changed = torch.randn(times, changes, seeds, generator=generator)  # drawn like the base: nothing changed
    gaps = changed - of_base
    half = t * gaps.std(dim=2) / math.sqrt(seeds)
    return (gaps.mean(dim=2).abs() > half).sum(dim=1)


alarms = false_alarms(t=3.182)
counts = torch.bincount(alarms, minlength=9) / 100  # percent of 10,000
_, ax = plt.subplots(figsize=(9, 3.6), layout="constrained")
ax.bar(range(9), counts, color=[GREY] + 8 * [VERMILLION])
ax.set(xlabel="changes that look real, of eight that do nothing", ylabel="experiments (%)", xticks=range(9))
claim("false alarms, mean of all experiments", alarms.double().mean(), at_least=0.36, at_most=0.44)
claim("experiments with one or more", 100 - counts[0], at_least=20, at_most=34, unit="%", spec=".0f")
often = 100 * (false_alarms(t=1.96) > 0).double().mean()
claim("with 1.96 in place of Student's t", often, at_least=40, at_most=75, unit="%", spec=".0f")

# %% [markdown]
# The mean is 8 × 5 % = 0.4, as it must be. If the eight comparisons were independent, 1 − 0.95⁸ = 34 % of the experiments would have at least
# one false alarm; here all eight share one base, so the alarms come in clusters and in fewer experiments. Either way: **the more you
# compare, the more luck you find.** And who takes 1.96 with four seeds finds it about twice as often.
#
# What to do: say how many comparisons you made, not only which one worked. Take a single "better" as a question, and ask it again with **new seeds**. A
# false alarm comes back with the same sign in 2.5 % of all cases. (A true effect that is small beside the spread may hide in the second round, too.)

# %%
print(
    f"independent: 1 − 0.95⁸ = {100 * (1 - 0.95**8):.0f} %; again, with the same sign: 5 % / 2 = 1 in {2 / 0.05:.0f}"
)

# %% [markdown]
# ## 9. Choose on held-out images, test once
#
# Which learning rate is best for the base? That is a *choice*, and the held-out images make it.

# %%
results_lr = sweep({"lr": [0.001, 0.01]}, base=base, seeds=seeds, **common)
tried = differences(results_lr, base)
by_lr = {0.003: tried[0].accuracy} | {float(row.value): row.accuracy for row in tried[1:]}
best = max(by_lr, key=by_lr.get)
for lr, accuracy in sorted(by_lr.items()):
    claim(f"lr = {lr:5}: held-out accuracy", accuracy, at_least=40, unit="%")
print("chosen: lr =", best)
row = next(row for row in tried if row.value == "0.01")
variances = [stdev(r.accuracy for r in results_lr if r.settings["lr"] == lr) ** 2 for lr in (0.003, 0.01)]
alone = 2.447 * math.sqrt(sum(variances) / 4)
claim("0.01 against 0.003: paired margin", (row.high - row.low) / 2, at_most=6, unit="points")
claim("0.01 against 0.003: unpaired margin ÷ paired margin", alone / ((row.high - row.low) / 2), at_least=1)

# %% [markdown]
# (The last two lines look back at section 5. Both learning rates start from the same weights and see the same images in the same order, so much of
# the luck is shared. That is why the paired margin is no wider here, although its t is larger.)
#
# The accuracy of the winner is no honest report. It won because it is good, *and* because these images and seeds suited it. The
# more you try, the larger that second part. (Notebook 1 showed it with nothing but luck.)
#
# So the test images come in **once**, after the choice. The chosen network is trained with a seed that took no part.
#
# **Predict.** Will its test accuracy be above or below its held-out accuracy?

# %%
train_set, _ = hold_out(data.train, 1 / 6, seed=0)  # the images from which the sweep's runs learnt
train_set = train_set.take(min(3_000, len(train_set)))
set_seed(100)
chosen_network = models.build("convnet")
fit(chosen_network, train_set, epochs=1, lr=best, schedule="one_cycle", seed=100, device="cpu", **base)
tested = evaluate(chosen_network, data.test, device="cpu")
claim("chosen on held-out images, mean of four seeds", by_lr[best], at_least=80, unit="%")
claim("test accuracy, once", tested.accuracy, at_least=80, unit="%")
low, high = tested.interval
claim("width of its 95 % interval", high - low, at_most=8, unit="points")

# %% [markdown]
# Among three learning rates that lie far apart, luck has little to decide, and the two numbers differ by what other images and one more seed do. Had we
# chosen the best of a hundred variants, the first would be too high.
#
# If the test accuracy disappoints you and you go back and choose again, the test images have become held-out images, and you
# need new ones.
#
# **Exercise: what has been shown?** (10 marks). Four findings, four questions. Choose one option for each; they stand below.
#
# <details><summary>Hint 1</summary>
#
# For a: which effects lie inside of the interval, besides 0?
#
# <details><summary>Hint 2</summary>
#
# For b, the last lines of section 8. For c, section 2: which of the four possible runs were made?
#
# <details><summary>Hint 3</summary>
#
# For d: an image that took part in a choice cannot judge what was chosen. Which images have not?
#
# </details></details></details>

# %%
print(checks.questions("what_is_shown"))

# %% answer="what_is_shown"
answers = {"a": ..., "b": ..., "c": ..., "d": ...}  # replace the dots, each by one option as a text
### BEGIN SOLUTION
answers = {
    "a": "it may help or harm a little",
    "b": "run it again with new seeds",
    "c": "cannot be said",
    "d": "its own on the test images, once",
}
### END SOLUTION

# %% check="what_is_shown"
verdict = checks.what_is_shown(answers)
print(verdict)
verdict.points  # of 10

# %% [markdown]
# ## 10. What it costs, and who pays
#
# Cost = runs × seconds of one run. Our runs are tiny. Suppose one takes five minutes, with 20 changes and 5 seeds:

# %%
runs = (1 + 20) * 5
for workers, where in ((1, "one core"), (8, "a laptop with 8 cores"), (64, "a cluster with 64 workers")):
    rounds = math.ceil(runs / workers)
    print(f"{where:26} {runs} runs ÷ {workers:2} = {rounds:3} rounds × 5 min = {rounds * 5 / 60:.1f} hours")

# %% [markdown]
# No run needs the result of another, so they divide well. Each takes one core. The same call, three ways:
#
# ```python
# # here, one after the other
# sweep(change, base=base, seeds=seeds, **common)
# # here, one run on each core, by joblib
# sweep(change, base=base, seeds=seeds, **{**common, "jobs": None})
# # on a cluster, by Dask: the address of its scheduler
# sweep(change, base=base, seeds=seeds, **{**common, "jobs": None}, scheduler="tcp://10.0.0.5:8786")
# ```
#
# With joblib, other Python processes do the runs. Each of them has to import PyTorch and load the images first, which takes seconds; for
# one-second runs this gains little, for five-minute runs it is nothing. For a cluster, install `cnnlab[cluster]` on every computer, start
# `dask scheduler` on one and `dask worker tcp://10.0.0.5:8786` on the others, and give each the data under the same path. Results come back to
# **your** file, as they get ready. If a worker dies, another does its run; if you stop, the same call goes on, also
# with `jobs=1`: where a run was done is not part of its key.
#
# **Try it**: put `"jobs": None` into `common`, give section 1 six new seeds, and read the time in the bar.
#
# ## 11. An experiment of your own
#
# Fill in the form **in this order**, the first five lines before you run anything. Ideas: does `padding=2` help more with `kernel=3`?
# (Then the base has kernel 3.) Does dropout help after ten epochs on 500 images? Is `activation="gelu"` worth it? Does the effect of `hidden`
# end somewhere?

# %%
form = {
    "question": ...,  # one sentence with a question mark
    "base": base,  # what everything is compared with
    "one change": ...,  # such as {"hidden": [100, 200, 400]}
    "prediction": ...,  # sign and size in points, and how sure you are
    "seeds": ...,  # such as range(10, 16): new ones
    "result": ...,  # the mean difference, in points
    "interval": ...,  # from … to …
    "conclusion": ...,  # what has been shown, what not, and how many comparisons you made
}

# %%
if form["one change"] is ... or form["seeds"] is ...:
    print("Not yet: fill in the change and the seeds.")
else:
    mine = sweep(form["one change"], base=form["base"], seeds=form["seeds"], **common)
    print(differences(mine, form["base"]))
blank = [name for name, value in form.items() if value is ...]
print("still blank:", ", ".join(blank) or "nothing. Show it to somebody, and let them doubt it.")

# %% [markdown]
# ## Questions
#
# 1. A classmate trains the base once and a variant once: 90.1 % against 90.9 %. What do you ask?
#
# <details><summary>Answer</summary>
#
# How much does the accuracy move from seed to seed? In section 1 it moved by more than that with nothing changed. With one run of each there is no
# spread, so no interval, so no conclusion.
# </details>
#
# 2. Your four differences are +0.5, +0.5, +0.5 and +0.5. What is the margin, and do you believe it?
#
# <details><summary>Answer</summary>
#
# The spread is 0, so the margin is 0. Four equal differences are more likely a fault: does the seed reach the run at all?
# </details>
#
# 3. Your interval is from −0.1 to +1.5 points with 4 seeds. About how many seeds do you need to halve its width?
#
# <details><summary>Answer</summary>
#
# Half the width needs √n twice as large: 16 seeds. In fact fewer, because t falls as well, from 3.182 to 2.306 for nine seeds: 3.182 / √4 = 1.59
# and 2.306 / √9 = 0.77, so nine do.
# </details>
#
# 4. You look at the interval after each new seed, and stop as soon as it leaves out 0. What is wrong?
#
# <details><summary>Answer</summary>
#
# Each look is one more chance for a false alarm, so it is more than 5 % in all. Decide on the number of seeds before you start, and keep to it.
# </details>
#
# 5. With `padding=2` the accuracy rises. Is it the padding at the edge, or the larger `fc1`?
#
# <details><summary>Answer</summary>
#
# One setting was changed, but two things in the network: the maps stay larger, so `fc1` has 980 inputs in place of 320. A third variant can
# part them: padding 2, and the last maps cropped to 4 × 4, so that `fc1` keeps its size.
# </details>
#
# ## What to remember
#
# - One base, one change at a time, several seeds; the same seeds for all.
# - Report mean difference ± t × spread / √n, and n.
# - "Cannot be told apart" is not "equal": read both ends of the interval.
# - Eight comparisons find something by luck about every third or fourth time. Ask again with new seeds.
# - One change at a time says what caused it; a fair comparison also gives each side its own learning rate.
# - Choose on held-out images. Test once.
#
# **Next**: in notebook 11 you race to 99 %. The best experiment is the one whose answer you do not know: section 11.
