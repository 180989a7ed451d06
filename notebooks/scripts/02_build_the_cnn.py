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
# # 2 · Build the CNN
#
# At the end of this notebook a network of 21,840 numbers reads handwritten digits that it has never seen.
# It is made of one small operation, done again and again. You will do that operation by hand first: nine
# multiplications and a sum. Everything else is layers of it.
#
# **You will be able to**
# - compute a convolution by hand, as a loop and with PyTorch, and get the same numbers;
# - say what a kernel, a channel, a bias, padding, stride and pooling do to an image;
# - write the network of lab 002 as a PyTorch module;
# - go from logits to cross-entropy in numbers, and predict the loss before any training;
# - write a training step, train, and report an accuracy together with its uncertainty.
#
# **Time**: 120 minutes · **Needs**: notebook 1 (pixels, normalisation, batches)
#
# **Exercises**: 12, with 75 marks.

# %%
import math

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional as F

from cnnlab import checks, claim, evaluate, fit, load_data, models, plots, set_seed
from cnnlab.plots.style import LECTURE, ORANGE, SIGNED
from cnnlab.predictions import calibration, predict

plt.rcParams.update(LECTURE)  # the look of all figures
set_seed(42)

# %% tags=["nbval-ignore-output"] reason="MNIST, or the bundled digits where MNIST is missing"
data = load_data()
data

# %% [markdown]
# ## 1. One number, by hand
#
# A **kernel** is a small table of numbers. Lay it on a patch of the image of the same size, multiply the numbers that
# lie on each other, add the products: that is one number of the result. Here the kernel is 3 × 3,
#
# $$\begin{pmatrix} -1 & 0 & 1 \\ -1 & 0 & 1 \\ -1 & 0 & 1 \end{pmatrix}$$
#
# and the patch lies at the left edge of the stroke of a 7: dark on the left, bright on the right.
#
# **Predict:**

# %%
sign_of_sum = predict(
    "2.1 What will the sum of the nine products be?", ["positive", "negative", "about 0"], guess=..., sure=...
)
sign_of_sum

# %%
seven = data.train.images[data.train.labels == 7][0, 0].float()  # (28, 28), 0 to 255
kernel = torch.tensor([[-1.0, 0.0, 1.0]] * 3)

top = 20
left = int((seven[top + 1] > 128).nonzero()[0]) - 2  # two pixels left of the stroke
patch = seven[top : top + 3, left : left + 3]
total = (patch * kernel).sum()
claim("nine products, added", total.item(), at_least=200, spec=".0f")
print(sign_of_sum.outcome("about 0" if abs(total) < 100 else "positive" if total > 0 else "negative"))

# %% [markdown]
# Positive: the right column counts +1 and is bright, the left column counts −1 and is dark. So the kernel asks a question,
# *is it brighter on the right than on the left?*, and the number is how strongly the patch says yes.
#
# *The figure: the patch framed in the image, its pixel values, the kernel, and the nine products.*


# %%
def write_numbers(ax, numbers, title, cmap=None):
    """A table of numbers as coloured cells with the numbers written in them."""
    reach = float(numbers.abs().max())
    ax.imshow(numbers, cmap=cmap or SIGNED, vmin=0 if cmap else -reach, vmax=255 if cmap else reach)
    for place, value in enumerate(numbers.flatten().tolist()):
        r, c = divmod(place, numbers.shape[1])
        dark = value < 128 if cmap else value < -0.5 * reach
        ax.text(
            c, r, f"{value + 0:g}", ha="center", va="center", fontsize=13, color="white" if dark else "black"
        )
    ax.set(title=title, xticks=[], yticks=[])


figure, axes = plt.subplots(1, 4, figsize=(12, 3.2), width_ratios=(1.4, 1, 1, 1), layout="constrained")
axes[0].imshow(seven, cmap="gray")
axes[0].add_patch(plt.Rectangle((left - 0.5, top - 0.5), 3, 3, fill=False, edgecolor=ORANGE, linewidth=2.5))
axes[0].set(title="a seven", xlabel="x (px)", ylabel="y (px)")
write_numbers(axes[1], patch, "pixels", cmap="gray")
write_numbers(axes[2], kernel, "× kernel")
write_numbers(axes[3], patch * kernel, f"products: {total:g} in all")
print("numbers multiplied:", patch.numel())

# %% [markdown]
# **Exercise: one number by hand** (5 marks). The cell below prints a patch on the left and a kernel on the
# right. Which number do they make, without a bias? Do it on paper.
#
# <details><summary>Hint 1</summary>
#
# Which weight lies on which pixel? (The kernel is laid down as it is, not turned.)
#
# <details><summary>Hint 2</summary>
#
# Nine products, pixel × weight, each with the sign of its weight. Add them all. Where the weight is 0, the
# pixel does not count.
#
# <details><summary>Hint 3</summary>
#
# The left column gives 1 · 1 + 9 · 2 + 5 · 1 = 24, the middle column 0. What does the right column take away?
#
# </details></details></details>

# %%
for pixels, weights in zip(checks.PATCH, checks.KERNEL):
    print(pixels, "  ", weights)

# %% answer="one_patch"
number = ...  # replace the three dots
### BEGIN SOLUTION
number = (1 * 1 + 9 * 2 + 5 * 1) - (0 * 1 + 2 * 2 + 1 * 1)
### END SOLUTION

# %% check="one_patch"
verdict = checks.one_patch(number)
print(verdict)
verdict.points  # of 5

# %% [markdown]
# ## 2. Every number, by a loop
#
# Now the same at every place. The kernel is 3 wide, the image 28.
#
# **Predict.** What is the size of the result?

# %%
result = torch.zeros(28 - 3 + 1, 28 - 3 + 1)
for row in range(result.shape[0]):
    for col in range(result.shape[1]):
        result[row, col] = (seven[row : row + 3, col : col + 3] * kernel).sum()

print("size of the result:", tuple(result.shape))
print("the number from section 1 is in it:", bool(result[top, left] == total))

# %% [markdown]
# 26, not 28: the kernel must lie inside the image, so its left edge can be at 0, 1, …, 25. The result is called a **feature map**.

# %% [markdown]
# **Exercise: the loop as a function** (10 marks). Write `convolve(image, kernel)`: the feature map of any
# image under any kernel, without padding and with steps of 1. Both are tables with rows and columns, and
# neither has to be square.
#
# <details><summary>Hint 1</summary>
#
# Which numbers in the loop above belong to the 28 × 28 image, and which to the 3 × 3 kernel?
#
# <details><summary>Hint 2</summary>
#
# `image.shape` and `kernel.shape` give rows and columns. With H rows and a kernel of k rows, its upper edge
# can lie in rows 0 to H − k.
#
# <details><summary>Hint 3</summary>
#
# The map has `image.shape[0] - kernel.shape[0] + 1` rows; columns go the same way. With `h, w = kernel.shape`
# the window is `image[row : row + h, col : col + w]`. What is done with the window and the kernel stands in
# the loop.
#
# </details></details></details>


# %% answer="convolution_map"
def convolve(image, kernel):
    feature_map = ...  # replace the three dots
    ### BEGIN SOLUTION
    h, w = kernel.shape
    feature_map = torch.zeros(image.shape[0] - h + 1, image.shape[1] - w + 1)
    for row in range(feature_map.shape[0]):
        for col in range(feature_map.shape[1]):
            feature_map[row, col] = (image[row : row + h, col : col + w] * kernel).sum()
    ### END SOLUTION
    return feature_map


