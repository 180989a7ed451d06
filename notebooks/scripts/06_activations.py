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
# # 6 · Intermediate activations
#
# A trained network is often called a black box. It is not closed: every number between the
# image and the answer can be read. In this notebook you read them, layer by layer, and find
# out what a single unit looks at, what ReLU throws away, and when a channel is dead for good.
#
# **You will be able to**
# - read the kernels of a layer and say what they respond to;
# - follow one digit through every step of a network, with the shape and the share of zeros at each;
# - find dead channels, and say why they cannot come back;
# - compute which patch of the image one unit sees, and find the patches it likes best;
# - draw an occlusion map, and say what it does and does not show;
# - compare what two digits do to the same layer, and a trained with an untrained network.
#
# **Time**: 50 minutes. **Needs**: notebooks 2 and 3.
#
# **Exercises**: 1, with 10 marks.

# %%
import copy

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F

from cnnlab import checks, claim, evaluate, fit, load_data, models, plots, set_seed
from cnnlab.inspection import activations, dead_channels, kernels, occlusion_map, patch_seen_by
from cnnlab.plots.style import LECTURE
from cnnlab.predictions import calibration, predict

plt.rcParams.update(LECTURE)  # the look of all figures

# %% tags=["nbval-ignore-output"] reason="MNIST, or the bundled digits where MNIST is missing"
data = load_data()
data

# %% [markdown]
# ## 1. Two networks that differ in one thing
#
# Both are the 320 network of notebook 2, started from the same random numbers. We train one
# and leave the other as it is. Whatever differs below was learnt.
#
# (The bundled digits are a much smaller set, so they get more epochs and smaller batches: what counts is the number of steps.)

# %%
set_seed(0)
untrained = models.build("cnn_320").eval()
trained = copy.deepcopy(untrained)

epochs, batch_size = (3, 128) if data.name == "mnist" else (10, 64)
_ = fit(
    trained, data.train, epochs=epochs, batch_size=batch_size, optimizer="adam", lr=3e-3, schedule="one_cycle"
)
trained.eval()

before, after = evaluate(untrained, data.test), evaluate(trained, data.test)
claim("untrained: test accuracy", before.accuracy, at_most=40, unit="%", spec=".1f")
claim("trained: test accuracy", after.accuracy, at_least=93, unit="%", spec=".1f")

# %% [markdown]
# ## 2. The kernels: ten small pictures
#
# `conv1` holds ten kernels of 5×5 numbers. They are the only weights that touch pixels, so
# they can be read as pictures: where the kernel is positive it wants ink, where it is negative
# it wants background.
#
# **Predict.** Training started from the kernels of the untrained network. Will you recognise
# them afterwards, or will they look new?
#
# *The figure: ten 5×5 kernels, untrained above, trained below. Blue is negative, orange
# positive, white zero; one scale for both. Compare the strength of the colours.*

# %%
start, learnt = kernels(untrained, "conv1"), kernels(trained, "conv1")
figure, axes = plt.subplots(2, 1, figsize=(13, 4.6))
largest = max(start.abs().max().item(), learnt.abs().max().item())  # one scale for both
for ax, title, weights in ((axes[0], "untrained", start), (axes[1], "trained", learnt)):
    plots.kernel_grid(weights, columns=10, largest=largest, ax=ax).set_title(title)

alike = F.cosine_similarity(start.flatten(1), learnt.flatten(1))
claim("mean cosine similarity of a kernel before and after", alike.mean().item(), at_least=0.1, at_most=0.98)

# %% [markdown]
# Training made the weights larger. A cosine similarity of 1 would mean "only made longer", 0 "nothing in common". The trained
# kernels keep something of where they started: gradient descent bends kernels, it does not
# draw them from nothing. Another seed gives other kernels, and about the same accuracy.
#
# Some trained kernels have a positive side and a negative side. Such a kernel answers where
# the brightness changes in one direction: it finds an edge. Section 3 measures which of the ten do, and in which direction.

# %% [markdown]
# ## 3. One digit through every step
#
# `activations(model, images)` runs the network once and returns the output of every layer, by
# name. The shapes are those of notebook 3.

# %%
digit = int((data.test.labels == 7).nonzero()[0])  # the first 7 of the test set
test_images = data.test.normalised()
image = test_images[digit]

steps = activations(trained, image[None])
for name, output in steps.items():
    print(f"{name:8} {tuple(output.shape[1:])!s:14} {output[0].numel():5,} numbers")

