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
# # 3 · Why 320?
#
# In the network of notebook 2 there is one number that nobody chose: the 320 in `nn.Linear(320, 50)`.
# Write 321 and nothing runs. Write 320 without knowing why, and the next change breaks the network, now
# and then without any error message. Here you derive it, break it on purpose, and in the end look at what
# those 320 numbers see of a digit.
#
# **You will be able to**
# - work out the size of every feature map with one formula, in your head for the usual layers;
# - say what padding, stride and pooling do to it, and where pixels get lost;
# - read a shape error, find the layer to blame, and mend it in more than one way;
# - count the parameters and the multiplications of a network on paper, and know where they sit;
# - say which patch of the image one number deep in the network depends on.
#
# **Time**: 80 minutes · **Needs**: notebook 2 (convolution, padding, stride, pooling)
#
# **Exercises**: 7, with 65 marks.

# %%
from fractions import Fraction
from itertools import pairwise

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional as F

from cnnlab import checks, explain, load_data, models, plots, receptive_field, set_seed, trace_shapes
from cnnlab.arithmetic import conv_parameters, linear_parameters, pool_w_out, unread_pixels, w_out
from cnnlab.inspection import activations, count_parameters, multiply_adds, patch_seen_by
from cnnlab.plots.style import BLUE, LECTURE, ORANGE, SIGNED
from cnnlab.predictions import calibration, predict

plt.rcParams.update(LECTURE)  # the look of all figures
set_seed(0)

# %% tags=["nbval-ignore-output"] reason="MNIST, or the bundled digits where MNIST is missing"
data = load_data()
data

# %% [markdown]
# ## 1. In how many places can a kernel stand?
#
# One row of the image has 28 pixels; a kernel is 5 pixels wide and must lie inside the row.
#
# **Predict.** (28? 23? something between?)

# %%
count_of_places = predict(
    "3.1 In how many places can a kernel of 5 stand on a row of 28 pixels?", guess=(..., ...), sure=...
)
count_of_places

# %%
row, kernel = 28, 5
places = [left for left in range(row) if left + kernel <= row]
print(f"first place: pixels {places[0]} to {places[0] + kernel - 1}")
print(f"last place:  pixels {places[-1]} to {places[-1] + kernel - 1}")
print(f"places: {len(places)}")
print(count_of_places.outcome(len(places)))

# %% [markdown]
# The last place begins at pixel 28 − 5 = 23. The first begins at 0, so there are 23 + 1 = **24**. The `+ 1` is
# the one that people forget: it counts the place where you start.
#
# *The figure: one bar for each place, 24 bars, each 5 pixels long, each one pixel further right than the bar above.*

# %%
figure, ax = plt.subplots(figsize=(10, 4.8))
ax.barh(range(len(places)), width=kernel, left=places, height=0.72, color=BLUE)
ax.set(xlim=(0, row), ylim=(23.8, -0.8), xlabel="pixel of the row", ylabel="place")
ax.set_xticks(range(0, row + 1, 4))
ax.grid(axis="x", alpha=0.3)
ax.set_title(f"{len(places)} places for a kernel of width {kernel} on {row} pixels")
print(f"bars drawn: {len(ax.patches)}")

# %% [markdown]
# ## 2. The formula, and whether it is true
#
# **Padding** `p` adds p pixels on *each* side, so the row is `w + 2p` wide. **Stride** `s` keeps every s-th place
# only. Counting as above gives
#
# $$w_{out} = \left\lfloor \frac{w + 2p - k}{s} \right\rfloor + 1$$
#
# The brackets ⌊ ⌋ mean *round down*: a place that does not fit in full does not count.

# %% [markdown]
# **Exercise: the output size** (5 marks). Write `output_size(w_in, k, p, s)`: the formula as a function that
# gives a whole number. Lab 004 wrote one as well; section 7 shows where it fails.
#
# <details><summary>Hint 1</summary>
#
# A kernel of 3 stands on a row of 6 pixels and moves by 2. In how many places can it stand? Draw them.
#
# <details><summary>Hint 2</summary>
#
# How wide is the row with the padding on both sides? How far can the kernel move from its first place, and
# how many whole steps of `s` is that?
#
# <details><summary>Hint 3</summary>
#
# The kernel can move by `w_in + 2 * p - k` pixels. Divide so that a whole number comes out, and count the
# place where it starts.
#
# </details></details></details>


# %% answer="output_size"
def output_size(w_in, k, p, s):
    size = ...  # replace the three dots
    ### BEGIN SOLUTION
    size = (w_in + 2 * p - k) // s + 1
    ### END SOLUTION
    return size


# %% check="output_size"
verdict = checks.output_size(output_size)
print(verdict)
verdict.points  # of 5

# %% [markdown]
# **Predict.** What are these four results? (28, k=5, p=0), (28, k=5, p=2), (28, k=3, p=1, s=2), (28, k=4, p=0, s=3)


# %%
for k, p, s in [(5, 0, 1), (5, 2, 1), (3, 1, 2), (4, 0, 3)]:
    print(f"k={k} p={p} s={s}:  ⌊({28} + {2 * p} - {k}) / {s}⌋ + 1 = {w_out(28, k, p, s)}")

# %% [markdown]
# `w_out` is cnnlab's function for the formula. One formula against one loop is no proof. PyTorch is the judge: here is every combination of widths 7 to 40, kernels 1 to 7,
# paddings 0 to 3 and strides 1 to 4.

# %%
agree = tried = 0
for w in range(7, 41):
    for k in range(1, 8):
        for p in range(4):
            for s in range(1, 5):
                judge = F.conv1d(torch.zeros(1, 1, w), torch.zeros(1, 1, k), padding=p, stride=s).shape[-1]
                agree += w_out(w, k, p, s) == judge
                tried += 1
