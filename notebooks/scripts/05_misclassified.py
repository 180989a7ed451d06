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
# # 5 · Misclassified samples
#
# A network that is right 99 times in 100 is wrong about a hundred times on MNIST's test set. Those
# hundred images teach you more than the other 9,900: what the network never understood, where no one could know the answer,
# where the *label* may be the mistake, and how little a difference between 98.9 % and 99.1 % can mean.
#
# **You will be able to**
# - read a confusion matrix, and build one in two lines;
# - tell a confident mistake from a doubtful right answer, and let a network say "I do not know";
# - give an accuracy together with how sure you are of it, for all images and for each digit;
# - collect evidence that a label is wrong, and test whether your evidence is any good;
# - decide whether one network is better than another, or luckier;
# - answer the question whether 100 % is to be expected.
#
# **Time**: 60 minutes. **Needs**: notebooks 1 and 2.
#
# **Exercises**: 3, with 25 marks.

# %%
from math import comb

import matplotlib.pyplot as plt
import torch

from cnnlab import checks, claim, evaluate, fit, load_data, models, plots, set_seed
from cnnlab.plots.style import BLUE, GREY, LECTURE, VERMILLION
from cnnlab.predictions import calibration, predict
from cnnlab.training import wilson_interval

plt.rcParams.update(LECTURE)  # the look of all figures

# %% tags=["nbval-ignore-output"] reason="MNIST, or the bundled digits where MNIST is missing"
data = load_data()
data

# %% [markdown]
# ## 1. A good network in one epoch
#
# We want mistakes worth looking at, so the network has to be good. Two convolutions with 16 and 32 channels,
# batch normalisation (a layer that brings each channel's numbers to mean 0 and standard deviation 1 within the batch, so that
# larger steps do no harm), and a learning rate that rises and falls within the epoch (`one_cycle`): that is
# about as far as a single pass gets.
#
# **Predict:**

# %%
wrong_of_10_000 = predict(
    "5.1 How many of 10,000 test images will the network get wrong after one pass?",
    guess=(..., ...),
    sure=...,
)
wrong_of_10_000


# %%
def train_one(seed):
    """A trained network; another seed means other first weights and another order of the images."""
    set_seed(seed)
    model = models.build("convnet", channels=(16, 32), batch_norm=True)
    # the digits are 40 times fewer than MNIST's images: five passes, and still fewer steps
    epochs = 1 if data.name == "mnist" else 5
    fit(model, data.train, epochs=epochs, batch_size=128, lr=0.01, schedule="one_cycle", seed=seed)
    return model


network = train_one(seed=0)
result = evaluate(network, data.test)
claim("test accuracy", result.accuracy, at_least=96, unit="%")
claim("wrong, in 10,000", 10_000 - 100 * result.accuracy, at_most=400, spec=".0f")
print(wrong_of_10_000.outcome(10_000 - 100 * result.accuracy))

# %% [markdown]
# `result` holds more than the accuracy: for each test image the ten probabilities, the answer and the label. All that follows
# is read from these three.

# %% [markdown]
# **Exercise: find the mistakes** (10 marks). Question 5 of lab 003 asks for the wrongly classified samples.
# Write `wrong_indices(model, images, labels)`: the places, counted from 0, of the images that the model gets
# wrong. Section 3 draws those of our network.
#
# <details><summary>Hint 1</summary>
#
# What is the model's answer to one image, and when is it a mistake?
#
# <details><summary>Hint 2</summary>
#
# `argmax(dim=1)` of the logits gives the answers, one for each image. Compare them with the labels;
# `nonzero()` gives the places of what is true.
#
# <details><summary>Hint 3</summary>
#
# `model(images).argmax(dim=1) != labels` is True at each mistake. Ask it for the places, and make one row of
# them with `flatten()`.
#
# </details></details></details>


# %% answer="wrong_indices"
def wrong_indices(model, images, labels):
    places = ...  # replace the three dots
    ### BEGIN SOLUTION
    places = (model(images).argmax(dim=1) != labels).nonzero().flatten()
    ### END SOLUTION
    return places


# %% check="wrong_indices"
verdict = checks.wrong_indices(wrong_indices)
print(verdict)
verdict.points  # of 10

# %% [markdown]
# ## 2. The confusion matrix
#
# Row: what the image is. Column: what the network took it for. One count for each of the 100 cells.
#
# **Predict.** Which two digits will it confuse most? How many of the 90 cells outside of the diagonal hold more than two images?
#
# *The figure: a table of 10 × 10 counts; the diagonal, with the right answers, is grey, the mistakes are orange.*

# %%
_ = plots.confusion_matrix(result)
matrix = torch.bincount(result.labels * 10 + result.predicted, minlength=100).reshape(10, 10)
print("two lines make the same matrix:", torch.equal(matrix, result.confusion))
print("the diagonal holds the right answers:", matrix.trace().item() == result.correct)
print("a row adds up to the images of its digit:", torch.equal(matrix.sum(dim=1), data.test.class_counts()))
elsewhere = matrix[~torch.eye(10, dtype=torch.bool)]  # the 90 cells outside of the diagonal
claim("of these 90 cells, hold more than two", (elsewhere > 2).sum(), at_most=31, spec="d")
confused = torch.triu(matrix + matrix.T, diagonal=1) > 0
claim("pairs of digits confused at least once, of 45", confused.sum(), at_least=1, at_most=42, spec="d")