# %% [markdown]
# **Exercise: the output of a layer** (10 marks). Question 6 of lab 003. Write `layer_output(model, images,
# name)`: what the layer of that name gives for the images, without a change to the network. A **forward
# hook** does it: after `handle = layer.register_forward_hook(f)` the layer calls `f(layer, inputs, output)`
# each time it has worked, until `handle.remove()`.
#
# <details><summary>Hint 1</summary>
#
# When does a layer's output exist, and who could keep it?
#
# <details><summary>Hint 2</summary>
#
# `model.get_submodule(name)` finds the layer. Hang a function on it that keeps the output, let the network
# run once, and take the function off again.
#
# <details><summary>Hint 3</summary>
#
# Make an empty list `kept`; the function is `lambda layer, inputs, output: kept.append(output)`. Register it,
# run `model(images)`, remove it. What you want lies in the list.
#
# </details></details></details>


# %% answer="layer_output"
def layer_output(model, images, name):
    wanted = ...  # replace the three dots
    ### BEGIN SOLUTION
    kept = []
    layer = model.get_submodule(name)
    handle = layer.register_forward_hook(lambda layer, inputs, output: kept.append(output))
    model(images)
    handle.remove()
    wanted = kept[0]
    ### END SOLUTION
    return wanted


# %% check="layer_output"
verdict = checks.layer_output(layer_output)
print(verdict)
verdict.points  # of 10

# %% [markdown]
# **Predict.** In the feature maps of `conv1`, what will the background be: exactly 0, or
# something else? The background of the digit is 0 in the file.

# %%
background = predict(
    "6.1 The background of the maps of conv1", ["exactly 0", "something else"], guess=..., sure=...
)
background

# %% [markdown]
# *The figure: the ten maps of 24×24 after `conv1`, one for each kernel; orange where the answer is positive, blue where it is negative,
# white at 0. Look for a 7 that is orange on one side of its stroke and blue on the other.*

# %%
_ = plots.feature_maps(steps["conv1"][0], columns=5)
corner = steps["conv1"][0, :, 0, 0]  # the window in the corner sees background only
pixel = image[0, 0, 0]  # a background pixel, after normalisation
by_hand = learnt.sum(dim=(1, 2, 3)) * pixel + trained.conv1.bias.detach()
print(
    "corner of each map = background pixel × sum of the kernel + bias:",
    torch.allclose(corner, by_hand, atol=1e-5),
)
print("any corner exactly 0:", bool((corner == 0).any()))
print(background.outcome("exactly 0" if (corner == 0).all() else "something else"))

# %% [markdown]
# The background of a map is not 0, and it differs from map to map. Normalisation turned the
# black pixel into a negative number (about −0.42 on MNIST), so a window on the background gives
# that number times the sum of the kernel's 25 weights, plus the bias. The cell above checks it
# for all ten kernels.

# %% [markdown]
# **Which channel answers at which edge?** At the right edge of a stroke, a window has ink on its left and background on its right.
# So lay ink under the two left columns of a kernel, then under the two right ones. Both windows hold ten pixels of ink, so the background and
# the bias are the same in both, and the answers differ by (sum of the two left columns − sum of the two right ones), times the
# brightness of the ink. Do the same with the two upper and the two lower rows.
#
# **Predict** from the trained kernels in section 2: which channel answers most clearly at an edge, and at which one?
#
# *The figure: an arrow for each channel, with its number. It points to the side at which the channel finds an edge; the longer it is, the clearer. We call
# what leaves the dotted square an edge channel.*


# %%
def edge_arrows(weights):
    """For each 5×5 kernel how clearly it answers at right edges (left: < 0) and at lower ones (upper: < 0)."""
    total = weights.abs().sum(dim=(1, 2, 3))
    to_right = weights[..., :2].sum(dim=(1, 2, 3)) - weights[..., 3:].sum(dim=(1, 2, 3))
    to_bottom = weights[..., :2, :].sum(dim=(1, 2, 3)) - weights[..., 3:, :].sum(dim=(1, 2, 3))
    return torch.stack([to_right, to_bottom], dim=1) / total[:, None]