print(f"{tried:,} settings tried; the formula and PyTorch agree on {agree:,}")

# %% [markdown]
# From here on `w_out` does the arithmetic. It takes one more number, the dilation `d` (the step between neighbouring numbers of the kernel, here always 1), and has error messages.

# %% [markdown]
# ## 3. Layer by layer to 320
#
# The network of notebook 2 (lab 002): conv1 with a 5×5 kernel and 10 channels, max pooling 2, conv2 with a 5×5
# kernel and 20 channels, max pooling 2. No padding anywhere. Pooling uses the same formula; its stride is
# the kernel's own width, so pooling 2 halves.

# %% [markdown]
# **Exercise: explain the 320** (25 marks). Question 4 of lab 002, with the lab's marks: why does `fc1` take
# 320 numbers? Give the widths after conv1, pool1, conv2 and pool2 (10 marks), the channels, height and width
# that are multiplied (5 marks), and a text of a few sentences that names the width after each of the four layers and the channels, with the arithmetic written out, as in “60 / 4
# = 15” (10 marks; the check reads the numbers and the arithmetic, not the sense of the words).
#
# <details><summary>Hint 1</summary>
#
# In how many places can a kernel of 5 stand on a row of 28? What does pooling make of that number, and on how
# wide a row does conv2 stand?
#
# <details><summary>Hint 2</summary>
#
# The formula of section 2, four times, each with the result of the one before. Pooling is the formula with k
# = 2 and s = 2. The number of channels after conv2 is the number of its kernels.
#
# <details><summary>Hint 3</summary>
#
# Begin with (28 + 0 − 5) / 1 + 1 = … and halve it; the same kernel again, and halve again. At the end
# multiply conv2's channels by the last height and the last width. Write every step into the text, with the
# name of its layer.
#
# </details></details></details>

# %% answer="explain_320"
widths = ...  # a list of four numbers
product = ...  # a list of three numbers
text = "..."  # or """ … """ for several lines
### BEGIN SOLUTION
widths = [24, 12, 8, 4]
product = [20, 4, 4]
text = """
A kernel of 5 without padding has 28 − 5 + 1 = 24 places, so conv1 makes maps of 24 × 24.
pool1 halves them: 24 / 2 = 12. conv2: 12 − 5 + 1 = 8. pool2: 8 / 2 = 4.
conv2 has 20 kernels, so there are 20 maps: 20 × 4 × 4 = 320 numbers.
"""
### END SOLUTION

# %% check="explain_320"
verdict = checks.explain_320(widths, product, text)
print(verdict)
verdict.points  # of 25

# %% [markdown]
# Notebook 2 printed the four widths. Here they are derived, and then for a network that it did not print.
#
# **Predict.** With `padding=1` in both convolutions, what are the four widths? And in the end:

# %%
flatten_with_padding = predict(
    "3.2 The 320 network with padding=1: how many numbers does the flatten step give?",
    guess=(..., ...),
    sure=...,
)
flatten_with_padding

# %%
for p in (0, 1):
    conv1 = w_out(28, k=5, p=p)
    pool1 = pool_w_out(conv1, k=2)
    conv2 = w_out(pool1, k=5, p=p)
    pool2 = pool_w_out(conv2, k=2)
    flatten = f"20 × {pool2} × {pool2} = {20 * pool2 * pool2}"
    print(f"padding {p}: 28 → {conv1} → {pool1} → {conv2} → {pool2};  {flatten}")
print(flatten_with_padding.outcome(20 * pool2 * pool2))

# %% [markdown]
# There it is: **28 → 24 → 12 → 8 → 4**, and 20 channels of 4 × 4 are 320 numbers. With padding 1 each convolution takes off 2 instead of 4,
# and the last pooling halves an odd width: 11 // 2 = 5, one column is dropped. The *channels* (10, 20) were chosen freely.
# The *sizes* follow from the image and the layers. 320 is all three multiplied, 20 · 4 · 4; `fc1` has no say in it.
#
# `trace_shapes` sends one blank image through a network and writes down what comes out of each layer, with the arithmetic:

# %%
trace_shapes(models.build("cnn_320"))

# %% [markdown]
# *The figure below: all the maps of one digit to scale, in an untrained network, large and few on the left, small and many on the right.*
#
# **Predict.** Does the first convolution make *less* of the image, or more? Count the numbers in all the maps.

# %%
digit = data.test.take(data.test.labels == 2).take(1)
outputs = activations(models.build("cnn_320"), digit.normalised(), ["conv1", "pool1", "conv2", "pool2"])
maps = {"image": digit.normalised()[0]} | {name: output[0] for name, output in outputs.items()}


def draw_stack(ax, x, channels):
    """The first channel in front, the others behind it, each a little further up and to the right."""
    count, height, width = channels.shape
    high = channels.abs().max() if count > 1 else channels.max()
    low, colours = (-high, SIGNED) if count > 1 else (channels.min(), "gray")  # the image: black to white
    for c in range(count):
        left, bottom = x + 0.8 * c, 0.8 * c - height / 2
        box = (left, left + width, bottom, bottom + height)
        ax.imshow(channels[c], extent=box, cmap=colours, vmin=low, vmax=high, zorder=-c)
        ax.add_patch(plt.Rectangle((left, bottom), width, height, fill=False, linewidth=0.7, zorder=-c))