# %% [markdown]
# Most cells hold 0 to 2 images: the mistakes are spread thinly over many pairs.
#
# `labels * 10 + predicted` numbers the cells from 0 to 99, and `bincount` counts how often each number occurs: a 4 taken for a 9 is
# cell 49. Rows and columns are not symmetric: "4 taken for 9" and "9 taken for 4" are two cells.
#
# **Try it**: how many images were *taken for* a 3, rightly or not? Replace the 0 by one sum, without looking at the images.

# %%
taken_for_3 = 0  # change this
print("right:", taken_for_3 == (result.predicted == 3).sum().item())

# %% [markdown]
# <details><summary>Answer</summary>
#
# `taken_for_3 = matrix[:, 3].sum().item()`: the sum of *column* 3. The sum of row 3 is how many images *are* a 3.
# </details>
#
# ## 3. The most confident mistakes
#
# **Predict.** When the network is wrong, how sure is it? How many of the mistakes does it make with less
# than 50 %, how many with more than 90 %? And in the middle:

# %%
sure_and_wrong = predict("5.2 Median confidence of the mistakes, in %?", guess=(..., ...), sure=...)
sure_and_wrong

# %% [markdown]
# *The figure: digits, each with "true class → predicted class (confidence)" above it.*

# %% tags=["nbval-ignore-output"] reason="the digits have fewer mistakes than the gallery has places"
wrong = result.mistakes()  # the most confident first
_ = plots.mistakes_gallery(result, data.test, n=15)
print(f"the {min(15, len(wrong))} most confident of {len(wrong)} mistakes")

# %%
confidence = result.probabilities.amax(dim=1)
claim("probability that it gave to its worst wrong answer", 100 * confidence[wrong[0]], at_least=60, unit="%")
claim(
    "confidence of its mistakes, median", 100 * confidence[wrong].median(), at_least=40, unit="%", spec=".0f"
)
below, above = (100 * part.double().mean() for part in (confidence[wrong] < 0.5, confidence[wrong] > 0.9))
claim("mistakes made with less than 50 %", below, at_most=60, unit="%", spec=".0f")
claim("mistakes made with more than 90 %", above, at_most=80, unit="%", spec=".0f")
print(sure_and_wrong.outcome(100 * confidence[wrong].median()))

# %% [markdown]
# On MNIST most mistakes are neither: the network leaned to one digit and was not sure. The gallery shows the surest ones. Some you would read as the network
# did. Some are plain, and it is plainly wrong. Say for each of them: *whose* mistake is it?
#
# Here is the first one in full, and below it the right answer that the network doubted most.
#
# *The figure: two digits, each with a bar for the probability of each of the ten digits.*

# %%
doubtful = result.doubtful(10)  # right, by the smallest margin
_, axes = plt.subplots(2, 2, figsize=(9.5, 8), width_ratios=[1, 1.5], layout="constrained")
for (image_ax, bars_ax), index in zip(axes, [wrong[0], doubtful[0]]):
    label, answer = result.labels[index].item(), result.predicted[index].item()
    image_ax.imshow(data.test.images[index, 0], cmap="gray")
    image_ax.set_axis_off()
    image_ax.set_title(f"label {label}, answer {answer}")
    plots.probability_bars(result.probabilities[index], label=label, ax=bars_ax)
total = result.probabilities.sum(dim=1)
print("the ten probabilities of an image add up to 1:", bool((total - 1).abs().max() < 1e-5))

# %% [markdown]
# Above, a long bar at a wrong digit; below, two bars of almost the same length, of which the
# right one happens to be longer.
#
# **Is the confidence honest?** Add up the doubt. An answer given with 98 % should be wrong 2 times in 100: it counts as 0.02 of a
# mistake.
#
# **Predict** the sum over all test images. (“Far” is more than a factor of 2.)

# %%
doubt_added_up = predict(
    "5.3 How is the sum of the doubt, compared with the number of mistakes?",
    ["far below", "near", "far above"],
    guess=...,
    sure=...,
)
doubt_added_up

# %%
expected = (1 - confidence).sum().item()
ratio = expected / max(1, len(wrong))
claim("mistakes that the network expects, for each one that it makes", ratio, at_least=0.25, at_most=4)
print(doubt_added_up.outcome("far below" if ratio < 0.5 else "far above" if ratio > 2 else "near"))

# %% [markdown]
# On the whole it knows how often it errs: near 1. Such a network is called **calibrated**. It does not always know *when*: a low confidence is a warning (section 4), but
# some mistakes come without one. And do not rely on it for networks that train much longer: they tend to become too sure of themselves
# (Guo and others, 2017, *On Calibration of Modern Neural Networks*).
#
# ### All of them, one by one
#
# The squares count mistakes, row by true digit, column by answer: choose one to see only these. Choose a digit below, and you see its ten logits, what
# the layers make of it, and the training images that are nearest to it, pixel by pixel.
#
# **Tasks**
# 1. Which two digits are confused most often, both directions together? Is one direction commoner than the other?
# 2. Look for a mistake whose nearest training images all carry the *right* label. Comparing pixels would have read it correctly: the network did not.
# 3. Look for one whose nearest training images carry the *wrong* label as well. Would you have read it?
# 4. Sort out for ten mistakes whose fault they are: the network's, the writer's, or the label's. Keep your count for section 8.

# %%
from cnnlab.widgets import MistakeBrowser

MistakeBrowser(network, data.test, train=data.train, evaluation=result)

# %% [markdown]
# Section 5 lists the pairs of task 1. For the other three there is no list of answers: which mistakes you see depends on the first weights
# (section 7). Compare your count with a neighbour's. One rule helps to read the logits: the odds
# between two digits are e to the power of the difference of their logits. A lead of 1 means odds of 2.7 to 1, a lead of 5 means 148 to 1.
#
# ## 4. The most doubtful right answers
#
# Ten images that were read correctly, by the smallest margin between the best and the second-best digit.
#
# *The figure: ten digits with "true class → predicted class (confidence)" above them.*