arrows, limit = edge_arrows(learnt), 0.3  # 1 would be: all weights of one sign on one side, none elsewhere
figure, ax = plt.subplots(figsize=(6.2, 5.8))
ax.add_patch(plt.Rectangle((-limit, -limit), 2 * limit, 2 * limit, fill=False, linestyle=":"))
for channel, tip in enumerate(arrows):
    looks = {"arrowstyle": "-|>", "color": "#0072B2", "linewidth": 1.8}
    ax.annotate("", tip.tolist(), xytext=(0, 0), arrowprops=looks)
    beyond = (tip + 0.07 * tip / tip.norm()).tolist()
    ax.annotate(f"{channel}", beyond, ha="center", va="center", fontweight="bold")
ax.set(xlim=(-1, 1), ylim=(1, -1), aspect="equal")
ax.set(xlabel="left edge   ←   →   right edge", ylabel="lower edge   ←   →   upper edge")
ax.set(xticks=(-1, -0.5, 0, 0.5, 1), yticks=(-1, -0.5, 0, 0.5, 1))
for name, weights, bounds in (
    ("before", start, {"at_most": 7}),
    ("after", learnt, {"at_least": 5}),
):
    count = int((edge_arrows(weights).abs() > limit).any(dim=1).sum())
    claim(f"edge channels {name} training, of 10", count, spec="d", **bounds)

# %% tags=["nbval-ignore-output"] reason="which channels they are depends on the data set and on the training"
for edge, found in {
    "right edge": arrows[:, 0] > limit,
    "left edge": arrows[:, 0] < -limit,
    "lower edge": arrows[:, 1] > limit,
    "upper edge": arrows[:, 1] < -limit,
    "none of them": (arrows.abs() <= limit).all(dim=1),
}.items():
    print(f"{edge:12} channels {', '.join(str(c) for c in found.nonzero().flatten().tolist()) or '-'}")

# %% [markdown]
# Compare with the maps above: a channel of the list *lower edge* is orange below a stroke, one of *upper edge* above it. A channel in two lists
# answers at slanted edges. Nobody asked for edges: training made them.
#
# **One of these maps, pixel by pixel.** Below are the normalised image, a learnt kernel with its bias, and its map, the one from above.
#
# **Tasks**
# 1. Point at the background: where does its number come from? Multiply it out for one window.
# 2. Choose a channel that the list calls *right edge*, then one of *upper edge*. Put the window where its map is most orange. Which pixels lie on the weights above 0, which on those below? (In the middle, weights are the bold numbers; the colours are the products.)
# 3. Set padding 2. Padding is 0, but the background here is about −0.42: what appears along the border of the map, and why?

# %%
from cnnlab.widgets import ConvolutionExplorer

explorer = ConvolutionExplorer(image, "conv1, channel 3", model=trained)
print("the same map:", torch.allclose(explorer.feature_map, steps["conv1"][0, 3], atol=1e-4))
explorer

# %% [markdown]
# <details><summary>Answers</summary>
#
# 1. All 25 pixels are the same number there, so the sum is that number × (sum of the weights), plus the bias: the line of arithmetic above.
# 2. Ink mostly lies on the weights above 0, background on those below: at the right edge the ink is on the left of the window, at the upper edge at its bottom. Background is negative, and negative times negative adds to the sum, too.
# 3. A frame 2 pixels wide, as wide as the padding: to a normalised image, 0 is not black but grey. The network sees an edge where the padding begins.
# </details>

# %% [markdown]
# *The figures: the ten maps of 12×12 after pooling, then the same after ReLU: what was blue is 0 now. (There is no sign any more, so the second has other colours: 0 is dark.)*

# %%
_ = plots.feature_maps(steps["pool1"][0], columns=5)
_ = plots.feature_maps(steps["relu1"][0], columns=5)
kept = steps["pool1"][0, 0, 5, 5] == steps["conv1"][0, 0, 10:12, 10:12].max()
print("pool1[5, 5] is the largest of conv1[10:12, 10:12]:", bool(kept))
print("numbers before pooling:", steps["conv1"][0].numel(), " after:", steps["pool1"][0].numel())

# %% [markdown]
# Pooling keeps one number of four: 10 × 24 × 24 = 5,760 become 10 × 12 × 12 = 1,440. What is
# lost is *where* in the 2×2 window the largest value stood. What is kept is *that* it was there.
#
# The second block does the same once more, with 20 channels. **Predict.** Will you still
# recognise the 7 in maps of 4×4?
#
# *The figures: the 20 maps of 8×8 after `conv2`, of 4×4 after pooling, and the same after ReLU; the last are
# the 320 numbers.*