# %% check="convolution_map"
verdict = checks.convolution_map(convolve)
print(verdict)
verdict.points  # of 10

# %% [markdown]
# PyTorch does the same with `F.conv2d`. It wants a batch of images, (N, C, H, W), and a stack of kernels, hence the two extra dimensions `[None, None]`.

# %%
by_torch = F.conv2d(seven[None, None], kernel[None, None])
print(tuple(seven[None, None].shape), "→", tuple(by_torch.shape))
print("equal to the loop, number for number:", torch.equal(by_torch[0, 0], result))

# %% [markdown]
# *The figure: the seven and its feature map. Orange-red is positive (the image gets brighter to the right: a left edge), blue is
# negative (a right edge), white is 0: nothing happens there, in the black as well as inside the stroke.*

# %%
figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
axes[0].imshow(seven, cmap="gray")
reach = result.abs().max()
shown = axes[1].imshow(result, cmap=SIGNED, vmin=-reach, vmax=reach)
figure.colorbar(shown, ax=axes[1], label="sum of products")
axes[0].set(title="28 × 28 pixels", xlabel="x (px)", ylabel="y (px)")
axes[1].set(title="26 × 26 answers", xlabel="x (px)", ylabel="y (px)")
print("answers that are exactly 0 in the top left corner:", bool((result[:3, :3] == 0).all()))

# %% [markdown]
# **An honest word about the name.** In mathematics, *convolution* turns the kernel by 180° before laying it on. What PyTorch computes,
# and what every deep-learning text calls convolution, does not: its right name is **cross-correlation**.
#
# **Predict.** What does turning this kernel do to the map?

# %%
turned = F.conv2d(seven[None, None], kernel.flip(0, 1)[None, None])[0, 0]
print("turned kernel gives the negative of the map:", torch.equal(turned, -result))

# %% [markdown]
# It makes a difference for a kernel that you chose. It makes none for a kernel that is *learned*: training finds the turned one
# as easily. So the name stayed.
#
# **Try it**: what changes in the loop for a step of 2 pixels (stride 2), and what is the new size? (Try it on a copy of the loop in a new
# cell, with the map called `by_two` everywhere: the cells below need `result` as it is.)
#
# <details><summary>Answer</summary>
#
# The size, `by_two = torch.zeros(13, 13)`, and the window, `seven[2 * row : 2 * row + 3, 2 * col : 2 * col + 3]`; the two `range`s follow if they ask `by_two` for its
# size. The left edge can be at 0, 2, …, 24: 13 places.
# </details>

# %% [markdown]
# ## 3. Kernels that see different things
#
# Four kernels. Two ask about edges; "blur" averages; "sharpen" takes each pixel twice and subtracts the average around it.
#
# **Predict.** What does a flat grey area of 100 become under each? (Add up the kernel's nine numbers.)

# %%
identity = torch.tensor([[0.0, 0, 0], [0, 1, 0], [0, 0, 0]])
average = torch.ones(3, 3) / 9
kernels = {
    "vertical edges": torch.tensor([[-1.0, 0, 1], [-1, 0, 1], [-1, 0, 1]]),
    "horizontal edges": torch.tensor([[-1.0, -1, -1], [0, 0, 0], [1, 1, 1]]),
    "blur": average,
    "sharpen": 2 * identity - average,
}
grey = torch.full((1, 1, 5, 5), 100.0)
for name, k in kernels.items():
    total, answer = k.sum().item(), F.conv2d(grey, k[None, None])[0, 0, 0, 0].item()
    print(f"{name:16} adds up to {abs(total):.1f};  a flat area of 100 becomes {abs(answer):5.1f}")

# %% [markdown]
# A kernel that adds up to 0 is silent where nothing changes; one that adds up to 1 keeps the brightness.
#
# *The figure: each column is one kernel, applied to three digits. An edge kernel leaves only outlines: one side of each stroke in orange-red, the
# other side in blue. Blur washes the stroke out. Sharpen gives it a hard rim.*

# %%
digits = torch.stack([data.train.images[data.train.labels == d][0] for d in (2, 4, 7)]).float()
figure, axes = plt.subplots(3, 5, figsize=(10, 6.2), layout="constrained")
for row, digit in enumerate(digits):
    axes[row, 0].imshow(digit[0], cmap="gray")
    for ax, (name, k) in zip(axes[row, 1:], kernels.items()):
        answer = F.conv2d(digit[None], k[None, None])[0, 0]
        reach = answer.abs().max()
        ax.imshow(answer, cmap=SIGNED, vmin=-reach, vmax=reach)
        ax.set_title(name if row == 0 else "")
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(True)
print("feature maps drawn:", 3 * len(kernels))

# %% [markdown]
# ### Your own kernel
#
# On the left the image, on the right the feature map, and between them (in a narrow window below them) the numbers under the kernel. Point at a pixel of the feature map: its
# window lights up in the image, and in the middle stand the nine products that make it. The weights in the middle can be changed; **Play** lets the window
# walk; the places still to come are grey meanwhile, and come back when you point at the map. On the feature map the arrow keys move the window. Leave bias and dilation alone for now; bias comes in section 4.
#
# **Tasks**
# 1. Find the strongest orange pixel of the feature map and read its nine products. Which of them make it so large?
# 2. Choose the image "slope" and the kernel "identity": all 0 and a 1 in the middle. What is missing from the image that comes out? Now set padding 1: why does it come out as it went in?
# 3. Choose the image "one pixel". Predict, then try: move that 1 one field to the left, still with padding 1. What happens to the image?
# 4. Choose a digit again, and "horizontal edges". The *upper* edges of strokes are orange. Change it so that the *lower* edges of strokes turn orange.
# 5. Choose the image "one pixel", and write 1 to 9 into the weights, row by row. What do you see on the feature map, and why is it turned around?
# 6. Go back to a digit and padding 0. Set the operation to "max pooling", kernel size 2 and stride 2. How large is the feature map, and what happens to thin strokes? Compare with average pooling.

# %%
from cnnlab.widgets import ConvolutionExplorer

ConvolutionExplorer(data.test)

# %% [markdown]
# <details><summary>Answers</summary>
#
# 1. The right column: three bright pixels × 1. The left column × −1 lies on darker ground and takes less away. (On MNIST it is the pixel in row 24, column 9, with 750 of at most 3 · 255 = 765. The colour bar ends at 761, because the strongest *blue* is −761.)
# 2. Every answer is 1 × the pixel in the middle. Without padding the outermost pixels are never in the middle, so 26 × 26 are left: the image
#    without its border. Padding 1, a frame of zeros 1 pixel wide, lets the middle of the kernel reach them all: 28 × 28, as it went in. (Section 5 has more.)
# 3. The white dot, and with it the whole image, moves one pixel to the right, because each place now copies its left neighbour.
# 4. Turn it upside down: 1 1 1 / 0 0 0 / −1 −1 −1. At a lower edge the bright stroke is under the 1s, the dark ground under the −1s.
# 5. The kernel itself, times 255 and turned by 180°. When the window stands further right, the pixel is under a weight further left. A convolution
#    in the mathematicians' sense turns the kernel first, so that it would come out upright (section 2).
# 6. 14 × 14: (28 − 2) // 2 + 1. Max pooling keeps thin strokes at full brightness and makes them thicker for their size; average pooling makes them grey.
# </details>