# %%
_ = plots.prediction_gallery(result, data.test, doubtful)
margin = result.probabilities[doubtful].topk(2).values.diff(dim=1)[:, 0].abs()
print("all ten are right:", bool((result.predicted == result.labels)[doubtful].all()))
print("the margin grows from the first to the tenth:", bool((margin.diff() >= 0).all()))

# %% [markdown]
# They are as strange as the mistakes were. With other random numbers some of these would be wrong, and
# some of the mistakes right: near this border luck decides. Does it decide the most confident mistakes, too? Section 7 counts both.
#
# A doubtful network has a third option: **not to answer**. Where addresses or cheques are read by machine, what it is
# unsure about can go to a person. Sort the test images by confidence and answer only the surest.
#
# **Predict.** The network may leave out 5 % of the images.

# %%
mistakes_left_out = predict(
    "5.4 Which share of its mistakes goes with these 5 %, in %?", guess=(..., ...), sure=...
)
mistakes_left_out

# %% [markdown]
# *The figure: on the x axis the share of the images that are answered, on the y axis the accuracy of these answers.*

# %%
surest_first = confidence.argsort(descending=True)
right = (result.predicted == result.labels)[surest_first].double()
answered = torch.arange(1, result.n + 1)
accuracy = 100 * right.cumsum(0) / answered  # of the k surest, for every k

_, ax = plt.subplots(figsize=(9, 3.8), layout="constrained")
ax.plot(100 * answered / result.n, accuracy, color=BLUE, linewidth=2.5)
ax.axvline(95, color=VERMILLION, linestyle="--")
ax.set(xlabel="images answered, the surest first (%)", ylabel="accuracy of these (%)")
ax.set(xlim=(50, 100), ylim=(result.accuracy - 0.3, 100.1))
ax.grid(alpha=0.3)
cut = int(0.95 * result.n)
caught = (1 - right[cut:]).sum() / (1 - right).sum().clamp(min=1)
claim("mistakes among the 5 % that are left out", 100 * caught, at_least=40, unit="%")
claim("accuracy on the other 95 %", accuracy[cut - 1], at_least=98.5, unit="%")
print(mistakes_left_out.outcome(100 * caught))

# %% [markdown]
# The line stays close to 100 % for most of the way and bends down at the very end, where
# the doubtful images are.
#
# Leave out one image in twenty and most of the mistakes are gone. A network that may say "ask a person" is a different, and
# often a better product than one that has to answer.
#
# ## 5. Which pairs are confused?
#
# First a list of the commonest pairs, then the images of the first one.
#
# *The figure: the mistakes of the commonest pair, "label → answer" above each (at most twelve; the digits have fewer).*


# %% tags=["nbval-ignore-output"] reason="which pairs come first depends on the data set and on the seed"
def pairs(evaluation):
    """(images confused, digit, other digit), the commonest pair first; both directions count."""
    both = evaluation.confusion + evaluation.confusion.T
    return sorted(((both[a, b].item(), a, b) for a in range(10) for b in range(a)), reverse=True)


for count, a, b in pairs(result)[:6]:
    one_way, other_way = result.confusion[b, a].item(), result.confusion[a, b].item()
    print(f"{b} and {a}: {count:2} = {b} taken for {a}: {one_way} + {a} taken for {b}: {other_way}")

# %%
count, a, b = pairs(result)[0]
label, answer = result.labels[wrong], result.predicted[wrong]
involved = wrong[((label == a) & (answer == b)) | ((label == b) & (answer == a))]
titles = [f"{result.labels[i]} → {result.predicted[i]}" for i in involved]
_ = plots.image_grid(data.test.images[involved], 2, 6, titles=titles)
claim("share of all mistakes that the commonest pair makes", 100 * count / len(wrong), at_least=5, unit="%")
print(f"if all 45 pairs were alike: 100 % / 45 = {100 / 45:.1f} %")

# %% [markdown]
# Look for the one stroke on which each of them depends: a loop that closes or stays
# open, a bar, a hook that is missing.
#
# You may have read that "CNNs confuse 4 and 9". Do they? The commonest pair here has a handful of images. Section 7 trains the
# same network again and asks whether it is the same pair.
#
# ## 6. One digit at a time, from all the images
#
# Lab 002 reports an accuracy for each digit: 98, 100, 96, 97, 99, 100, 98, 97, 98, 95. Two things are
# wrong with how it got them. The first is one character wide.
#
# **Predict.** What do these lines print?

# %%
as_the_lab = "%d %%"
print(as_the_lab % 98.97)
print(f"{98.97:.0f} %")

# %% [markdown]
# `%d` does not round, it cuts: 98.97 becomes 98. Up to a whole point is lost, and all the lab's digits lie within
# five points.
#
# The second: its loop takes batches of 50 from a *shuffled* test set and looks at the first 10 of each. Let us do exactly
# that, 20 times.
#
# **Predict.** By how many points does the accuracy of one digit change from run to run, although the network
# stays the same?
#
# *The figure: for each digit a cloud of 20 dots, one for each run, and a mark for the accuracy on all images.*