# %%
for name in ("conv2", "pool2", "relu2"):
    _ = plots.feature_maps(steps[name][0], columns=10)
print("numbers behind relu2:", steps["relu2"][0].numel())

# %% [markdown]
# The shape of the 7 is gone. What is left are answers such as "there is something of this kind, about here".

# %% [markdown]
# ## 4. What ReLU throws away
#
# ReLU sets every negative number to 0.
#
# **Predict.** Pooling hands ReLU the largest of four numbers. Over many test digits, which share is exactly 0 behind
# `relu2`, and behind the ReLU of the hidden layer, `relu3`? And behind the first:

# %%
zeros_of_relu1 = predict(
    "6.2 Which share of the numbers behind relu1 is exactly 0, in %?", guess=(..., ...), sure=...
)
zeros_of_relu1

# %%
sample = test_images[:300]
many = activations(trained, sample)
shares = {name: (many[name] == 0).float().mean().item() * 100 for name in ("relu1", "relu2", "relu3")}
for name, share in shares.items():
    claim(f"zeros behind {name}", share, at_least=15, at_most=85, unit="%", spec=".0f")
print(zeros_of_relu1.outcome(shares["relu1"]))

# %% [markdown]
# *The figure: histograms of the numbers that go into each ReLU, with the part that is set to 0
# in grey and the part that passes in blue.*

# %%
figure, axes = plt.subplots(1, 3, figsize=(12, 3.4))
pairs = [("pool1", "relu1"), ("pool2", "relu2"), ("fc1", "relu3")]  # what goes into ReLU, and what comes out
for ax, (into, name) in zip(axes, pairs):
    values = many[into].flatten()
    low, high = values.quantile(torch.tensor([0.001, 0.999])).tolist()
    edges = [
        *torch.linspace(low, 0, 21).tolist(),
        *torch.linspace(0, high, 21)[1:].tolist(),
    ]  # one edge is at 0
    _, _, bars = ax.hist(values.numpy(), bins=edges)
    for bar, edge in zip(bars, edges):
        bar.set_facecolor("#999999" if edge < 0 else "#0072B2")
    ax.set_title(f"{name}: {shares[name]:.0f} % set to 0")
    ax.set_xlabel("value before ReLU")
axes[0].set_ylabel("numbers")
clipped = all(torch.equal(many[into].clamp(min=0), many[name]) for into, name in pairs)
print("ReLU passes what is positive and sets the rest to 0:", clipped)

# %% [markdown]
# About half; and in the first two, each number was the largest of four. Look at the tall bar beside 0 in the
# first histogram: it is the background. A window that sees only background gives the same
# number everywhere in a map. Where that number is negative, ReLU wipes the whole background away, and only the stroke is left. The
# zeros are useful: a unit that is 0 for most images says something when it is not.

# %% [markdown]
# ## 5. Dead channels
#
# A channel is **dead** when ReLU makes it 0 everywhere, for every image. Its gradient is then 0
# too, because the slope of ReLU is 0 on the negative side. Nothing can bring it back by itself.
#
# **Predict.** We count over a thousand test digits (or all of them, if there are fewer).

# %%
dead_in_relu2 = predict(
    "6.3 How many of the 20 channels of relu2 are dead in our network?", guess=(..., ...), sure=...
)
dead_in_relu2

# %%
thousand = test_images[:1000]
dead = dead_channels(trained, thousand, "relu2")
claim("dead channels behind relu2, of 20", len(dead), at_most=4, spec=".0f")
print(dead_in_relu2.outcome(len(dead)))

# %% [markdown]
# Now we kill one on purpose: a bias of −20 in channel 3 of `conv2` puts it below zero for every
# image. **Predict** the gradient of channel 3 on the next batch.

# %%
killed = copy.deepcopy(trained)
with torch.no_grad():
    killed.conv2.bias[3] = -20.0

images, labels = next(iter(data.train.batches(200)))
loss = F.cross_entropy(killed(images), labels)
loss.backward()
gradient = killed.conv2.weight.grad.abs().amax(dim=(1, 2, 3))  # one number for each of the 20 channels
print("channel 3 is dead:", 3 in dead_channels(killed, thousand, "relu2"))
print("largest gradient in channel 3:", gradient[3].item())
print("some other channels have a gradient:", bool((gradient > 0).sum() >= 10))
claim(
    "test accuracy with channel 3 dead",
    evaluate(killed, data.test).accuracy,
    at_least=50,
    unit="%",
    spec=".1f",
)