# %% [markdown]
# ## 4. Channels and bias
#
# A layer has several kernels, and each makes one feature map, one **channel** of the output. `nn.Conv2d(1, 4, 3)` holds four kernels of
# 3 × 3. We put ours in by hand: a convolution layer is nothing but its kernels and its biases.

# %%
layer = nn.Conv2d(1, 4, kernel_size=3)
print("weight", tuple(layer.weight.shape), " bias", tuple(layer.bias.shape))
with torch.no_grad():  # we set the numbers ourselves: nothing to learn from
    layer.weight[:] = torch.stack(list(kernels.values()))[:, None]
    layer.bias[:] = torch.tensor([0.0, 0.0, 0.0, -300.0])
maps = layer(digits)
print(tuple(digits.shape), "→", tuple(maps.shape))
print("channel 0 is the map of section 2:", torch.allclose(maps[2, 0], result))

# %% [markdown]
# The **bias** is one number for each output channel, added everywhere on the map. Here it is −300 for "sharpen": 301 becomes 1, and 299 becomes −1, so only places above 300 stay
# positive. (With a ReLU behind it, section 7, the bias is a threshold.)
#
# The second convolution of a network gets several channels *in*. Then each kernel has one slice for every input channel; the slices' answers are
# added up, and the bias once.
#
# **Predict.** What shape have the weights of `nn.Conv2d(10, 20, 5)`? And:

# %%
numbers_in_layer = predict(
    "2.2 How many numbers does nn.Conv2d(10, 20, 5) hold, biases included?", guess=(..., ...), sure=...
)
numbers_in_layer

# %%
set_seed(42)
layer = nn.Conv2d(10, 20, kernel_size=5)
x = torch.randn(1, 10, 12, 12)
print("weight", tuple(layer.weight.shape), " bias", tuple(layer.bias.shape))
print("numbers in the layer:", 20 * 10 * 5 * 5 + 20)
print(numbers_in_layer.outcome(sum(p.numel() for p in layer.parameters())))

by_hand = torch.zeros(8, 8)
for c in range(10):  # output channel 3 is the sum over all ten input channels, plus one bias
    by_hand += F.conv2d(x[:, c : c + 1], layer.weight[3:4, c : c + 1])[0, 0]
by_hand += layer.bias[3]
print("same as the layer, up to 1e-5:", torch.allclose(by_hand, layer(x)[0, 3], atol=1e-5))

# %% [markdown]
# (20, 10, 5, 5): 20 kernels with 10 slices of 5 × 5. 5,000 weights and 20 biases: the layer's **parameters**, the numbers that training will change.
#
# A layer in which every output looks at every input (a *linear layer*, section 8) and that makes the same 20 × 8 × 8 numbers from the same 10 × 12 × 12 would need 1,440 × 1,280 = 1,843,200 weights. The convolution
# gets by with 5,000, because it asks the *same* questions at every place.

# %% [markdown]
# ## 5. Padding: room at the edge
#
# Without padding a 5 × 5 kernel turns 28 into 24.
#
# **Predict.** Which pixels of the image can never lie under the *centre* of the kernel?
# How wide a frame of zeros would let the centre reach them all?

# %%
for p in (0, 1, 2, 3):
    print(f"padding {p}: 28 → {F.conv2d(seven[None, None], torch.zeros(1, 1, 5, 5), padding=p).shape[-1]}")

# %% [markdown]
# The centre of a 5 × 5 kernel has 2 pixels on each side, so it cannot come closer than 2 pixels to the border. Two zeros on each side give it that
# room, and the map keeps its 28 × 28.
#
# *The figure: the image in a frame of zeros 2 pixels wide (hatched), the kernel in its first place, top left, and its centre on the first pixel.*

# %%
figure, ax = plt.subplots(figsize=(5, 5), layout="constrained")
ax.add_patch(plt.Rectangle((-2, -2), 32, 32, facecolor="#dddddd", edgecolor="#767676", hatch="//", zorder=-1))
ax.imshow(seven, cmap="gray", extent=(0, 28, 28, 0))
ax.add_patch(plt.Rectangle((-2, -2), 5, 5, fill=False, edgecolor=ORANGE, linewidth=3))
ax.plot(0.5, 0.5, "o", color=ORANGE, markersize=7)
ax.set(xlim=(-2.5, 30.5), ylim=(30.5, -2.5), xlabel="x (px)", ylabel="y (px)", title="kernel 5, padding 2")
print("left edge of the kernel at pixel", -2, "  centre at pixel", -2 + 2)

# %% [markdown]
# **Exercise: the padding that keeps the size** (5 marks). Write `same_padding(k)`: the padding that keeps the
# width, for a kernel of odd width `k` and stride 1.
#
# <details><summary>Hint 1</summary>
#
# A kernel of 5 needs 2. What does a kernel of 3 need, one of 7, one of 1?
#
# <details><summary>Hint 2</summary>
#
# How many pixels has the kernel on each side of its centre?
#
# <details><summary>Hint 3</summary>
#
# Take the centre away from `k`. Half of what is left lies on each side. Write it so that a whole number comes
# out, with `//`.
#
# </details></details></details>


# %% answer="same_padding"
def same_padding(k):
    p = ...  # replace the three dots
    ### BEGIN SOLUTION
    p = (k - 1) // 2
    ### END SOLUTION
    return p


# %% check="same_padding"
verdict = checks.same_padding(same_padding)
print(verdict)
verdict.points  # of 5

# %% [markdown]
# **Exercise: what padding is for** (5 marks). Lab 000 pads, and asks what that is for. Three
# questions, for each of them one of the options that stand below it.
#
# <details><summary>Hint 1</summary>
#
# For a: how wide is the row with its padding, and in how many places can the kernel stand?
#
# <details><summary>Hint 2</summary>
#
# For b: in how many windows does the corner pixel lie, without padding and with it?
#
# <details><summary>Hint 3</summary>
#
# For c: print `layer.weight.shape` of an `nn.Conv2d` without padding and of one with it. What is there to
# learn in a frame of zeros?
#
# </details></details></details>

# %%
print(checks.questions("why_padding"))

# %% answer="why_padding"
choices = {"a": ..., "b": ..., "c": ...}  # replace the dots by options
### BEGIN SOLUTION
choices = {"a": "3", "b": "they take part in more outputs", "c": "none"}
### END SOLUTION

# %% check="why_padding"
verdict = checks.why_padding(choices)
print(verdict)
verdict.points  # of 5

# %% [markdown]
# **Try it**: go back to the explorer in section 3. Set the operation back to convolution, the kernel to "blur", the stride to 1 and the kernel size to 5. What size does padding 4 give, and what is in the outermost rows?
#
# <details><summary>Answer</summary>
#
# Padding 4 gives 28 + 8 − 5 + 1 = 32: the map is *larger* than the image. In its outermost rows the kernel lies on four rows of zeros and one
# of the image, and that one is black too: nothing but 0. Padding makes room, not information.
# </details>

# %% [markdown]
# Lab 002 uses no padding, lab 000 uses 2. Neither is wrong: MNIST's outer pixels are black. What it does to all sizes is the subject of notebook 3.

# %% [markdown]
# ## 6. Stride and pooling: make it smaller
#
# **Stride** 2 moves the kernel by two pixels each time.
#
# **Predict.** How is the result related to that of stride 1?

# %%
full = F.conv2d(seven[None, None], kernel[None, None])
strided = F.conv2d(seven[None, None], kernel[None, None], stride=2)
print(tuple(full.shape), "→", tuple(strided.shape))
print("every second number of stride 1:", torch.equal(strided, full[..., ::2, ::2]))