figure, ax = plt.subplots(figsize=(12, 4.3))
x = 0.0
for name, channels in maps.items():
    count, height, width = channels.shape
    draw_stack(ax, x, channels)
    text = f"{name}\n{count} × {height} × {width}\n= {channels.numel():,}"
    ax.text(x + width / 2, -height / 2 - 1, text, ha="center", va="top")
    x += width + 0.8 * count + 9
ax.set(xlim=(-2, x - 6), ylim=(-27, 22), aspect="equal")
ax.axis("off")
print(" → ".join(f"{channels.numel():,}" for channels in maps.values()), "numbers")

# %% [markdown]
# conv1 makes each map smaller, 28 → 24, and yet the network holds seven times as many numbers after it, because there are ten maps.
# Pooling is what brings them down: 5,760 → 1,440.

# %% [markdown]
# ## 4. The same for another network: your turn
#
# Lab 000 uses 5×5 kernels with **padding 2**, 32 and then 64 channels, and max pooling 2 after each convolution.
# The first two numbers are filled in. Replace each `None`, then run the cell.

# %%
your_answer = {"conv1": 28, "pool1": 14, "conv2": None, "pool2": None, "flatten": None}

for layer in trace_shapes(models.build("cnn_wide")):
    if layer.name in your_answer:
        answer, truth = your_answer[layer.name], layer.out_shape[-1]
        verdict = "to do" if answer is None else "right" if answer == truth else "not yet"
        print(f"{layer.name:8} {answer!s:>5}  {verdict}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# conv2: (14 + 4 − 5) // 1 + 1 = 14. pool2: 7. flatten: 64 × 7 × 7 = **3,136**.
# Padding 2 makes a 5×5 convolution keep its size, so only the pooling layers shrink the map: 28 → 14 → 7.
# </details>

# %% [markdown]
# **Exercise: the network that lab 004 asked for** (10 marks). The lab asked for four convolutions and built
# two. Build what it asked for: conv 32, conv 32, max pooling 2, conv 64, conv 64, max pooling 2, flatten, a
# linear layer to 256 and one to 10. All kernels are 3×3 with padding 1, and a ReLU follows every layer but
# the last. (The lab ends in softmax; here the logits come out.) It has 870,634 parameters.
#
# <details><summary>Hint 1</summary>
#
# What do padding 1 and a 3×3 kernel do to the size of a map, and what does pooling do?
#
# <details><summary>Hint 2</summary>
#
# In `nn.Sequential` the layers stand in a row. The first number of a convolution is the channels that come
# in, the second those that go out. For the first linear layer write down the width after each pooling.
#
# <details><summary>Hint 3</summary>
#
# It begins `nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(),
# nn.MaxPool2d(2)`, and the second half goes the same way. Flatten gives 64 channels × height × width after
# two halvings of 28.
#
# </details></details></details>

# %% answer="network_as_asked"
as_asked = ...  # replace the three dots
### BEGIN SOLUTION
as_asked = nn.Sequential(
    nn.Conv2d(1, 32, 3, padding=1),
    nn.ReLU(),
    nn.Conv2d(32, 32, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(32, 64, 3, padding=1),
    nn.ReLU(),
    nn.Conv2d(64, 64, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(64 * 7 * 7, 256),
    nn.ReLU(),
    nn.Linear(256, 10),
)
### END SOLUTION

# %% check="network_as_asked"
verdict = checks.network_as_asked(as_asked)
print(verdict)
verdict.points  # of 10

# %% [markdown]
# ## 5. Every network of the labs
#
# Each with its lab, its widths and its flatten step, every size by `w_out`. The first two have no convolution and flatten the image itself: `logistic` is one linear layer; `mlp` is a
# **multilayer perceptron**, linear layers with ReLU between them.

# %%
agree = True
networks = {
    "logistic": "labs 003, 004",
    "mlp": "lab 004",
    "cnn_320": "lab 002",
    "lenet_dropout": "lab 001",
    "cnn_wide": "lab 000",
    "cnn_padded": "lab 004",
    "cnn_deep": "asked for by lab 004",
}
for name, lab in networks.items():
    network, w, path = models.build(name), 28, "28"
    for layer in trace_shapes(network):
        module = network.get_submodule(layer.name)
        if layer.kind == "Conv2d":
            w = w_out(w, module.kernel_size[0], module.padding[0], module.stride[0])
            path += f" –conv→ {w}"
        elif layer.kind == "MaxPool2d":
            w = pool_w_out(w, module.kernel_size)
            path += f" –pool→ {w}"
        elif layer.kind == "Flatten":
            flatten = layer.arithmetic
        agree &= len(layer.out_shape) == 1 or layer.out_shape[-1] == w
    print(f"{name:14} ({lab})\n{'':14} {path}\n{'':14} flatten: {flatten}\n")
print("PyTorch has the same size after every layer:", agree)

# %% [markdown]
# The last three networks all end at 7 and 3,136. Their padding fits their kernels, so no convolution changes a size, and two or four of them make no difference:
# only the pooling shrinks the map.

# %% [markdown]
# ### A published text that gets it wrong
#
# Lab 001 explains the flatten step of its own network (`lenet_dropout` in the table) as 4 × 4 × 20 = 320.
# Its second convolution has 16 channels, not 20.
#
# **Predict.** What happens if one believes the text, and which layer gets the blame?

# %%
lab_001_as_explained = nn.Sequential(
    nn.Conv2d(1, 6, kernel_size=5),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(6, 16, kernel_size=5),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(320, 30),
    nn.Linear(30, 10),
)
try:
    lab_001_as_explained(torch.zeros(64, 1, 28, 28))
except RuntimeError as error:
    print("PyTorch:", str(error).removeprefix("addmm: "))

# %% [markdown]
# PyTorch names two matrices and no layer. The layer is the first `nn.Linear`; "mat1" is what reached it, 64 images of 256 numbers.
# `explain` says the same in words, with the arithmetic and with ways out:

# %%
print(explain(lab_001_as_explained, (1, 28, 28)))

# %% [markdown]
# 16 × 4 × 4 = 256. Look at the second remedy: with 20 channels in the second convolution, the 320 would have been right. The text has the right method and the channel count
# of another network. Arithmetic belongs next to the code that it describes.

# %% [markdown]
# ## 6. Padding 2, and a network that lies
#
# Give both convolutions of the 320 network `padding=2`, and change nothing else.

# %% [markdown]
# **Exercise: padding 2, and fc1** (5 marks). How many numbers does the flatten step now hand on to `fc1`? Do
# it on paper.
#
# <details><summary>Hint 1</summary>
#
# What does padding 2 do to the size, if the kernel is 5×5?
#
# <details><summary>Hint 2</summary>
#
# Write down the width after conv1, pool1, conv2 and pool2. Then multiply: channels × height × width.
#
# <details><summary>Hint 3</summary>
#
# 28 → 28 → 14 → … : conv2 keeps the size, and pool2 halves it. conv2 still has 20 channels.
#
# </details></details></details>

# %% answer="padded_fc1"
fc1_takes = ...  # replace the three dots
### BEGIN SOLUTION
fc1_takes = 20 * 7 * 7
### END SOLUTION

# %% check="padded_fc1"
verdict = checks.padded_fc1(fc1_takes)
print(verdict)
verdict.points  # of 5

# %%
w = w_out(28, k=5, p=2)
w = pool_w_out(w, k=2)
w = w_out(w, k=5, p=2)
w = pool_w_out(w, k=2)
print(f"28 → 28 → 14 → 14 → {w};  20 × {w} × {w} = {20 * w * w}")

# %% [markdown]
# `fc1` still waits for 320 numbers and gets 980. That should be an error at once. Here is the network as lab 002 writes it, with its
# own flatten line, `x.view(-1, 320)`: "rows of 320 numbers, as many rows as it takes".
#
# **Predict.** An error in `view`, an error in `fc1`, or none? And:

# %%
answers_out = predict(
    "3.3 64 images go in. How many answers come out? (0 if there is an error)", guess=(..., ...), sure=...
)
answers_out


# %%
class PaddedAndViewed(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, kernel_size=5, padding=2)
        self.conv2 = nn.Conv2d(10, 20, kernel_size=5, padding=2)
        self.fc1 = nn.Linear(320, 50)
        self.fc2 = nn.Linear(50, 10)

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.conv2(x), 2))
        x = x.view(-1, 320)
        x = F.relu(self.fc1(x))
        return self.fc2(x)


set_seed(0)
liar = PaddedAndViewed()
images = data.test.take(64).normalised()
answers = liar(images)
print(f"{len(images)} images in, {len(answers)} answers out")
print(answers_out.outcome(len(answers)))

# %% [markdown]
# None. 64 images make 64 × 980 = 62,720 numbers, and 62,720 / 320 = 196 rows. `view` cut the batch into 196 rows of 320, so
# one "row" ends in the middle of one image and the next begins there. Each answer is about pieces of digits. If you only look at the answers, you see nothing.
#
# The mistake shows at the loss, two layers later and in other words. And with another batch size it shows elsewhere:

# %%
labels = data.test.take(64).labels
try:
    F.cross_entropy(answers, labels)
except ValueError as error:
    print("batch of 64, at the loss:", error)
try:
    liar(images[:50])
except RuntimeError as error:
    print("batch of 50, at view:    ", error)

# %% [markdown]
# **Predict.** Which batch sizes slip through `view`? (Hint: 980 and 320 are both divisible by 20.)

# %%
silent = [n for n in range(1, 101) if (n * 980) % 320 == 0]
print("batch sizes up to 100 without an error in forward:", silent)
print("980/320 =", Fraction(980, 320))

# %% [markdown]
# 980/320 = 49/16, so every multiple of 16 slips through: 16, 32, 64 and 128, the very sizes that people use.
#
# `explain` follows the batch as well as the shape, and finds the line that nothing complains about:

# %%
print(explain(liar, (1, 28, 28)))

# %% [markdown]
# **The cure is one line**: flatten from dimension 1 on, so that the batch can never change. The same mistake is then an error at the right layer, with any batch size.


# %%
class PaddedAndFlattened(PaddedAndViewed):
    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.conv2(x), 2))
        x = torch.flatten(x, start_dim=1)
        x = F.relu(self.fc1(x))
        return self.fc2(x)