# %% [markdown]
# The gradient is exactly 0: training has no word for this channel any more. The accuracy falls less
# than one might fear: the other 19 channels carry most of what it knew. In practice channels
# die when a step is too large, that is, with too high a learning rate.
#
# **Try it.** Train `models.build("cnn_320")` with `optimizer="sgd", lr=0.5` for one epoch and
# count dead channels behind `relu1` and `relu2`. Then with `lr=0.05`.
#
# <details><summary>What you will probably see</summary>
#
# In five runs of ours with 0.5, four still read 94 to 96 %, with 5 to 11 of the 20 channels behind
# `relu2` dead and none behind `relu1`; one lost all 20 and guessed, with a loss of 2.3 = ln 10.
# With 0.05 it trains well and few or none are dead. Run it with two or three seeds: one run is an anecdote.
# </details>

# %% [markdown]
# ## 6. Which patch does one unit see?
#
# Notebook 3 computed receptive fields, and checked them. Here they lie on the digit: the
# patch that one unit in the middle of each layer depends on. Nothing outside the frame can change that unit.
#
# **Predict.** A unit of `pool2` sees 16×16 pixels, and its neighbour's patch lies 4 pixels further. Which part of the 7 does the unit in row 2 see? And:

# %%
first_row_seen = predict(
    "6.4 Counted from 0, which row of the image is the first that the unit in row 2 of pool2 sees?",
    guess=(..., ...),
    sure=...,
)
first_row_seen

# %% [markdown]
# *The figure: the 7 with four frames, one for a unit of each layer.*

# %%
patches = {
    "conv1 (12, 12)": patch_seen_by(trained, "conv1", 12, 12),
    "pool1 (6, 6)": patch_seen_by(trained, "pool1", 6, 6),
    "conv2 (4, 4)": patch_seen_by(trained, "conv2", 4, 4),
    "pool2 (2, 2)": patch_seen_by(trained, "pool2", 2, 2),
}
for name, (top, left, height, width) in patches.items():
    print(
        f"{name:15} rows {top}–{top + height - 1}, columns {left}–{left + width - 1}: {height}×{width} pixels"
    )
_ = plots.unit_patch(image, patches)
print(first_row_seen.outcome(patches["pool2 (2, 2)"][0]))

# %% [markdown]
# Row 2 begins at 2 · 4 = 8 and is 16 long: rows 8 to 23.
#
# **Point at units yourself.** Choose a layer and a channel; point at a unit of its map, and its patch lights up in the image.
#
# **Tasks**
# 1. Choose `pool2` and a unit in the corner, then one in the middle. Which sees fewer pixels of the image, and why?
# 2. In `conv2`, go one unit to the right. By how many pixels does the patch move? Why not by one?
# 3. Find a channel of `relu2` that is 0 for this digit and not for another one.

# %%
from cnnlab.widgets import ActivationBrowser

ActivationBrowser(trained, data.test)

# %% [markdown]
# <details><summary>Answers</summary>
#
# 1. Neither: without padding every unit sees 16×16 pixels, those of the corner too. The patches of neighbours overlap, and the corner's patch ends at the image's corner.
# 2. By 2: `pool1` halved the map, so one step in `conv2` is two pixels of the image. This is the *jump* of notebook 3.
# 3. Another training gives other channels. Keep the channel and change the image's number.
# </details>

# %% [markdown]
# ## 7. What does a channel look for?
#
# Ask the data. For one channel of `relu2`, go through the first 2,000 test digits and all 16 units of its
# 4×4 map, and keep the patches with the largest values: the places the channel likes best.
#
# *The figure: five rows, one for each of five channels; in each row the eight 16×16 patches that
# excite the channel most, the strongest on the left, from eight different digits.*

# %%
layer, shown = "relu2", 8
maps = torch.cat([activations(trained, part, layer)[layer] for part in test_images[:2000].split(500)])
strength, place = maps.flatten(2).max(dim=2)  # for each image and channel: its largest unit, and where it is
channels = strength.std(dim=0).topk(5).indices.tolist()  # five channels that differ most from image to image