# %% [markdown]
# **Pooling** also makes the map smaller, but it looks at all the numbers first. It cuts the map into windows of 2 × 2 and keeps one number of each:
# the greatest (max pooling) or the mean (average pooling).
#
# **Predict.** What do both make of the map below?

# %%
numbers = torch.tensor([[1.0, 5, 0, -2], [3, 2, -4, -6], [0, 0, 8, 1], [0, 4, 1, 2]])
for line in numbers.int().tolist():
    print("".join(f"{value:5}" for value in line))
print("max pooling    ", F.max_pool2d(numbers[None, None], 2)[0, 0].tolist())
print("average pooling", F.avg_pool2d(numbers[None, None], 2)[0, 0].tolist())
print("parameters in nn.MaxPool2d(2):", sum(p.numel() for p in nn.MaxPool2d(2).parameters()))

# %% [markdown]
# Pooling has nothing to learn: no parameters. Now with a gap. The loop is ready except for one line: which number does max pooling keep?


# %%
def my_max_pool(x):  # (H, W) → (H // 2, W // 2)
    out = torch.zeros(x.shape[0] // 2, x.shape[1] // 2)
    for row in range(out.shape[0]):
        for col in range(out.shape[1]):
            window = x[2 * row : 2 * row + 2, 2 * col : 2 * col + 2]
            out[row, col] = window[0, 0]  # ← your line
    return out


correct = torch.equal(my_max_pool(numbers), F.max_pool2d(numbers[None, None], 2)[0, 0])
print("right" if correct else "not yet: this keeps the top left number of each window")

# %% [markdown]
# <details><summary>Answer</summary>
#
# `out[row, col] = window.max()`
# </details>

# %% [markdown]
# Is pooling "like a convolution", as lab 001 says?
#
# **Predict.** One of the two kinds is. Which?

# %%
average, maximum = F.avg_pool2d(full, 2), F.max_pool2d(full, 2)
quarters = F.conv2d(full, torch.full((1, 1, 2, 2), 0.25), stride=2)
print("average pooling = convolution with 1/4 everywhere:", torch.allclose(average, quarters, atol=1e-3))

other = full.flip(3)
of_sum, sum_of = F.max_pool2d(full + other, 2), maximum + F.max_pool2d(other, 2)
print("max pooling of a sum = sum of the max poolings:  ", torch.equal(of_sum, sum_of))

# %% [markdown]
# Average pooling is a convolution with a fixed kernel. Max pooling is not: a convolution of a sum is the sum of the convolutions, and the greatest number does not work that way.
#
# *The figure: what each way of halving keeps of the edge map, on one colour scale. Stride 2 takes every second number as it comes; max pooling keeps
# the greatest, so the blue right edges shrink; average pooling mixes.*

# %%
figure, axes = plt.subplots(1, 4, figsize=(12, 3.6), layout="constrained")
reach = full.abs().max()
halves = {"stride 1": full, "stride 2": strided, "max pooling 2": maximum, "average pooling 2": average}
for ax, (name, answer) in zip(axes, halves.items()):
    shown = ax.imshow(answer[0, 0], cmap=SIGNED, vmin=-reach, vmax=reach)
    ax.set(title=name, xlabel=f"{answer.shape[3]} × {answer.shape[2]} numbers", xticks=[], yticks=[])
    ax.spines[:].set_visible(True)
figure.colorbar(shown, ax=axes, label="sum of products", shrink=0.75)
print("sizes:", [tuple(answer.shape[2:]) for answer in halves.values()])

# %% [markdown]
# **Exercise: what pooling is for** (5 marks). Lab 000 asks it, and answers that pooling saves parameters. Four
# questions; the 320 network of section 8 has two convolutions with 5 × 5 kernels, each followed by a 2 × 2 pooling:
# 28 → 24 → 12 → 8 → 4.
#
# <details><summary>Hint 1</summary>
#
# For a: what is left of each window, and what becomes of the channels?
#
# <details><summary>Hint 2</summary>
#
# For b: conv2 does the same multiplications at every place of its map. How many places has the map if 24 × 24
# arrive, and how many if 12 × 12 do? Divide.
#
# <details><summary>Hint 3</summary>
#
# For c: make a map of zeros with a single 1, pool it, move the 1 within its window, pool again. For d: does the
# shape of a kernel depend on the size of the map?
#
# </details></details></details>

# %%
print(checks.questions("what_pooling_does"))

# %% answer="what_pooling_does"
choices = {"a": ..., "b": ..., "c": ..., "d": ...}  # replace the dots by options
### BEGIN SOLUTION
choices = {
    "a": "320",
    "b": "6.25",
    "c": "the same",
    "d": "none",
}
### END SOLUTION

# %% check="what_pooling_does"
verdict = checks.what_pooling_does(choices)
print(verdict)
verdict.points  # of 5

# %% [markdown]
# So pooling has no parameters, and saves none in the convolutions. It makes maps smaller: the layers behind it have less to do, a linear layer at the end takes fewer numbers (and *there*
# parameters are saved), and a small move within a window is forgotten.

# %% [markdown]
# ## 7. ReLU: before or after pooling?
#
# **ReLU** replaces every negative number by 0 and leaves the others: max(0, x). Without something like it between them, two layers are no more than one
# (a sum of sums is a sum). The usual order is convolution → ReLU → pooling. Lab 002 writes pooling → ReLU, and its comments say the opposite.
#
# **Predict:**

# %%
order_matters = predict(
    "2.3 For which pooling does the order change the result?",
    ["max", "average", "max and average", "neither"],
    guess=...,
    sure=...,
)
order_matters

# %%
window = torch.tensor([[[[-6.0, 2.0], [4.0, -8.0]]]])
differ = []
for name, pool in (("max", F.max_pool2d), ("average", F.avg_pool2d)):
    relu_first, pool_first = pool(F.relu(window), 2).item(), F.relu(pool(window, 2)).item()
    print(f"{name:8} ReLU first {relu_first:4.1f}   pooling first {pool_first:4.1f}")
    if relu_first != pool_first:
        differ.append(name)
print(order_matters.outcome(" and ".join(differ) or "neither"))

# %% [markdown]
# Max: the greatest of (−6, 2, 4, −8) is 4, and the greatest of (0, 2, 4, 0) is 4. Average: (0 + 2 + 4 + 0)/4 = 1.5, but ReLU((−6 + 2 + 4 − 8)/4) = ReLU(−2) = 0:
# there the negative numbers pull down before ReLU can remove them.
#
# One window is an example, no proof. Here is the whole edge map:

# %%
for name, pool in (("max", F.max_pool2d), ("average", F.avg_pool2d)):
    print(f"{name:8} same result in both orders:", torch.equal(pool(F.relu(full), 2), F.relu(pool(full, 2))))

# %% [markdown]
# For max pooling the order never matters, because ReLU never puts two numbers in the other order. So lab 002's network is right, and its order is even the
# cheaper one: after pooling, ReLU has a quarter of the numbers to look at.

# %% [markdown]
# ## 8. The network
#
# Now all of it together, as lab 002 builds it: a convolution with ten 5 × 5 kernels, max pooling 2, ReLU; a convolution with twenty 5 × 5 kernels, max pooling 2, ReLU;
# then all numbers in one row, and two linear layers, to 50 numbers and to 10.
#
# **Predict.** An image is (1, 28, 28). Write down the shape after each convolution and each pooling.
#
# `nn.Module` is PyTorch's class for anything that holds weights; `super().__init__()` lets it set up its list of them. `__init__` makes the layers, `forward` says
# in which order they work. "fc" means *fully connected*: a linear layer, in which each output looks at every input.
# The 320 is explained in notebook 3; try to find it yourself first.

# %% [markdown]
# **Exercise: conv2** (5 marks). Question 1 of lab 002, with the lab's marks. `UpToFc1` is the network up to
# its first linear layer, and conv2 is missing. Make it; `forward` calls it already.
#
# <details><summary>Hint 1</summary>
#
# How many maps does conv1 hand on? How many should conv2 make of them?
#
# <details><summary>Hint 2</summary>
#
# `nn.Conv2d(channels in, channels out, kernel_size=…)`. The channels that go in are the
# maps of conv1.
#
# <details><summary>Hint 3</summary>
#
# It begins `nn.Conv2d(10, …`, because conv1 makes 10 maps. The other two numbers stand in the first sentence
# of this section.
#
# </details></details></details>


# %% answer="add_conv2"
class UpToFc1(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, kernel_size=5)
        self.conv2 = ...  # replace the three dots
        ### BEGIN SOLUTION
        self.conv2 = nn.Conv2d(10, 20, kernel_size=5)
        ### END SOLUTION
        self.fc1 = nn.Linear(320, 50)

    def forward(self, x):  # (N, 1, 28, 28): a batch of N images
        x = self.conv1(x)  # 10 questions, each at many places
        x = F.relu(F.max_pool2d(x, 2))
        x = self.conv2(x)  # 20 questions about the answers
        x = F.relu(F.max_pool2d(x, 2))
        x = torch.flatten(x, start_dim=1)  # (N, 320): one row of numbers for each image
        return self.fc1(x)  # (N, 50)


# %% check="add_conv2"
verdict = checks.add_conv2(UpToFc1)
print(verdict)
verdict.points  # of 5

# %% [markdown]
# **Exercise: fc2** (5 marks). Question 2 of lab 002, with the lab's marks. `Net` goes on where `UpToFc1`
# ends, with 50 numbers for each image. Make its last layer, and in `forward` add the line that belongs
# between two linear layers.
#
# <details><summary>Hint 1</summary>
#
# What are two linear layers together, if nothing stands between them? (Section 7.)
#
# <details><summary>Hint 2</summary>
#
# `nn.Linear(numbers in, numbers out)`: what does fc1 give, and how many digits are there? Between the two
# stands the function that also stands behind each pooling.
#
# <details><summary>Hint 3</summary>
#
# It begins `nn.Linear(50, …`. In `forward` a line `x = F.…(x)` is missing, after which no number of x is
# negative.
#
# </details></details></details>


# %% answer="add_fc2"
class Net(UpToFc1):
    def __init__(self):
        super().__init__()
        self.fc2 = ...  # replace the three dots
        ### BEGIN SOLUTION
        self.fc2 = nn.Linear(50, 10)
        ### END SOLUTION

    def forward(self, x):
        x = super().forward(x)  # (N, 50), what fc1 gives
        # here a line is missing
        ### BEGIN SOLUTION
        x = F.relu(x)
        ### END SOLUTION
        return self.fc2(x)  # (N, 10): one number for each digit, the logits


# %% check="add_fc2"
verdict = checks.add_fc2(Net)
print(verdict)
verdict.points  # of 5

# %% [markdown]
# From here on the notebook works with your network if both checks say *right*, and with the same network from the course if not.

# %%
done = checks.add_conv2(UpToFc1) and checks.add_fc2(Net)
make_network = Net if done else lambda: models.build("cnn_320")
set_seed(42)
network = make_network()
print(network)
print("numbers to learn:", f"{sum(p.numel() for p in network.parameters()):,}")

# %% [markdown]
# One image on its way through, layer by layer. Compare with your list. Which steps change the number of channels, which the size, which neither?

# %%
x = data.train.take(1).normalised()
steps = [
    ("conv1", network.conv1),
    ("max pooling 2", nn.MaxPool2d(2)),
    ("ReLU", nn.ReLU()),
    ("conv2", network.conv2),
    ("max pooling 2", nn.MaxPool2d(2)),
    ("ReLU", nn.ReLU()),
    ("flatten", nn.Flatten()),
    ("fc1", network.fc1),
    ("ReLU", nn.ReLU()),
    ("fc2", network.fc2),
]
print(f"{'image':14} {x.shape[1:].numel():>5,} numbers  {tuple(x.shape[1:])}")
for name, step in steps:
    x = step(x)
    print(f"{name:14} {x.shape[1:].numel():>5,} numbers  {tuple(x.shape[1:])}")

# %% [markdown]
# A convolution changes both: 28 → 24 because a 5 × 5 kernel has 24 places, and one map for each of its kernels. Pooling halves the size, ReLU changes neither. The 784 pixels have become 10 numbers.
#
# **Predict.** What is the shape of `network(images)` for a batch of 50 images? And what will the untrained network answer?

# %%
images, labels = next(iter(data.train.batches(50, shuffle=True, seed=42)))
logits = network(images)
print(tuple(images.shape), "→", tuple(logits.shape))
favourite = 100 * logits.softmax(dim=1).max().item()
claim("greatest chance it gives to any digit", favourite, at_most=25, unit="%", spec=".0f")

# %% [markdown]
# Ten numbers for each image, the **logits**, one for each digit. The greatest is the answer. Before training they are all about the same: the network gives
# each digit about one chance in ten.

# %% [markdown]
# ## 9. From logits to a loss
#
# Training needs one number that says how wrong an answer is. Take three classes with logits 2.0, 1.0 and 0.1, and let the true class be the *first*.
#
# 1. **softmax** turns logits into probabilities: $p_i = e^{z_i} / \sum_j e^{z_j}$.
# 2. **log-softmax** is their logarithm.
# 3. The **negative log-likelihood** is minus the log-probability of the true class.
# 4. **cross-entropy** in PyTorch does 1 to 3 in one step, from the logits.
#
# **Predict.** Is the loss above or below 1? (It would be 0 for a probability of 1, and ln 3 = 1.10 for a third.)

# %%
z = torch.tensor([[2.0, 1.0, 0.1]])
truth = torch.tensor([0])

softmax = z.exp() / z.exp().sum()
print("softmax          ", [round(v, 4) for v in softmax[0].tolist()], " sum", round(softmax.sum().item(), 4))
print("log-softmax      ", [round(v, 4) for v in softmax.log()[0].tolist()])
print()
print(f"−log(softmax[0])              {-softmax[0, 0].log().item():.4f}")
print(f"log Σ exp(z) − z[0]           {(z.exp().sum().log() - z[0, 0]).item():.4f}")
print(f"nll_loss(log_softmax(z))      {F.nll_loss(F.log_softmax(z, dim=1), truth).item():.4f}")
print(f"cross_entropy(z)              {F.cross_entropy(z, truth).item():.4f}")
print(f"cross_entropy(log_softmax(z)) {F.cross_entropy(F.log_softmax(z, dim=1), truth).item():.4f}")

# %% [markdown]
# Five ways, one number: −ln 0.659 = 0.417. The last line surprises: log-softmax done twice changes nothing, because probabilities that already add up to 1 need no more scaling.
# So lab 002's network, which ends in log-softmax and uses the negative log-likelihood, learns exactly what ours learns from its logits.
#
# Why not `softmax(z).log()`, as in the first of the five?
#
# **Predict.** What does it give for very sure logits, 200 and 0?

# %%
sure = torch.tensor([[200.0, 0.0]])
print("log of softmax:", sure.softmax(dim=1).log().tolist())
print("log_softmax:   ", F.log_softmax(sure, dim=1).tolist())

# %% [markdown]
# $e^{-200}$ is too small for 32 bits, becomes 0, and its logarithm −∞ ends the training. `log_softmax` and `cross_entropy` never form that number.

# %% [markdown]
# **Exercise: log-softmax** (5 marks). Question 3 of lab 002, with the lab's marks. The lab's network returns
# log-probabilities. `LogNet` should return them, made of the logits of `Net`.
#
# <details><summary>Hint 1</summary>
#
# Which numbers are probabilities of one and the same image: those of a row of the logits, or of a column?
#
# <details><summary>Hint 2</summary>
#
# `F.log_softmax` wants a `dim`, the axis along which it adds up. The logits are (N, 10), images first, digits
# second, and axes are counted from 0.
#
# <details><summary>Hint 3</summary>
#
# Add up the ten probabilities of one image: along which axis of (N, 10) do you walk? The function takes the
# logits, and the number of that axis as its `dim`.
#
# </details></details></details>


# %% answer="log_softmax"
class LogNet(Net):
    def forward(self, x):
        logits = super().forward(x)  # (N, 10)
        answer = ...  # replace the three dots
        ### BEGIN SOLUTION
        answer = F.log_softmax(logits, dim=1)
        ### END SOLUTION
        return answer


# %% check="log_softmax"
verdict = checks.log_softmax(LogNet)
print(verdict)
verdict.points  # of 5

# %% [markdown]
# ### A loss that looks right and is not
#
# Lab 000 hands the *softmax*, not its logarithm, to the negative log-likelihood.
#
# **Predict.** What is its loss before training, when every probability is about 0.1? And how hard does it push when the network is sure and wrong? (The push on a logit is minus the derivative of the loss by it; `backward` computes it, section 11.)

# %%
uniform = torch.zeros(1, 10)
losses = {
    "cross-entropy": lambda z: F.cross_entropy(z, truth),
    "lab 000": lambda z: F.nll_loss(z.softmax(dim=1), truth),
}
for name, loss in losses.items():
    z = torch.tensor([[0.0, 10.0]], requires_grad=True)  # sure of class 1, but the truth is class 0
    loss(z).backward()
    clueless, push = loss(uniform).item(), -z.grad[0, 0].item()
    print(f"{name:13}  no idea: loss {clueless:6.3f}   sure and wrong: push on the true logit {push:.5f}")

# %% [markdown]
# A loss of −0.1 is a warning sign: a negative log-likelihood cannot be below 0. And where the network is most wrong, the push is 20,000 times too weak: whatever it gets
# wrong with confidence, it hardly learns any more.

# %% [markdown]
# **Exercise: which loss fits which output** (5 marks). Six ways to train; lab 000 takes one of them. Is each
# *right*, *wrong*, or does it do the same step *twice*, which costs time and changes nothing?
#
# <details><summary>Hint 1</summary>
#
# How often is a log-softmax taken on each way? Count what the network does and what the loss does.
#
# <details><summary>Hint 2</summary>
#
# `F.cross_entropy` takes logits and does the log-softmax itself. `F.nll_loss` takes log-probabilities and
# does none.
#
# <details><summary>Hint 3</summary>
#
# Exactly one log-softmax: right. Two of them: twice. None, or a softmax without its logarithm on the way:
# wrong. Now count for each of the six.
#
# </details></details></details>

# %%
print(checks.questions("which_loss"))

# %% answer="which_loss"
choices = {"a": ..., "b": ..., "c": ..., "d": ..., "e": ..., "f": ...}  # replace the dots
### BEGIN SOLUTION
choices = {"a": "right", "b": "right", "c": "twice", "d": "wrong", "e": "wrong", "f": "wrong"}
### END SOLUTION

# %% check="which_loss"
verdict = checks.which_loss(choices)
print(verdict)
verdict.points  # of 5

# %% [markdown]
# ## 10. The loss before training
#
# The untrained network gives each of ten digits a chance of about 1/10, not exactly. No idea at all costs ln 10 = 2.303 (section 9).
#
# **Predict**, as a range: does the untrained network pay just that, more, or less, and by how much?

# %%
loss_untrained = predict(
    "2.4 Cross-entropy of the untrained network on the batch of 50?", guess=(..., ...), sure=...
)
loss_untrained

# %%
print(f"−ln(1/10) = ln 10 = {math.log(10):.3f}")
untrained = F.cross_entropy(network(images), labels).item()
claim("loss of the untrained network", untrained, at_least=2.2, at_most=2.5, spec=".3f")
print(loss_untrained.outcome(untrained))

# %% [markdown]
# Why a little more than ln 10? Exactly ln 10 is the price of a guess that gives every digit the same chance. An untrained network leans a little to some digits, whatever the image:
# what it saves on images of those is less than what it pays on all the others.
#
# **ln 10 ≈ 2.303** is the first thing to check in any training on ten classes. Far above: the inputs or the start weights are too large. Below 0: the wrong loss.

# %% [markdown]
# ## 11. One training step
#
# One step moves each of the 21,840 numbers a little, so that the loss falls. Four lines do it:
#
# - `optimizer.zero_grad()` throws away what the step before has found;
# - a forward pass and the loss, `F.cross_entropy(logits, labels)`: the logits come first;
# - `loss.backward()` finds for each number in which direction, and how steeply, the loss grows: the **gradient**, the derivative of the loss by that number;
# - `optimizer.step()` moves each number against its gradient.
#
# What turns gradients into moves is called an **optimiser**. Lab 002's is **SGD** (stochastic gradient descent: a step downhill, judged from one random batch): `optimizer = torch.optim.SGD(network.parameters(), lr=0.001)`, where the learning rate `lr` says how long a step is.

# %% [markdown]
# **Exercise: one training step** (10 marks). Write `training_step(model, optimizer, images, labels)`: the
# four lines, with the cross-entropy of the logits as the loss.
#
# <details><summary>Hint 1</summary>
#
# `backward` *adds* its directions to those that are there already. What has to be done before it?
#
# <details><summary>Hint 2</summary>
#
# Clear, then forward and loss, then backward, then move. The logits are what `model` makes of the images.
#
# <details><summary>Hint 3</summary>
#
# `optimizer.zero_grad()` comes first. The second line is `loss = F.cross_entropy(…, labels)`, with the logits
# of the images. Two calls without arguments are left.
#
# </details></details></details>


# %% answer="training_step"
def training_step(model, optimizer, images, labels):
    loss = ...  # replace the three dots, and add the other lines
    ### BEGIN SOLUTION
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    ### END SOLUTION
    return loss


# %% check="training_step"
verdict = checks.training_step(training_step)
print(verdict)
verdict.points  # of 10

# %% [markdown]
# Lab 002 adds **momentum** 0.9: each step also carries on with 0.9 of the step before, like a ball that rolls. In the first step there is nothing to carry on yet, so the rule is: new weight = old weight − 0.001 × gradient.
# We check it for one weight.

# %%
optimizer = torch.optim.SGD(network.parameters(), lr=0.001, momentum=0.9)
weight = network.conv1.weight
before = weight[0, 0, 2, 2].item()
loss_before = F.cross_entropy(network(images), labels)

optimizer.zero_grad()
loss_before.backward()
optimizer.step()

by_rule = before - 0.001 * weight.grad[0, 0, 2, 2].item()
print("the weight moved:", weight[0, 0, 2, 2].item() != before)
print("and by the rule, up to 1e-7:", abs(weight[0, 0, 2, 2].item() - by_rule) < 1e-7)

# %% [markdown]
# **Predict.** By how much has the loss on these 50 images changed? And what is it after 200 more steps on the same 50?

# %%
loss_after = F.cross_entropy(network(images), labels)
claim("loss now − loss before", (loss_after - loss_before).item(), at_most=0, spec=".4f")
for _ in range(200):
    loss = F.cross_entropy(network(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
claim("loss after 200 more steps", loss.item(), at_most=1.5, spec=".2f")

# %% [markdown]
# One step changes almost nothing; two hundred change a lot. But fifty images learnt by heart are not the aim: every step must see other images.

# %% [markdown]
# ## 12. Training
#
# `fit` does what you have just written, with a new batch each step, and keeps a record. The recipe is lab 002's: SGD, learning rate 0.001, momentum 0.9, batches of 50, five epochs.
# (The bundled digits are 40 times fewer, so they are gone through 20 times.)
#
# Two things are mended on the way. Lab 002 seeds NumPy, which draws nothing here, so its run cannot be repeated; `seed=42` now reaches PyTorch. And it sends every batch
# through the network two more times, after the step, to measure the accuracy; `fit` takes it from the logits that gave the loss.
#
# **Predict.** Section 13 has the answer.

# %%
read_correctly = predict(
    "2.5 Which share of the test digits will the network read correctly after the training, in %?",
    guess=(..., ...),
    sure=...,
)
read_correctly

# %% [markdown]
# The monitor below grows while the next cell trains, which takes one to three minutes; the monitor shows the time left. Let it run: Pause and Resume change nothing in the result, and pointing at a step reads its accuracy.
#
# **Try**, when you have come to the end of the notebook: run the training cell a second time and press **× 2** in the monitor while it trains, again and again. How far can you go?
# (The numbers are then no longer those of the text, and a line may say DOES NOT HOLD; a third run brings them back.)
#
# <details><summary>Answer</summary>
#
# The loss falls *faster* at first: 0.001 is a careful choice. In our runs it stopped falling somewhere between 0.016 and 0.064, four to six times doubled. Further up the curve jumps; if it then stays at 2.3 = ln 10, the network only guesses.
# </details>

# %%
from cnnlab.widgets import TrainingMonitor

monitor = TrainingMonitor()
monitor

# %%
set_seed(42)
network = make_network()
history = fit(
    network,
    data.train,
    epochs=5 if data.name == "mnist" else 20,
    batch_size=50,
    optimizer="sgd",
    lr=0.001,
    momentum=0.9,
    seed=42,
    callbacks=[monitor],
)
in_an_epoch = math.ceil(len(data.train) / 50)
print("steps in an epoch × epochs = all steps:", in_an_epoch * len(history.epochs) == len(history.steps))
claim("loss of the first step", history.steps[0].loss, at_least=2.2, at_most=2.5, spec=".3f")
claim("mean loss of the last epoch", history.epochs[-1].loss, at_most=0.3, spec=".3f")

# %% [markdown]
# The first loss is ln 10 again, give or take, and then it falls. Lab 002 prints the mean loss of every 300 steps, four times an epoch.
#
# *The figure: on the left the lab's printed numbers (dashed, squares) and ours (circles); on the right the
# share of training images read correctly.*

# %%
reported = "1.646 0.503 0.215 0.172 0.141 0.123 0.111 0.113 0.098 0.090"
reported += " 0.089 0.088 0.076 0.081 0.075 0.076 0.070 0.067 0.068 0.065"
LAB_002 = [float(loss) for loss in reported.split()]
axes = plots.curves(history, every=300, reference=LAB_002)
rows = history.every(300)
claim("mean loss of the first 300 steps", rows[0].loss, at_least=1.0, at_most=2.2, spec=".3f")
claim("mean loss of the last line below", rows[-1].loss, at_most=0.45, spec=".3f")

# %% tags=["nbval-ignore-output"] reason="twenty measured losses beside the lab's, different with other data"
print("steps   lab 002    here")
for row, lab_loss in zip(rows, LAB_002):
    print(f"{row.step:5}     {lab_loss:.3f}   {row.loss:.3f}")

# %% [markdown]
# On MNIST the two curves have the same shape and come to the same end, about 0.07. They are not equal: nearly all of our points lie higher, in the first two epochs by up to some 30 %
# (the very first: 1.646 there, about 1.9 here). Equality cannot be expected: the lab's first weights and the order of its images were other random numbers, and nobody recorded them. The
# points of one run hang together, too: all come from one set of first weights. Whether something else in the recipe differs, one run cannot say. Same shape, same end: that is what can be reproduced here.
#
# ## 13. How good is it?
#
# Only the test images count: the network has never seen them. You wrote a number down in section 12.
#
# **Predict.** One thing more: will the test accuracy be above or below the training accuracy of the last epoch?

# %%
evaluation = evaluate(network, data.test)
low, high = evaluation.interval
claim("training accuracy of the last epoch", history.epochs[-1].accuracy, at_least=92, unit="%")
claim("test accuracy", evaluation.accuracy, at_least=92, unit="%")
claim("95 % interval, low end ", low, at_least=88, unit="%")
claim("95 % interval, high end", high, at_most=99.9, unit="%")
print(read_correctly.outcome(evaluation.accuracy))

# %% [markdown]
# The two are close, and here, on MNIST, the test accuracy is the *higher* one. The training accuracy was counted while the weights were still changing; the test images met the finished network. So a higher test accuracy is no miracle, and a
# training accuracy that lies far above it would be a warning: learnt by heart.
#
# Lab 002 reports 98 %. The interval says how sure we can be of our number: the test images are a sample, and another sample of the same size would have given
# a slightly different accuracy. The **95 % Wilson interval** is computed from two counts, right answers
# and images: of 100 such intervals, each from another sample, about 95 hold the accuracy on *all* digits of this kind. Two networks whose intervals overlap widely have not been told apart.
#
# ### Each digit
#
# The lab also reports each digit by itself: 98, 100, 96, 97, 99, 100, 98, 97, 98, 95 %.
#
# **Predict.** Which digit is hardest? Will the intervals be wider or narrower than that of all images?
#
# *The figure: our accuracy for each digit with its interval (blue), the lab's figures (orange diamonds), and the accuracy over all images (dashed, its interval shaded).*

# %%
LAB_002_PER_DIGIT = [98, 100, 96, 97, 99, 100, 98, 97, 98, 95]
ax = plots.per_class_accuracy(evaluation)
ax.plot(range(10), LAB_002_PER_DIGIT, "D", color=ORANGE, label="reported by lab 002")
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)
typical = sum(row.high - row.low for row in evaluation.per_class) / 10
claim("interval of one digit ÷ interval of all", typical / (high - low), at_least=2, spec=".1f")

# %% [markdown]
# The lowest dot is the hardest digit of *this* run. Compare it with the next lowest two: where intervals overlap that much, the digits have not been told apart, and another run may choose another.
#
# An interval of one digit is about three times as wide as that of all digits: it rests on a tenth of the images, and √10 ≈ 3.2.
#
# ## 14. Why some of the lab's figures do not repeat
#
# Look at the lab's figures again: two digits with exactly 100 %, and no decimals. Here is its counting loop, in the words of today's PyTorch:
#
# ```python
# for images, labels in test_loader:        # batches of 50, shuffled
#     correct = network(images).argmax(1) == labels
#     for i in range(10):                   # ← meant: every image
#         class_correct[labels[i]] += correct[i]
#         class_total[labels[i]] += 1
# for c in range(10):
#     print('%d %%' % (100 * class_correct[c] / class_total[c]))
# ```
#
# `range(10)` was meant for ten digits and is used for the images of a batch.
#
# **Predict.** What does `'%d'` make of 98.97? And:

# %%
share_read = predict(
    "2.6 Which share of the test set does the lab's loop read, in %?", guess=(..., ...), sure=...
)
share_read

# %%
right = evaluation.predicted == evaluation.labels
shuffled = torch.randperm(len(right), generator=torch.Generator().manual_seed(0))
read = torch.cat([batch[:10] for batch in shuffled.split(50)])
claim("share of the test images it reads", 100 * len(read) / len(right), at_most=25, unit="%", spec=".0f")
lab_format = "%d %%"
print("98.97 as the lab prints it:", lab_format % 98.97)
print(share_read.outcome(100 * len(read) / len(right)))

# %% [markdown]
# Ten of every fifty: a fifth of the data, and because the test images are shuffled, another fifth in each run. So the lab's figures change although the network does not;
# notebook 5, section 6, repeats the loop twenty times and shows by how much. And `'%d'` cuts the decimals off.
#
# The mend is one word: `for i in range(len(labels))`. `evaluate` reads all images, does not shuffle them, keeps the decimals, and gives the interval.

# %% [markdown]
# **Exercise: accuracy over all batches** (5 marks). Write `accuracy(model, batches)` in percent. Each batch
# is a pair of images and labels, and the last batch may be smaller.
#
# <details><summary>Hint 1</summary>
#
# Batches of 50, 50 and 13 images: should an image of the last one count as much as one of the first?
#
# <details><summary>Hint 2</summary>
#
# Take two counts through the loop, right answers and images. The answer to an image is the place of its
# largest logit: `argmax(dim=1)`.
#
# <details><summary>Hint 3</summary>
#
# In the loop: `right += (model(images).argmax(dim=1) == labels).sum().item()` and `seen += len(labels)`. One
# division is left, after the loop.
#
# </details></details></details>


# %% answer="accuracy"
def accuracy(model, batches):
    percent = ...  # replace the three dots
    ### BEGIN SOLUTION
    right = seen = 0
    for images, labels in batches:
        right += (model(images).argmax(dim=1) == labels).sum().item()
        seen += len(labels)
    percent = 100 * right / seen
    ### END SOLUTION
    return percent


# %% check="accuracy"
verdict = checks.accuracy(accuracy)
print(verdict)
verdict.points  # of 5

# %% [markdown]
# ## 15. Ten of them
#
# Ten test images, chosen at random, without their labels.
#
# **Predict.** Read them yourself and write the ten digits down. Is there one that you are not sure of?

# %%
ten = torch.randperm(len(data.test), generator=torch.Generator().manual_seed(2))[:10]
_ = plots.image_grid(data.test.images[ten], rows=2, columns=5)
print("images drawn:", len(ten))

# %% [markdown]
# *The figure: the same ten. Each title says true digit → the network's answer (its confidence: the probability of that answer).*

# %%
axes = plots.prediction_gallery(evaluation, data.test, ten)
claim("read correctly", int(right[ten].sum()), at_least=7, unit="of 10", spec="d")

# %% [markdown]
# ## Your own network

# %% [markdown]
# **Exercise: a CNN of your own** (10 marks). Question 2 of lab 003: two convolutions and two linear layers,
# images in, ten logits out. The sizes are yours. If you have none in mind, take those of lab 001, without its
# dropout: conv 1→6 with a 5×5 kernel, max pooling 2; conv 6→16 with a 5×5 kernel, max pooling 2; linear
# layers to 30 and to 10.
#
# <details><summary>Hint 1</summary>
#
# What must stand between any two layers, so that they are not one layer in disguise?
#
# <details><summary>Hint 2</summary>
#
# Make the four layers in `__init__`, and call them in `forward`: convolution, ReLU, pooling, the same again,
# flatten, linear, ReLU, linear. What goes into a layer is what the one before gives.
#
# <details><summary>Hint 3</summary>
#
# For the first linear layer follow the size of the map: lab 001 goes 28 → 24 → 12, then the same two steps
# again. Multiply channels by height by width. The last layer is `nn.Linear(30, 10)`, and nothing comes behind
# it.
#
# </details></details></details>


# %% answer="cnn"
class MyNet(nn.Module):
    def __init__(self):
        super().__init__()
        # here the layers are missing
        ### BEGIN SOLUTION
        self.conv1 = nn.Conv2d(1, 6, kernel_size=5)
        self.conv2 = nn.Conv2d(6, 16, kernel_size=5)
        self.fc1 = nn.Linear(256, 30)
        self.fc2 = nn.Linear(30, 10)
        ### END SOLUTION

    def forward(self, x):
        logits = ...  # replace the three dots
        ### BEGIN SOLUTION
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, start_dim=1)
        logits = self.fc2(F.relu(self.fc1(x)))
        ### END SOLUTION
        return logits


# %% check="cnn"
verdict = checks.cnn(MyNet)
print(verdict)
verdict.points  # of 10

# %% [markdown]
# Lab 001 leaves out the ReLU between its two linear layers. Then the two are one linear layer in disguise, and the count of numbers does not tell.
#
# **Try it**: in your network let the first linear layer take one number more than it should, run the cell, and try `MyNet()(images)` in a new one. Read PyTorch's error. Then ask:
#
# ```python
# from cnnlab import explain
#
# print(explain(MyNet()))
# ```
#
# It says which layer does not fit, where the number that reaches it comes from, and three ways to mend it. Notebook 3 is about this arithmetic.

# %% [markdown]
# ## Questions
#
# 1. A kernel's nine numbers add up to 2. What happens to a flat grey area?
#
# <details><summary>Answer</summary>
#
# It becomes twice as bright: every product is the same grey times a weight, and the weights add up to 2.
# </details>
#
# 2. How many numbers does `nn.Conv2d(3, 8, 3)` hold?
#
# <details><summary>Answer</summary>
#
# 8 kernels with 3 slices of 3 × 3, and 8 biases: 8 · 27 + 8 = 224.
# </details>
#
# 3. Your first loss on ten classes is 14.2. Is the network bad at digits?
#
# <details><summary>Answer</summary>
#
# Worse than knowing nothing, which costs ln 10 = 2.303: it is very sure and wrong. Look at the size of the inputs (pixels of 0 to 255 without normalisation?) and of the start weights.
# </details>
#
# 4. A friend reports 98 % on 200 test images, you 97.6 % on 10,000. Whose network is better?
#
# <details><summary>Answer</summary>
#
# Unknown. With 200 images the interval is about 95 to 99 %, and yours lies inside it.
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
# - A convolution lays a small table of numbers on every place, multiplies and adds. Few numbers, used everywhere.
# - Padding (k − 1)/2 keeps the size; stride and pooling halve it. ReLU and max pooling may change places, ReLU and average pooling may not.
# - The network returns logits. Cross-entropy takes logits, and starts at ln 10 ≈ 2.303 for ten classes.
# - A training step: loss, `backward`, `step`, and `zero_grad` before it.
# - An accuracy without the number of images behind it says little: give the interval.
#
# **Next**: notebook 3 explains the one number in the network that nobody chose, the 320.