honest = PaddedAndFlattened()
try:
    honest(images)
except RuntimeError as error:
    print("PyTorch:", str(error).removeprefix("addmm: "))
honest.fc1 = nn.Linear(20 * 7 * 7, 50)
print(f"with fc1 = Linear(980, 50): {len(images)} images in, {len(honest(images))} answers out")

# %% [markdown]
# `nn.LazyLinear(50)`, the last remedy above, waits for the first batch and counts for itself. It spares you the arithmetic, and also the moment in which you notice that 980 is not
# the number you expected.
#
# **Try it**: this network has two mistakes. Find both on paper, mend them, run the cell. Only then ask `print(explain(yours))`.

# %%
yours = nn.Sequential(
    nn.Conv2d(1, 8, kernel_size=3),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(16, 32, kernel_size=3),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(512, 10),
)
try:
    print("it works:", tuple(images.shape), "→", tuple(yours(images).shape))
except RuntimeError as error:
    print("not yet:", str(error).splitlines()[0])

# %% [markdown]
# <details><summary>Answer</summary>
#
# The second convolution gets 8 channels, not 16: `nn.Conv2d(8, 32, kernel_size=3)` (or the first one makes 16). And 28 → 26 → 13 → 11 → 5, so flatten gives 32 × 5 × 5 = 800: `nn.Linear(800, 10)`.
# (512 would be 32 × 4 × 4.)
# </details>