favourites, captions = [], []
for channel in channels:
    for index in strength[:, channel].topk(shown).indices.tolist():
        row, col = divmod(int(place[index, channel]), maps.shape[3])
        top, left, height, width = patch_seen_by(trained, "pool2", row, col)
        favourites.append(data.test.images[index, 0, top : top + height, left : left + width])
        captions.append(f"a {int(data.test.labels[index])}")
_ = plots.image_grid(torch.stack(favourites), rows=5, columns=shown, titles=captions)
print("patch size:", f"{height}×{width}", "| channels shown:", len(channels))

# %% [markdown]
# In most rows the same stroke comes back, mostly in several different digits: a channel of `relu2` does not
# look for a digit, it looks for a *part*, such as a bend or a crossing. The next layers add the
# parts up. Give each row a name of your own, and check it on the next eight patches
# (`shown = 16`). Beware: it is easy to see a meaning in eight pictures. A name is a guess until
# it predicts the ninth.

# %% [markdown]
# ## 8. Occlusion: cover a patch and ask again
#
# An occlusion map asks a plain question: if I cover this 5×5 patch with background, how much
# less sure is the network of the answer? Where the map is orange, the network needed those pixels.
#
# **Predict.** For the 7: which part does it need most, the bar on top, the corner, or the foot?
#
# *The figure: four digits, drawn as outlines, each over its map: orange where covering costs the
# true class most, blue where covering helps it.*

# %%
figure, axes = plt.subplots(1, 4, figsize=(14, 3.8))
falls = []
for ax, label in zip(axes, (7, 4, 3, 9)):
    index = int(((data.test.labels == label) & (after.predicted == label)).nonzero()[0])
    heat = occlusion_map(trained, test_images[index], label, size=5, measure="logit")
    falls.append(heat.max().item())
    plots.heat_over_image(data.test.images[index], heat, label=f"drop of the logit of {label}", ax=ax)
claim("every digit has a patch that costs its logit at least", min(falls), at_least=0.5)

# %% [markdown]
# We show the drop of the *logit*. The probability of an easy digit stays near 100 % whatever
# 5×5 patch is covered, and its map would be blank.
#
# Was it the bar, the corner or the foot? On MNIST, covering the corner and the stroke below it costs the 7
# most; the foot counts less.
#
# What the map does not show: a patch can matter only together with another. And a covered digit
# may look like no digit the network has ever seen. An occlusion map says what *this* network does with *this* change,
# not why a digit is a 7.
#
# Now the same for a digit the network gets wrong, its surest mistake, with the maps of both classes: the true one and the one it prefers.
#
# **Predict.** Cover the patch that the wrong answer leans on most. What happens to its lead over the true class?
#
# *The figure: one digit twice, as an outline. Left what the logit of the true class loses where a patch is covered, right what the logit of the predicted class
# loses; in the titles the probability of each.*

# %%
wrong = int(after.mistakes()[0])  # the most confident mistake
true, said = int(data.test.labels[wrong]), int(after.predicted[wrong])
figure, axes = plt.subplots(1, 2, figsize=(12, 4.8))
heats = {}
for ax, label, name in [(axes[0], true, "true"), (axes[1], said, "predicted")]:
    heats[name] = occlusion_map(trained, test_images[wrong], label, size=5, measure="logit")
    plots.heat_over_image(data.test.images[wrong], heats[name], label=f"drop of the logit of {label}", ax=ax)
    ax.set_title(f"{name}: {label} ({100 * after.probabilities[wrong, label]:.1f} %)")
lead = heats["predicted"] - heats["true"]  # by how much covering lowers (logit − logit of the true class)
prop = heats["predicted"].argmax()  # the place whose covering costs the predicted class most
claim("covering what it leans on most lowers the lead by", lead.flatten()[prop], at_least=-3)
claim("covering what misled it most lowers the lead by", lead.max(), at_least=1)

# %% [markdown]
# Compare the two maps place by place. Orange in both: both classes need this ink. Orange on the right and blue on the left: this ink speaks for the wrong class
# and against the true one. It is what misled the network: with it covered, the lead shrinks most. In the run that is stored here, on MNIST, the digit is a 3
# read as a 5, and two places are such: the stroke on the left of the upper half, which a 5 has and a 3 has not, and the right end of the bar on top.