# %%
def from_a_fifth(seed):
    """Accuracy of each digit (%), as the lab counts it: 10 of every 50 shuffled images."""
    order = torch.randperm(result.n, generator=torch.Generator().manual_seed(seed))
    looked_at = torch.cat([batch[:10] for batch in order.split(50)])
    hit, digit = (result.predicted == result.labels)[looked_at].double(), result.labels[looked_at]
    return torch.stack([100 * hit[digit == d].mean() for d in range(10)])


runs = torch.stack([from_a_fifth(seed) for seed in range(20)])  # (20 runs, 10 digits)
from_all = [row.accuracy for row in result.per_class]

_, ax = plt.subplots(figsize=(9.5, 4), layout="constrained")
beside = torch.linspace(-0.25, 0.25, 20)  # so that equal runs do not hide each other
for digit in range(10):
    dots = ax.plot(digit + beside, runs[:, digit], "o", color=BLUE, alpha=0.45, markersize=6)
dots[0].set_label("a fifth of the images, 20 runs")
ax.plot(range(10), from_all, "_", color=VERMILLION, markersize=34, markeredgewidth=4, label="all images")
ax.set(xticks=range(10), xlabel="digit", ylabel="accuracy (%)")
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)
spread = runs.amax(dim=0) - runs.amin(dim=0)
claim("largest change of one digit between two of the 20 runs", spread.max(), at_least=0.5, unit="points")

# %% [markdown]
# On MNIST the clouds are one to three points high, and the whole range of the lab's ten digits is five.
#
# It is one network and one test set. The clouds are made by *not looking at four fifths of it*. So look at all of it, keep the order, and
# write down how sure you are. The bars below are 95 % **Wilson intervals** (Wilson, 1927): from the number of images and of right answers they
# give the range of true accuracies that fit. (The true accuracy is what you would measure on endlessly many images of the same kind.) In 95 of
# 100 such tests the range holds it.
#
# *The figure: for each digit a point with its interval; the dashed line is the accuracy of the whole test set, the orange band the interval of that.*

# %%
_ = plots.per_class_accuracy(result)
print("images counted:", sum(row.n for row in result.per_class) == result.n)
inside = sum(row.low <= result.accuracy <= row.high for row in result.per_class)
claim(
    "share of the ten digits whose interval holds the accuracy of all images",
    10 * inside,
    at_least=50,
    unit="%",
    spec=".0f",
)
for correct, n in ((98, 100), (980, 1000), (9800, 10_000)):
    low, high = wilson_interval(correct, n)
    print(f"98 % of {n:6,} images: {low:.1f} to {high:.1f} %")

# %% [markdown]
# Most bars reach the dashed line of the whole test set. A digit has about 1,000 test images in
# MNIST, so its accuracy is known to about one point; ten times more images would give a third of that. Before you
# explain why one digit is harder than another, look whether it is.
#
# ## 7. The same network, other random numbers
#
# We train it twice more. Same architecture, same data, same settings; only the seed differs.
#
# **Predict.** The three have almost the same accuracy. Do they make the same mistakes? How many of the 15 most confident ones (section 3)
# does every network make, and how many of the ten doubtful right answers (section 4) does every network get right?
#
# *The figures: the accuracy of each seed with its 95 % interval; then how many images are wrong for one, for two and for all three networks.*

# %%
results = [result, *(evaluate(train_one(seed), data.test) for seed in (1, 2))]
_ = plots.accuracy_comparison(
    {f"seed {seed}": [r.accuracy] for seed, r in enumerate(results)},
    intervals={f"seed {seed}": r.interval for seed, r in enumerate(results)},
)
accuracies = [r.accuracy for r in results]
claim("best seed minus worst seed", max(accuracies) - min(accuracies), at_most=2.5, unit="points")

# %%
is_wrong = torch.stack([r.predicted != r.labels for r in results])  # (3 networks, N images)
times_wrong = is_wrong.sum(dim=0)
by_count = [(times_wrong == k).sum().item() for k in (1, 2, 3)]

_, ax = plt.subplots(figsize=(8, 2.6), layout="constrained")
who = ["wrong for one network", "wrong for two", "wrong for all three"]
bars = ax.barh(who, by_count, color=[BLUE, GREY, VERMILLION])
ax.bar_label(bars, padding=4)
ax.invert_yaxis()
ax.set(xlabel="wrongly read test images")
one_alone = is_wrong.sum().item() / 3
claim("images that at least one gets wrong, for each mistake of one", sum(by_count) / one_alone, at_least=1.1)
claim("of these, wrong for exactly one", 100 * by_count[0] / sum(by_count), at_least=15, unit="%")
confident = 100 * (times_wrong[wrong[:15]] == 3).double().mean()  # fewer than 15 on the digits
always_right = (times_wrong[doubtful] == 0).sum()
claim("the most confident mistakes, wrong for all three", confident, at_least=20, unit="%", spec=".0f")
claim("the ten doubtful right answers, right for all three", always_right, at_least=2, spec="d")

# %% tags=["nbval-ignore-output"] reason="which pair comes first depends on the data set and on the seed"
for seed, r in enumerate(results):
    text = ", ".join(f"{b} and {a} ({count})" for count, a, b in pairs(r)[:3])
    print(f"seed {seed}: {r.n - r.correct} mistakes, most often {text}")