# %% [markdown]
# ## 7. Why true division breaks it
#
# Lab 004 ships a calculator for the output size. It divides with `/`, Python's true division:


# %%
def w_out_lab_004(w_in, k, p, s=1):
    return (w_in - k + 2 * p) / s + 1


print("lab 004:", w_out_lab_004(28, k=3, p=0, s=2))
print("cnnlab: ", w_out(28, k=3, p=0, s=2))
print("PyTorch:", F.conv1d(torch.zeros(1, 1, 28), torch.zeros(1, 1, 3), stride=2).shape[-1])

# %% [markdown]
# There is no half place: 25 / 2 = 12.5 steps means 12 whole steps, so 13 places. And even where the result is whole, it is a
# `float`, which PyTorch will not take for a size:

# %%
whole = w_out_lab_004(28, k=5, p=0)
print("28, k=5:", whole)
try:
    nn.Linear(20 * whole * whole, 50)
except TypeError as error:
    print("TypeError:", str(error).split(" at ")[0])
try:
    w_out(13.5, k=3, p=0)
except TypeError as error:
    print("cnnlab:", error)

# %% [markdown]
# ### What the floor throws away
#
# With k=3, s=2 on 28 pixels the last place begins at pixel 24 and ends at 26.
#
# **Predict.** What happens to the output if you change pixel 27?

# %%
conv = nn.Conv2d(1, 8, kernel_size=3, stride=2)
image = data.test.take(1).normalised()
changed = image.clone()
changed[..., 27] = 100.0
print("unread pixels at the right edge:", unread_pixels(28, k=3, p=0, s=2))
print("pixel column 27 changed, output the same:", torch.equal(conv(image), conv(changed)))
changed[..., 26] = 100.0
print("pixel column 26 changed, output the same:", torch.equal(conv(image), conv(changed)))

# %% [markdown]
# The whole last column is never read. On MNIST it is black, so nobody notices; in your own photographs it is a strip of what you took.
# Padding 1 repairs it here: (28 + 2 − 3) // 2 + 1 = 14 places, and the last one ends on pixel 27.

# %% [markdown]
# ## 8. What do the 320 numbers see?
#
# One number after conv1 sees a patch of 5 × 5 pixels. One number after pool2 depends on more, because each layer looks at several
# numbers of the layer before. This patch is its **receptive field**.
#
# Two numbers follow it through the network: the **size** of the field, and the **jump**, the distance in pixels between the fields of two neighbours.
# A layer with kernel k and stride s makes
#
# $$size \leftarrow size + (k - 1)\cdot jump, \qquad jump \leftarrow jump \cdot s$$

# %% [markdown]
# **Exercise: the receptive field** (10 marks). Write `field_size(layers)`: how many pixels one number sees
# along a side. `layers` is a list of pairs (k, s), from the first layer to the last, such as `[(5, 1), (2,
# 2)]` for conv1 and pool1.
#
# <details><summary>Hint 1</summary>
#
# What does a number see before any layer, and how far away is its neighbour?
#
# <details><summary>Hint 2</summary>
#
# Take size and jump through the list, by the two rules above. The size grows by the jump of the layers
# *before*: which of the two has to be changed first?
#
# <details><summary>Hint 3</summary>
#
# Begin with `size, jump = 1, 1`. In the loop `for k, s in layers:` comes first `size += (k - 1) * jump`, and
# then one line for the jump.
#
# </details></details></details>


# %% answer="receptive_field"
def field_size(layers):
    size = ...  # replace the three dots
    ### BEGIN SOLUTION
    size, jump = 1, 1
    for k, s in layers:
        size += (k - 1) * jump
        jump *= s
    ### END SOLUTION
    return size


# %% check="receptive_field"
verdict = checks.receptive_field(field_size)
print(verdict)
verdict.points  # of 10

# %% [markdown]
# **Predict.** What are size and jump after conv1, pool1, conv2 and pool2? Begin with size 1, jump 1.

# %%
size, jump = 1, 1
for name, k, s in [("conv1", 5, 1), ("pool1", 2, 2), ("conv2", 5, 1), ("pool2", 2, 2)]:
    size, jump = size + (k - 1) * jump, jump * s
    print(f"{name}: one number sees {size:2} × {size:2} pixels; its neighbour is {jump} px further")

# %%
receptive_field(models.build("cnn_320"))

# %% [markdown]
# The table's last column, *first centre*, is where the middle of the field of the map's first number lies (the explorers call such a number a *unit*): a field of 5 pixels from 0 to 5 has its centre at 2.5.
#
# Is it true? A gradient can tell: it is 0 at every pixel that a number does not depend on. Max pooling passes
# the gradient only to the winner, so one image shows only a part of the field. We add up 64 images of random noise and all 20 channels.
#
# **Predict.** The field of the number in row 1, column 2 of the 4 × 4 map: which rows and columns of the image?

# %%
network = models.build("cnn_320")
noise = torch.rand(64, 1, 28, 28, generator=torch.Generator().manual_seed(0), requires_grad=True)
maps = network.pool2(network.conv2(network.relu1(network.pool1(network.conv1(noise)))))
maps[:, :, 1, 2].sum().backward()
seen = noise.grad.abs().sum(dim=(0, 1)) > 0
rows, columns = seen.any(dim=1).nonzero().flatten(), seen.any(dim=0).nonzero().flatten()
print(f"gradient: rows {rows[0]}–{rows[-1]}, columns {columns[0]}–{columns[-1]}")
top, left, height, width = patch_seen_by(network, "pool2", 1, 2)
print(f"table:    rows {top}–{top + height - 1}, columns {left}–{left + width - 1}")