# %% [markdown]
# ## 9. The same layer for two digits
#
# Average the 20 channels of `relu2` over each map and over the test digits of one class (of the first 2,000): one
# number for each class and channel.
#
# **Predict.** Which two digits will have the most similar rows? The title of the figure names the pair.
#
# *The figure: a table of ten rows (digits) and twenty columns (channels); bright where the
# channel answers strongly to that digit.*

# %%
labels = data.test.labels[: len(maps)]
profile = torch.stack(
    [maps[labels == digit].mean(dim=(0, 2, 3)) for digit in range(10)]
)  # (10 digits, 20 channels)

figure, ax = plt.subplots(figsize=(10, 5))
drawn = ax.imshow(profile, cmap="cividis", aspect="auto")
ax.set(xlabel="channel of relu2", ylabel="true digit", xticks=range(20), yticks=range(10))
figure.colorbar(drawn, label="mean activation")

centred = profile - profile.mean(dim=0)
likeness = F.cosine_similarity(centred[:, None], centred[None], dim=2) - 2 * torch.eye(10)
first, second = divmod(int(likeness.argmax()), 10)
ax.set_title(f"most alike: {first} and {second}")
print("each digit has its own profile:", bool(likeness.max() < 0.999))

# %% [markdown]
# Was it your pair? On MNIST it is 3 and 5, which share the bend at the bottom.
#
# Means over the map say *which* channels answer. The maps say *where*. Take a pair that looks
# alike, 3 and 8. **Predict.** Draw both digits in your mind.

# %%
three_and_eight = predict(
    "6.5 In which half of the 4×4 maps do 3 and 8 differ most?", ["left", "right"], guess=..., sure=...
)
three_and_eight

# %% [markdown]
# *The figure: the average 3, the average 8, and the 4×4 places of `relu2`: bright where the two
# digits differ most, averaged over the 20 channels.*

# %%
there = {digit: maps[labels == digit].mean(dim=0) for digit in (3, 8)}  # (20, 4, 4) each
difference = (there[3] - there[8]).abs().mean(dim=0)  # (4, 4)
figure, axes = plt.subplots(1, 3, figsize=(11, 3.8))
for ax, digit in zip(axes, (3, 8)):
    ax.imshow(data.test.images[data.test.labels == digit].float().mean(dim=(0, 1)), cmap="gray")
    ax.set(title=f"average {digit}", xticks=[], yticks=[])
drawn = axes[2].imshow(difference, cmap="cividis", vmin=0)
axes[2].set(title="difference in relu2", xticks=range(4), yticks=range(4), xlabel="column", ylabel="row")
figure.colorbar(drawn, label="mean |difference|")
left, right = difference[:, :2].mean(), difference[:, 2:].mean()
claim("difference in the left half ÷ in the right half", (left / right).item(), at_least=1)
print(three_and_eight.outcome("left" if left > right else "right"))

# %% [markdown]
# On the right both are bent the same way, and there the maps differ least. In the left half, beside the column at the very edge,
# the 8 is closed and the 3 is open: there they differ most, and that is the evidence the last two layers work with.

# %% [markdown]
# ## 10. What did training change?
#
# Look at the trained and the untrained network with one plain measure. Take the activations of
# a layer. For each class, average them over 1,000 training digits: that is the class's mean point. Then give each
# test digit the class whose mean is nearest. (Notebook 1 did so on the pixels, with the means of all 60,000 images.) No training, no weights of its own. If this works
# well on a layer, the layer has already pulled the classes apart.
#
# **Predict.** Four accuracies: on the pixels, on `relu1`, on `relu2`, on `relu3`, for the
# trained network. Then for the last layer of the untrained one. (Less than a point apart is "the same".)

# %%
untrained_relu3 = predict(
    "6.6 Untrained, is relu3 worse than the pixels, the same, or better?",
    ["worse", "the same", "better"],
    guess=...,
    sure=...,
)
untrained_relu3


# %%
def nearest_mean_accuracy(train_features, train_labels, test_features, test_labels):
    """Share of test points, in percent, whose nearest class mean is their own class's."""
    means = torch.stack([train_features[train_labels == digit].mean(dim=0) for digit in range(10)])
    nearest = torch.cdist(test_features, means).argmin(dim=1)
    return (nearest == test_labels).float().mean().item() * 100