# %% [markdown]
# The three accuracies lie well inside of each other's intervals. Yet on MNIST the first bar is the longest: many of the images that any of
# the networks gets wrong are wrong for exactly one of them.
#
# The most confident mistakes mostly come back with every seed. The doubtful right answers are what they looked like: some of them are wrong
# for another seed.
#
# So there are two kinds of mistakes, and some between them. Those of all three belong to the **images** (or to their labels). Those of one belong to **chance**: the
# random numbers decided. And "the pair that CNNs confuse" changes with the seed: a pair with 6 or 10
# images is too small to tell a story about.
#
# ## 8. Labels that look wrong
#
# MNIST has 70,000 labels, and somebody had to make them. If 1 in 1,000 is wrong, ten of the test set's are. The network cannot tell us
# which: when it disagrees with a label, one of the two is wrong, and it is usually the network. What would count as evidence?
#
# - **Several witnesses.** Three networks from different seeds, all giving the *same* other digit, all sure (80 % or more).
# - **A witness of another kind.** The nearest training images, pixel by pixel: no network involved (notebook 1).
# - **You.**
#
# First the rule for the three networks:


# %%
def suspects(labels, sure=0.8):
    """Indices of the images where all networks give the same digit, all at least `sure`, against the label."""
    answers = torch.stack([r.predicted for r in results])
    least_sure = torch.stack([r.probabilities.amax(dim=1) for r in results]).amin(dim=0)
    agreed = (answers == answers[0]).all(dim=0) & (least_sure >= sure)
    return (agreed & (answers[0] != labels)).nonzero().flatten()


flagged = suspects(data.test.labels)
claim("test images flagged", len(flagged), at_most=50, spec="d")

# %% [markdown]
# **Is the rule any good?** Do not believe it: test it with errors that you know. We change 30 test labels on purpose, at random, and
# ask the rule to find them.
#
# **Predict:**

# %%
planted_found = predict(
    "5.5 How many of the 30 planted errors does the rule find?", guess=(..., ...), sure=...
)
planted_found

# %%
generator = torch.Generator().manual_seed(0)
planted = torch.randperm(result.n, generator=generator)[:30]
spoilt = data.test.labels.clone()
spoilt[planted] = (spoilt[planted] + torch.randint(1, 10, (30,), generator=generator)) % 10
print("labels that are wrong now, and we know it:", (spoilt != data.test.labels).sum().item())

found = torch.isin(planted, suspects(spoilt)).sum().item()
claim("share of the planted errors that the rule finds", 100 * found / 30, at_least=70, unit="%", spec=".0f")
print(planted_found.outcome(found))

# %% [markdown]
# The rule finds all of them, or nearly all. Where it misses one, the networks were not sure of that image. So a wrong label has little
# chance to hide. The reverse does not follow: *flagged* does not mean *wrong*, as the images themselves show.
#
# *The figure: first the flagged images, with a star behind "label → answer of the networks"; then others that the networks together hardly
# believe, until 16 places are full. (On the digits perhaps none is flagged.)*

# %%
belief = torch.stack([r.probabilities for r in results]).mean(dim=0)  # (N, 10), the three networks averaged
belief_in_label = belief.gather(1, data.test.labels[:, None])[:, 0]
is_flagged = torch.zeros(result.n).index_fill(0, flagged, 1)
order = (belief_in_label - is_flagged).argsort()  # the flagged first, each part by the belief in its label
titles = [
    f"{data.test.labels[i]} → {belief[i].argmax()}{' *' if is_flagged[i] else ''}"
    for i in order[:16].tolist()
]
_ = plots.image_grid(data.test.images[order[:16]], 2, 8, titles=titles)
print("all flagged ones come first:", set(flagged.tolist()) == set(order[: len(flagged)].tolist()))

# %% [markdown]
# Now the six of all these whose label gets the least belief, flagged or not, each with its five nearest
# training images and *their* labels. **Decide** for each row: label, networks, or nobody can know?
#
# *The figure: six rows. On the left the image with "label, nets: answer"; a star where the rule flags it; to the right its five nearest neighbours with
# their labels.*

# %%
least = belief_in_label.argsort()[:6]
distance = torch.cdist(data.test.images[least].flatten(1).float(), data.train.images.flatten(1).float())
near = distance.argsort(dim=1)[:, :5]

images, titles = [], []
for index, neighbours in zip(least, near):
    images += [data.test.images[index], *data.train.images[neighbours]]
    nets = belief[index].argmax()
    star = " *" if is_flagged[index] else ""
    titles += [f"{data.test.labels[index]}, nets: {nets}{star}", *data.train.labels[neighbours].tolist()]
_ = plots.image_grid(torch.stack(images), 6, 6, titles=titles)
claim("belief of the three in the label of the first", 100 * belief_in_label[least[0]], at_most=25, unit="%")

# %% [markdown]
# Where the neighbours carry the networks' digit as well, two different witnesses speak against the label. Where they carry the
# label, the networks stand alone.
#
# Even then it is **evidence, not proof**. Two witnesses can share a weakness: in one of our runs a row was a 0 whose left side is broken, and
# the networks and all five neighbours called it a 7. The label was right. And your count from section 3: how many of your ten
# mistakes did you blame on the label? Northcutt, Athalye and Mueller
# (2021, *Pervasive Label Errors in Test Sets*) flagged images by a similar rule and then asked five people about each: for MNIST's test
# set 15 labels were judged wrong. Over ten data sets only about half (51 %) of what the computer flagged was confirmed.
#
# ## 9. Is 99.1 % better than 98.9 %?
#
# Two networks, the same 10,000 test images: one makes 110 mistakes, the other 90.
#
# **Predict.** Is the second one better? How sure are you, in
# percent?

# %%
for correct in (9_890, 9_910):
    low, high = wilson_interval(correct, 10_000)
    print(f"{correct / 100:.1f} %: 95 % interval {low:.2f} to {high:.2f} %")