# %% [markdown]
# Row 1 begins at 1 · 4 = 4 and is 16 long; column 2 begins at 2 · 4 = 8. Both agree.
#
# So here is what 320 *means*: **20 questions, each asked of 16 patches**. Each patch is 16 × 16 pixels and shares 12 of its 16 columns with its neighbour.
#
# *The figure: on the left a digit with one of the patches framed; on the right all 16 patches, in the order of the 4 × 4 map.*

# %%
pixels = digit.images[0, 0]
figure = plt.figure(figsize=(11, 5.2), layout="constrained")
whole_part, patch_part = figure.subfigures(1, 2)
ax = whole_part.subplots()
ax.imshow(pixels, cmap="gray", extent=(0, 28, 28, 0))
ax.add_patch(plt.Rectangle((left, top), width, height, fill=False, edgecolor=ORANGE, linewidth=4))
ax.set(title="framed: what row 1, column 2 sees", xlabel="x (px)", ylabel="y (px)")
ax.set(xticks=range(0, 29, 4), yticks=range(0, 29, 4))
corners = []
for r, axes in enumerate(patch_part.subplots(4, 4)):
    for c, ax in enumerate(axes):
        y0, x0, h, w = patch_seen_by(network, "pool2", r, c)
        corners.append((y0, x0))
        ax.imshow(pixels[y0 : y0 + h, x0 : x0 + w], cmap="gray", vmin=0, vmax=255)
        ax.set(xticks=[], yticks=[])
        if (r, c) == (1, 2):
            ax.spines[:].set(visible=True, color=ORANGE, linewidth=4)
patch_part.suptitle("the 16 patches")
print("top left corners of the first row of patches:", corners[:4])

# %% [markdown]
# Not every pixel is seen equally often.
#
# **Predict.** In how many of the 16 patches is a pixel in a corner? And one in the middle:

# %%
seen_in_the_middle = predict(
    "3.4 In how many of the 16 patches is a pixel in the middle of the image?", guess=(..., ...), sure=...
)
seen_in_the_middle

# %% [markdown]
# *The figure: the 28 × 28 pixels, each coloured by the number of patches that contain it.*

# %%
times_seen = torch.zeros(28, 28, dtype=torch.int64)
for y0, x0 in corners:
    times_seen[y0 : y0 + 16, x0 : x0 + 16] += 1
figure, ax = plt.subplots(figsize=(6.2, 4.8))
shown = ax.imshow(times_seen, cmap="cividis", extent=(0, 28, 28, 0))
figure.colorbar(shown, ax=ax, label="patches that contain the pixel")
ax.set(xlabel="x (px)", ylabel="y (px)", xticks=range(0, 29, 4), yticks=range(0, 29, 4))
print("a corner:", times_seen[0, 0].item(), "  the middle:", times_seen[14, 14].item())
print("seen by none:", int((times_seen == 0).sum()), "pixels")
print(seen_in_the_middle.outcome(times_seen[14, 14]))

# %% [markdown]
# A corner lies in one patch only, the 4 × 4 pixels in the very middle lie in all 16. Every pixel is seen at least once, so nothing is lost. But a stroke in the middle reaches all 16 patches and a stroke in the corner one:
# so a digit in the middle is seen by more of the 320 numbers.

# %% [markdown]
# ## 9. Parameters, by formula
#
# A convolution has one kernel for each output channel. Each kernel has k × k numbers for *every* input channel, and one bias.
# A linear layer has one weight for each pair of an input and an output, and one bias for each output.

# %% [markdown]
# **Exercise: count a convolution** (5 marks). Write `count_conv(k_w, k_h, c_in, c_out)`: all weights and
# biases of a convolution whose kernels are k_w wide and k_h high. Lab 004 asks for this formula and for the
# next one.
#
# <details><summary>Hint 1</summary>
#
# Three maps come in. Has a kernel one slice, or three?
#
# <details><summary>Hint 2</summary>
#
# Count one kernel with its bias first. Each kernel makes one output channel: how many kernels are there?
#
# <details><summary>Hint 3</summary>
#
# Check yours on a small one: from 3 channels to 2, kernels 4 wide and 1 high, it is 26. Which product is the 24
# in it, and what are the other 2?
#
# </details></details></details>


# %% answer="conv_parameters"
def count_conv(k_w, k_h, c_in, c_out):
    count = ...  # replace the three dots
    ### BEGIN SOLUTION
    count = (k_w * k_h * c_in + 1) * c_out
    ### END SOLUTION
    return count


# %% check="conv_parameters"
verdict = checks.conv_parameters(count_conv)
print(verdict)
verdict.points  # of 5

# %% [markdown]
# **Exercise: count a linear layer** (5 marks). Write `count_linear(n_in, n_out)`: all weights and biases of a
# linear layer.
#
# <details><summary>Hint 1</summary>
#
# How many weights does one output need, if it looks at every input?
#
# <details><summary>Hint 2</summary>
#
# Count what one output needs, with its bias. All outputs need the same.
#
# <details><summary>Hint 3</summary>
#
# Check yours on a small one: from 4 numbers to 3 it is 15. Draw it: how many lines, and how many biases?
#
# </details></details></details>