known, asked = data.train.take(1000), data.test.take(min(1000, len(data.test)))
places = ["pixels", "relu1", "relu2", "relu3"]
separated = {}
for title, model in [("untrained", untrained), ("trained", trained)]:
    there, here = activations(model, known.normalised()), activations(model, asked.normalised())
    there["pixels"], here["pixels"] = known.normalised(), asked.normalised()
    separated[title] = [
        nearest_mean_accuracy(there[p].flatten(1), known.labels, here[p].flatten(1), asked.labels)
        for p in places
    ]

# %%
figure, ax = plt.subplots(figsize=(8, 4.4))
looks = [("#767676", "s", -24), ("#0072B2", "o", 10)]  # colour, marker, height of the numbers above the line
for (title, values), (colour, marker, above) in zip(separated.items(), looks):
    ax.plot(places, values, color=colour, marker=marker, linewidth=2.5, markersize=9)
    for x, value in enumerate(values):
        ax.annotate(
            f"{value:.0f}",
            (x, value),
            textcoords="offset points",
            xytext=(0, above),
            ha="center",
            color=colour,
        )
    ax.annotate(title, (3, values[-1]), textcoords="offset points", xytext=(14, -4), color=colour)
ax.set(xlabel="layer", ylabel="nearest-mean accuracy (%)", ylim=(0, 108), xlim=(-0.3, 3.9))

gain = {title: values[3] - values[0] for title, values in separated.items()}
claim("gain from pixels to relu3, trained", gain["trained"], at_least=3, unit="points", spec=".1f")
claim("gain from pixels to relu3, untrained", gain["untrained"], at_most=10, unit="points", spec=".1f")
untrained_is = "worse" if gain["untrained"] <= -1 else "better" if gain["untrained"] >= 1 else "the same"
print(untrained_relu3.outcome(untrained_is))

# %% [markdown]
# The line of the trained network rises layer by layer: each layer makes the classes easier to
# tell apart, until the last one needs only a straight cut between them. On MNIST the untrained
# network's random convolutions even help a little, and its random linear layer loses that again: it ends below the pixels.
# Random kernels keep much of the image. Only training brings it closer to the answer, layer by layer.
#
# This is the story of a deep network in one picture: it does not find the answer at the end, it
# rewrites the image step by step until the answer is easy.

# %% [markdown]
# ## Questions
#
# 1. Why is the background of a feature map not 0, though the image's background is 0?
#
# <details><summary>Answer</summary>
#
# Two reasons. Normalisation moves the black pixel to (0 − mean) / std, about −0.42 on MNIST. And
# each kernel has a bias. The background becomes −0.42 × (sum of the 25 weights) + bias.
# </details>
#
# 2. Why can a dead channel not recover, whatever the optimiser?
#
# <details><summary>Answer</summary>
#
# On the negative side ReLU's slope is 0. By the chain rule every gradient that passes through it
# is multiplied by 0, for every image. The channel's weights get the gradient 0, and a gradient
# step does not move them. (Weight decay would still shrink them, and a layer before it
# may change what comes in. Neither is learning.)
# </details>
#
# 3. A unit of `conv2` sees 14×14 pixels. Show it by arithmetic.
#
# <details><summary>Answer</summary>
#
# `conv1` sees 5, with a jump of 1 pixel between neighbours. Pooling 2 adds (2 − 1) × 1 = 1: 6
# pixels, jump 2. `conv2` adds (5 − 1) × 2 = 8: 14 pixels.
# </details>
#
# 4. An occlusion map of a digit is blank when drawn with probabilities. Does the network ignore the image?
#
# <details><summary>Answer</summary>
#
# No. Softmax is flat near 100 %: a logit lead of 12 or of 8 both give more than 99.9 %. Draw the logit.
# </details>
#
# 5. The untrained network's features still tell digits apart far better than chance (10 %). How can that be?
#
# <details><summary>Answer</summary>
#
# A random convolution mixes neighbouring pixels but does not destroy them. Images that were far
# apart mostly stay far apart. Good features are not the same as learnt features.
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
# - Every number inside a network can be read; `activations(model, images)` gives them by layer name.
# - A kernel with a positive and a negative side finds edges; later layers find parts made of edges.
# - ReLU sets the negative numbers to 0, and a channel that is always negative is dead: its gradient is 0.
# - A unit sees only its receptive field: 16×16 pixels for `pool2` of the 320 network.
# - An occlusion map shows what one network needs in one image. It is evidence, not a reason.
# - Training makes the classes easier to tell apart, layer by layer.
#
# **Next**: notebook 7 measures how long all this takes, and how to measure it right.