# %% [markdown]
# The intervals overlap. That is a hint, not an answer. Ask directly: how often do two networks that are **equally good** (each wrong on 1 %)
# differ by 20 mistakes or more, by luck? No formula needed: let 20,000 such pairs take the test.
#
# *The figure: how often each difference occurs; differences of 20 or more are coloured.*


# %%
def differences(times, n=10_000, error=0.01, seed=0):
    """Mistakes of one network minus those of another, both equally good, each on its own n images."""
    generator = torch.Generator().manual_seed(seed)
    images, chance = torch.full((times, 2), float(n)), torch.full((times, 2), error)
    mistakes = torch.binomial(images, chance, generator=generator)
    return mistakes[:, 0] - mistakes[:, 1]


gaps = differences(20_000)
far = gaps.abs() >= 20

_, ax = plt.subplots(figsize=(9, 3.6), layout="constrained")
bins = [-61.5 + 3 * step for step in range(42)]  # 19.5 is an edge: no bar has two colours
ax.hist(gaps[~far].numpy(), bins=bins, color=GREY, label="less than 20 apart")
ax.hist(gaps[far].numpy(), bins=bins, color=VERMILLION, label="20 or more apart")
ax.set(xlabel="mistakes of the first network minus mistakes of the second", ylabel="pairs of networks")
ax.legend(frameon=False)
share = 100 * far.double().mean()
claim("equally good networks that differ by 20 or more", share, at_least=12, at_most=20, unit="%")

# %% [markdown]
# A bell around 0 with two coloured tails: they hold about one pair in six. With networks that are *exactly alike*,
# a gap of 0.2 points is nothing special. (The spread of one count is √(10,000 × 0.01 × 0.99) ≈ 10 mistakes, that of a difference
# √2 times as much, about 14; 20 is only 1.4 times that.)

# %% [markdown]
# **Exercise: a difference and its margin** (10 marks). Questions 3 and 4 of lab 003 compare the test
# accuracies of two networks. Write `difference(correct_a, correct_b, n)`, where each network was tested on n
# images of its own: the accuracy of a minus that of b in points, and the half-width of its 95 % interval in
# points (1.96 times the spread of the difference), as a pair.
#
# <details><summary>Hint 1</summary>
#
# The spread of a count of mistakes stands in the bracket above. What is it as a share of the n images? Does
# it matter whether right answers or mistakes are counted?
#
# <details><summary>Hint 2</summary>
#
# A share p of n images has the variance p · (1 − p) / n. The variance of a difference is the *sum* of the two
# variances, and the spread is its root.
#
# <details><summary>Hint 3</summary>
#
# With the shares p and q: points = 100 · (p − q), and variance = p · (1 − p) / n + q · (1 − q) / n. What is
# left is the root, the 1.96 and the 100.
#
# </details></details></details>


# %% answer="accuracy_difference"
def difference(correct_a, correct_b, n):
    pair = ...  # replace the three dots
    ### BEGIN SOLUTION
    p, q = correct_a / n, correct_b / n
    spread = (p * (1 - p) / n + q * (1 - q) / n) ** 0.5
    pair = 100 * (p - q), 100 * 1.96 * spread
    ### END SOLUTION
    return pair


# %% check="accuracy_difference"
verdict = checks.accuracy_difference(difference)
print(verdict)
verdict.points  # of 10

# %% [markdown]
# **Try it**: call `differences(20_000, seed=1)`, then with `n=100_000` and 200 mistakes apart. What do ten times more images change?
#
# <details><summary>Answer</summary>
#
# Another seed changes little: 20,000 draws leave little to luck. And `(differences(20_000, n=100_000).abs() >= 200).double().mean()` is practically 0. The spread grows only with the root: √10 × 14 = 44
# mistakes, and 200 is 4.5 times that. MNIST's test set is simply small.
# </details>
#
# ### The same images: pair them
#
# But our two networks saw the **same** images, and that helps. An image that both get right, or both wrong, says nothing about which
# is better. Only those count where **exactly one** is wrong: *b* images where only the first errs, *c* where only the
# second does. If the two were equally good, each of these would be the toss of a coin. So toss b + c coins: how often do they fall as
# unevenly as b to c, or more? That is **how often luck alone gives a difference this large or larger**. It is called a p-value, and the test
# McNemar's (1947). It is *not* the chance that the difference was luck: for that you would have to know how likely a real difference was beforehand.
#
# The two accuracies alone do not tell *b* and *c*: 110 and 90 mistakes, of which *s* are shared, leave b = 110 − s and
# c = 90 − s.
#
# **Predict:**

# %%
large_overlap = predict(
    "5.6 Does a large overlap make the difference of 20 more or less convincing?",
    ["more", "less"],
    guess=...,
    sure=...,
)
large_overlap


# %%
def chance_of(b, c):
    """How often b + c fair coins fall at least as unevenly as b to c: McNemar's test, exactly."""
    tosses, fewer = b + c, min(b, c)
    return min(1.0, 2 * sum(comb(tosses, k) for k in range(fewer + 1)) / 2**tosses)


for shared in (0, 30, 50, 70, 85):
    b, c = 110 - shared, 90 - shared
    often = 100 * chance_of(b, c)
    print(
        f"{shared:2} mistakes shared: {b:3} against {c:2}; luck alone is this uneven in {often:6.3f} % of all cases"
    )
print(large_overlap.outcome("more" if chance_of(110 - shared, 90 - shared) < chance_of(110, 90) else "less"))

# %% [markdown]
# *The figure: the same for every possible overlap, from no shared mistake to 90.*