# %% answer="linear_parameters"
def count_linear(n_in, n_out):
    count = ...  # replace the three dots
    ### BEGIN SOLUTION
    count = (n_in + 1) * n_out
    ### END SOLUTION
    return count


# %% check="linear_parameters"
verdict = checks.linear_parameters(count_linear)
print(verdict)
verdict.points  # of 5

# %% [markdown]
# Neither formula contains the size of the image.
#
# **Predict.** What are the four counts of the 320 network? And:

# %%
most_parameters = predict(
    "3.5 Which layer of the 320 network has the most parameters?",
    ["conv1", "conv2", "fc1", "fc2"],
    guess=...,
    sure=...,
)
most_parameters

# %%
formula = {
    "conv1": (5 * 5 * 1 + 1) * 10,
    "conv2": (5 * 5 * 10 + 1) * 20,
    "fc1": (320 + 1) * 50,
    "fc2": (50 + 1) * 10,
}
for name, count in formula.items():
    print(f"{name:6} {count:>7,}")
print(f"sum    {sum(formula.values()):>7,}")
print(most_parameters.outcome(max(formula, key=formula.get)))

# %% [markdown]
# Two independent judges, PyTorch's own tensors and the `torchinfo` package; and cnnlab's table, which has to agree with them.

# %%
import torchinfo

network = models.build("cnn_320")
print("formulas: ", f"{sum(formula.values()):,}")
print("PyTorch:  ", f"{sum(p.numel() for p in network.parameters()):,}")
print("torchinfo:", f"{torchinfo.summary(network, (1, 1, 28, 28), verbose=0).total_params:,}")
print("cnnlab:   ", f"{count_parameters(network).total:,}")

# %%
count_parameters(network)

# %% [markdown]
# fc1 holds 16,050 of 21,840, almost three quarters. So the 320 decides the size of the whole network.
#
# ### Where is the mistake in 105,681?
#
# Lab 004 compares its network with an MLP (linear layers only, as in section 5) of **105,681** parameters. An MLP for ten digits with 128 and 40 numbers in the two layers between (*hidden units*) has another number. Change one of its
# four widths until you find the network that has 105,681.


# %%
def mlp_parameters(*widths: int) -> int:
    return sum(linear_parameters(n_in, n_out) for n_in, n_out in pairwise(widths))


print("784-128-40-10:", f"{mlp_parameters(784, 128, 40, 10):,}")
your_widths = (784, 128, 40, 10)  # ← change one number
print("yours:        ", "found it" if mlp_parameters(*your_widths) == 105_681 else "not 105,681 yet")

# %% [markdown]
# <details><summary>Answer</summary>
#
# 106,050 − 105,681 = 369 = 9 · 41, and one output costs 40 weights and 1 bias = 41. So nine outputs are missing: 105,681 belongs to 784–128–40–**1**,
# a network with one output for ten digits.
# </details>

# %% [markdown]
# ## 10. Where the work is, and where the numbers are
#
# A parameter of a convolution is used again at every place, a parameter of a linear layer once. So the cost in **multiply–adds** (one multiplication and the addition that goes with it) and the
# count of parameters can sit in different layers.
#
# **Predict.** In lab 000's network (32 and 64 channels, fc1 from 3,136 to 128), which layer has the most parameters? And:

# %%
most_work = predict(
    "3.6 Which layer of lab 000's network makes the most multiply–adds?",
    ["conv1", "conv2", "fc1", "fc2"],
    guess=...,
    sure=...,
)
most_work

# %%
wide = models.build("cnn_wide")
conv2, fc1 = 5 * 5 * 32 * 64, 3136 * 128
print(f"conv2:  {conv2:,} weights × 14 · 14 places = {conv2 * 14 * 14:>10,} multiply–adds")
print(f"fc1:   {fc1:,} weights × 1 place        = {fc1:>10,} multiply–adds")
print(most_work.outcome(max(multiply_adds(wide), key=lambda row: row.count).name))
multiply_adds(wide)

# %% [markdown]
# Is it the same in the 320 network?
#
# *The figure: its parameters on the left, its multiply–adds per image on the right, one bar for each layer.*

# %%
for name in ("cnn_wide", "cnn_320"):
    network = models.build(name)
    counts = {row.name: row.count for row in count_parameters(network) if row.count}
    work = {row.name: row.count for row in multiply_adds(network)}
    share_of_fc1 = 100 * counts["fc1"] / sum(counts.values())
    share_of_conv2 = 100 * work["conv2"] / sum(work.values())
    print(f"{name:9} fc1 {share_of_fc1:.0f} % of the parameters, conv2 {share_of_conv2:.0f} % of the work")
axes = plots.layer_bars(counts, work)

# %% [markdown]
# The same in both: **fc1 holds the numbers, conv2 does the work**. To make a network smaller, shrink fc1's input; to give it less to compute, work on conv2. (What that does to the time is a question for notebook 7.)
#
# ### Does pooling reduce parameters?
#
# Lab 000 says so.
#
# **Predict.** How many parameters does a pooling layer have? How many would lab 000's network have without both pooling layers?

# %%
print("parameters of nn.MaxPool2d(2):", sum(p.numel() for p in nn.MaxPool2d(2).parameters()))
for pooling in ("max", "none"):
    network = models.build("convnet", channels=(32, 64), kernel=5, padding=2, pooling=pooling, hidden=128)
    convolutions = conv_parameters(5, 5, 1, 32) + conv_parameters(5, 5, 32, 64)
    n_in, total = network.fc1.in_features, count_parameters(network).total
    print(f"pooling {pooling:5} convolutions {convolutions:,}   fc1 gets {n_in:>6,}   parameters {total:>9,}")