# %%
shared = list(range(91))
_, ax = plt.subplots(figsize=(9, 3.6), layout="constrained")
ax.plot(shared, [100 * chance_of(110 - s, 90 - s) for s in shared], color=BLUE, linewidth=2.5)
ax.axhline(5, color=VERMILLION, linestyle="--", label="5 %, the usual line")
ax.set(xlabel="mistakes that both networks make (of 110 and 90)", ylim=0)
ax.set_ylabel("how often luck alone gives\nthis difference or a larger one (%)")
ax.legend(frameon=False)
first = next(s for s in shared if chance_of(110 - s, 90 - s) < 0.05)
print(f"below 5 % from {first} shared mistakes on: {110 - first} against {90 - first}")

# %% [markdown]
# The curve starts at 18 %, close to the simulation above, and falls below the dashed line once a bit more than half of the
# mistakes are shared.
#
# **The same two accuracies, 98.9 % and 99.1 %, can be weak or very strong evidence.** Luck alone gives 110 against 90 often, 25 against 5
# hardly ever. So never publish two accuracies alone: publish *b* and *c*. (They come from the same pass over the test set, for free.)
#
# The formula is not magic. Here is the same question as a simulation that you can rerun: toss 100 coins 50,000 times.


# %%
def tossed(b, c, times=50_000, seed=0):
    """The same chance as `chance_of`, by tossing coins."""
    generator = torch.Generator().manual_seed(seed)
    heads = torch.binomial(torch.full((times,), float(b + c)), torch.full((times,), 0.5), generator=generator)
    return ((heads - (b + c) / 2).abs() >= abs(b - c) / 2).double().mean().item()


print(f"60 against 40, by the formula: {100 * chance_of(60, 40):.1f} %")
percent = 100 * tossed(60, 40)
claim("60 against 40, by tossing coins", percent, at_least=5.2, at_most=6.2, unit="%", spec=".1f")

# %% [markdown]
# Now our own networks. Are two seeds "significantly different"? And is a network better than the averages of notebook 1?

# %% tags=["nbval-ignore-output"] reason="the counts depend on the data set and on the seed"
for one, other in ((0, 1), (0, 2), (1, 2)):
    b = (is_wrong[one] & ~is_wrong[other]).sum().item()
    c = (is_wrong[other] & ~is_wrong[one]).sum().item()
    both = (is_wrong[one] & is_wrong[other]).sum().item()
    often = 100 * chance_of(b, c)
    print(
        f"seeds {one} and {other}: wrong for both {both}, only for seed {one}: {b}, only for seed {other}: {c}; "
        f"luck alone: {often:.0f} %"
    )

# %%
means = torch.stack([data.train.images[data.train.labels == d].double().mean(dim=0) for d in range(10)])
by_mean = torch.cdist(data.test.images.flatten(1).double(), means.flatten(1)).argmin(dim=1)
average_wrong = by_mean != data.test.labels
b = (average_wrong & ~is_wrong[0]).sum().item()
c = (is_wrong[0] & ~average_wrong).sum().item()
claim("wrong only for the average, for each wrong only for the network", b / max(1, c), at_least=5)
print("luck alone gives such a difference in less than 1 case in 1,000:", chance_of(b, c) < 0.001)

# %% [markdown]
# Between two seeds luck alone often gives as large a difference: there is no evidence that one of them is better. Between the network and the
# averages luck alone practically never does.
#
# One warning. This test asks about *these two trained networks* on images like these. "Architecture A is better than B" is
# another claim: a seed alone moves the accuracy, as section 7 showed. For that you need several seeds of each (notebook 4).
#
# ## 10. Is 100 % to be expected?
#
# **Exercise: can one expect 100 %?** (5 marks). Lab 000 asks it. You have what it takes to answer; choose for
# each question one of the options that stand below it.
#
# <details><summary>Hint 1</summary>
#
# Whose mistakes did you count in section 3?
#
# <details><summary>Hint 2</summary>
#
# For b: how often does a reader who is always right disagree with the labels? For c: what does a score prove
# on images that were looked at before?
#
# <details><summary>Hint 3</summary>
#
# b is (10,000 − 15) / 10,000 in percent. For c think of training images that were learnt by heart, for a of
# images that nobody can read.
#
# </details></details></details>

# %%
print(checks.questions("expect_100"))

# %% answer="expect_100"
choices = {"a": ..., "b": ..., "c": ...}  # replace the dots
### BEGIN SOLUTION
choices = {"a": "no", "b": "99.85", "c": "little"}
### END SOLUTION

# %% check="expect_100"
verdict = checks.expect_100(choices)
print(verdict)
verdict.points  # of 5

# %% [markdown]
# How far does teamwork get? Average the probabilities of the three networks and let them answer together.

# %%
team_wrong = belief.argmax(dim=1) != data.test.labels
claim("three networks together: accuracy", 100 * (~team_wrong).double().mean(), at_least=96, unit="%")
claim("mistakes of the team, for each mistake of one network", team_wrong.sum() / one_alone, at_most=1.3)
new = (team_wrong & (times_wrong == 0)).sum().item()
claim("images that the team gets wrong although each of the three is right", new, at_most=3, spec="d")
for seed, one_wrong in enumerate(is_wrong):  # section 9's test, the team against each seed
    b, c = (one_wrong & ~team_wrong).sum().item(), (team_wrong & ~one_wrong).sum().item()
    print(
        f"the team against seed {seed}: luck alone is this uneven in ≈ {100 * chance_of(b, c):.1f} % of all cases"
    )