# %% [markdown]
# Pooling has no parameters and takes none away from the convolutions. It shrinks the map, and thereby fc1's *input*: 3,136 instead of 50,176.
# The lab's network would be 14 times larger without it.

# %% [markdown]
# ## 11. A live network
#
# It begins as the 320 network: 28 → 24 → 12 → 8 → 4, 21,840 parameters. The boxes are drawn to scale. Move any slider; every size
# is computed again while you move. Point at a layer, and the orange cone shows which pixels one of its numbers sees.
#
# **Tasks**
# 1. Keep the 5×5 kernels and find the padding, the same in both blocks, that gives 500. How many parameters more is that?
# 2. Go back to cnn_320. Use 7×7 kernels in both blocks, and find the padding, again the same in both, that brings back 320.
# 3. Go back to cnn_320. Set kernel 3 and stride 2 in block 1. For which layers does the column "unread" say something? Try padding 1 in block 1: where is it now? Find a padding of block 1 without any.
# 4. Go back to cnn_320 and write 980 into "fc1 takes". Read the answer: which layer, which number, and which ways to mend it?
# 5. Choose cnn_deep, the network that lab 004 asked for and did not build (it built cnn_padded). Where are its 870,634 parameters, and where are its multiply–adds? (The bars in the table show it.) Open "The network as code".
#
# (The explorer also offers dropout, which sets each number to 0 by chance during training, and batch norm, which rescales each channel; neither changes a size.)

# %%
from cnnlab.widgets import NetworkExplorer

NetworkExplorer()

# %% [markdown]
# <details><summary>Answers</summary>
#
# 1. Padding 1: 28 → 26 → 13 → 11 → 5, 20 × 5 × 5 = 500. 9,000 more, all of them in fc1: (500 − 320) · 50; 30,840 in all. (pool2 leaves a column unread: 11 is odd.)
# 2. Padding 1. One more pixel of padding on each side makes up for a kernel that is wider by 2, because w + 2p − k stays the same.
# 3. conv1 and pool1: 28 → 13 → 6 → 2 → 1, and each of the two leaves its last column and row unread. With padding 1 it is 28 → 14 → 7 → 3 → 1: conv1 and pool1 read everything, but now
#    pool2 halves an odd width and drops one of 3 columns. Padding 3 in block 1: (28 + 6 − 3) // 2 + 1 = 16, then 16 → 8 → 4 → 2, and nothing is lost (flatten 80). Mending one layer moves the sizes of all that follow.
# 4. fc1: it gets 320 numbers and takes 980. Either fc1 becomes nn.Linear(320, 50), or an nn.LazyLinear(50) that counts for itself, or padding 2 in conv1 and conv2 makes the 320 into 980.
# 5. 803,072 of the parameters (92 %) are in fc1, 3,136 · 256 + 256. The multiply–adds are in the convolutions: conv2, 32 kernels of 3 × 3 × 32 at
#    28 × 28 places, has 7,225,344, nine times those of fc1, and conv4 has as many again.
# </details>

# %% [markdown]
# ## Questions
#
# 1. The same network gets images of 32 × 32 pixels. What does the flatten layer give?
#
# <details><summary>Answer</summary>
#
# 32 → 28 → 14 → 10 → 5, so 20 × 5 × 5 = 500. All convolutions still work with the same weights; only fc1 must change.
# </details>
#
# 2. Why is padding (k − 1)/2 the one that keeps the size? And what about k = 4?
#
# <details><summary>Answer</summary>
#
# w + 2p − k + 1 = w needs 2p = k − 1. For k = 4 that is 1.5 on each side, which does not exist: an even kernel changes the size, or one side gets more padding than the other.
# </details>
#
# 3. Someone replaces both pooling layers by stride 2 in the convolutions (5×5, no padding). Does fc1 still fit?
#
# <details><summary>Answer</summary>
#
# 28 → (28 − 5)//2 + 1 = 12 → (12 − 5)//2 + 1 = 4. Yes: 20 × 4 × 4 = 320, with a fraction of the work, because three quarters of the places are never computed.
# </details>
#
# 4. In a network with `x.view(-1, 980)` and 64 images of 20 × 4 × 4, what happens?
#
# <details><summary>Answer</summary>
#
# 64 · 320 = 20,480 numbers; 20,480 / 980 is not whole, so `view` refuses. With 49 images it would hand on 16 rows and say nothing.
# </details>
#
# 5. Lab 004's padded network has 824,458 parameters, 97.4 % of them in fc1 (3,136 inputs, 256 units). Make it much smaller by changing one layer. Which, and how?
#
# <details><summary>Answer</summary>
#
# The last pooling: windows of 4 instead of 2 make 64 × 3 × 3 = 576 inputs for fc1 instead of 64 × 7 × 7 = 3,136, and (3,136 − 576) · 256 = 655,360 weights are gone.
# Or fc1 itself: 64 units instead of 256 save 192 · 3,137 = 602,304 numbers there, and some in the layer behind it. (Whether the accuracy bears it is another question.)
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
# - ⌊(w + 2p − k) / s⌋ + 1: count the places, round down, add the one you start from. Pooling is the same with s = k.
# - 28 → 24 → 12 → 8 → 4, and 20 × 4 × 4 = 320: channels are chosen, sizes follow.
# - Flatten with `nn.Flatten()` or `torch.flatten(x, 1)`. `view(-1, n)` may change the batch and say nothing.
# - 320 = 20 questions asked of 16 overlapping patches of 16 × 16 pixels.
# - Linear layers hold the parameters, convolutions do the work.
#
# **Next**: notebook 4 asks whether the convolutions were worth it, against an MLP with the same number of parameters.