# %% [markdown]
# Together they make fewer mistakes on MNIST than one of them: some of the mistakes that chance made are outvoted. Those that all three share
# mostly stay. Is a team better, then? Read the three lines, and remember the warning of section 9: they are about *these* networks. On one
# machine we trained four teams from twelve seeds. For the first team the lines said 2.0, 0.0 and 0.6 %, for the other three 9 to 100 %.
# A team is one run as well.
#
# And if somebody did report 100 %?
#
# **Predict.** What is the 95 % interval for 10,000 right of 10,000?

# %%
low, high = wilson_interval(10_000, 10_000)
print(f"10,000 of 10,000: {low:.2f} to {high:.2f} %")
print(f"15 wrong labels of 10,000: a reader who is always right scores {100 * (10_000 - 15) / 10_000:.2f} %")

# %% [markdown]
# **No, 100 % is not to be expected, and it would not be good news.**
#
# - Some images cannot be read by anybody: you have seen them in section 3.
# - Some labels are wrong, 15 by the count of Northcutt and others. A perfect *reader* gets 99.85 %. Who scores 100 % agrees with
#   every one of these errors.
# - A team of networks has reached 99.91 % (An and others, 2020, arXiv:2008.10400): above the perfect reader. The same 10,000
#   images have been used to choose networks for 25 years, and notebook 1 showed what choosing does. (Yadav and Bottou, 2019, *Cold Case: The
#   Lost MNIST Digits*, tried 50,000 fresh ones: error rates were slightly off, but the order of the networks held, thanks to pairing.)
# - Even 10,000 of 10,000 would only say "at least 99.96 %".
#
# ### One last surprise
#
# The page on which MNIST was published (yann.lecun.com/exdb/mnist) says that the first 5,000 test images are "cleaner and easier than the last 5,000". If that is so,
# a test on the first thousand images gives too good a number.
#
# **Predict.** How do the mistakes divide between the two halves?

# %% tags=["nbval-ignore-output"] reason="MNIST's test set has two halves, the bundled digits do not"
half = result.n // 2
for seed in range(3):
    first, second = is_wrong[seed, :half].sum(), is_wrong[seed, half:].sum()
    print(f"seed {seed}: {first} mistakes in the first half, {second} in the second")

# %% [markdown]
# On MNIST it is the other way round, and by far: the first half holds about three times as many mistakes. The sentence has been
# copied ever since; for our networks, one line of code disproves it. (And luck alone hardly ever does that: `chance_of(70, 25)` is about 0.0004 %.)
#
# That is this notebook in one example: **look at the mistakes yourself.**
#
# ## Questions
#
# 1. A row of the confusion matrix adds up to 892, its diagonal cell is 880. Which number is that, in percent, and what does the column
#    tell you instead?
#
# <details><summary>Answer</summary>
#
# 880 / 892 = 98.7 %: of the images that *are* this digit, so many were found. This share is called **recall**. The diagonal cell divided by the sum of its
# *column* is called **precision**: of the *answers* with this digit, so many are right.
# </details>
#
# 2. Your network is 99.2 % accurate on 500 images. Give the interval. Your friend has 98.6 % on the same 500. What do you need to know?
#
# <details><summary>Answer</summary>
#
# `wilson_interval(496, 500)` gives 98.0 to 99.7 %. 4 mistakes against 7: the most uneven case is 3 against 0 (all four shared), and
# `chance_of(3, 0)` is 25 %. No overlap can make that convincing: 500 images are too few.
# </details>
#
# 3. You train ten seeds and report the best one's test accuracy. What is wrong, and how would you report it?
#
# <details><summary>Answer</summary>
#
# The best of ten is partly the luckiest, on this test set (notebook 1, section 7). Report the mean and the spread of all ten, or choose the seed by
# the validation set.
# </details>
#
# 4. The rule of section 8 found nearly all the planted errors. Would it do as well on errors that people make?
#
# <details><summary>Answer</summary>
#
# Probably not. We planted *random* digits, and a 3 labelled 0 is easy to spot. People mislabel what looks ambiguous, a 4 that is almost a 9: there the
# networks are less sure, and the rule stays silent. A test with planted errors tells you about errors like the planted ones.
# </details>
#
# 5. Should you correct the labels that you find wrong in the test set, and then report the accuracy?
#
# <details><summary>Answer</summary>
#
# Not if only the network's disagreements get corrected: then every correction raises its score. Have people check all images, or a random sample, without
# seeing the answers of the network; or report both numbers and say what was changed.
# </details>
#
# 6. How many test images would you need to tell 98.9 % from 99.1 % without pairing?
#
# <details><summary>Answer</summary>
#
# The difference, 0.002, should be at least 1.96 times its spread √(2 × 0.99 × 0.01 / n): n = 2 × 0.0099 × (1.96 / 0.002)² ≈ 19,000, and then you would still miss
# it half of the time. Pairing on the same images is cheaper than collecting 30,000 more.
# </details>
#
# ## How sure were you?
#
# Section 3 asked whether the network's confidence is honest. Here is the same for yours: all your predictions so far, sorted by how sure you were.

# %%
calibration()

# %% [markdown]
# ## What to remember
#
# - An accuracy without its n is half a number: 98.9 % of 10,000 means 98.7 to 99.1 %.
# - Compare two networks on the same images, and count only those that exactly one gets wrong.
# - Mistakes come in two kinds: of the image (all seeds share them) and of chance (each seed has its own; a team removes some).
# - Confident is not right. But the least confident 5 % hold most of the mistakes.
# - A label is a measurement too. Ask several witnesses, test the rule with errors you planted, and call it evidence.
#
# **Next**: notebook 6 opens the network and looks at what its layers make of an image.
