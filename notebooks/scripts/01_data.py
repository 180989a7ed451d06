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
# # 1 · Data visualisation
#
# You see a three. Your computer sees 784 numbers, and nothing in them says "three". Before a
# network can learn to close that gap, you should know the numbers better than it does: what one
# of them means, how many there are, which are useless, and how far you get with no network at all.
# (Further than most people guess.)
#
# **You will be able to**
# - say what an image is to PyTorch: shape, type, range, and which axis is which;
# - avoid the two classic mistakes with image tensors: swapped axes and bytes that run over;
# - count classes and pixels instead of believing what a text says about them;
# - normalise pixels, and say where 0.1307 and 0.3081 come from and what 0.5 and 0.5 do instead;
# - divide data into training, validation and test sets, and show by experiment why three;
# - build two classifiers without any training, and break both with a move of three pixels;
# - make batches in two ways, and say which is faster and why.
#
# **Time**: 55 minutes. **Needs**: Python. It is the first notebook; PyTorch is explained as it comes.
#
# **Exercises**: 2, with 10 marks.
#
# ### How to work
#
# 1. Make a copy to work in. In a second terminal, in the project's folder, `make mine` (or `cnnlab release notebooks/mine`) writes the whole course into the
#    folder `mine`, with blanks in place of the solutions and without outputs. Or take only this notebook: menu **File › Save Notebook As…**, with a name of your own, then
#    **Edit › Clear Outputs of All Cells**. JupyterLab saves what you do, and the originals stay whole.
# 2. Run the cells from the top: Shift + Enter.
# 3. Where it says **Predict**, write your answer down, a number if you can.
#    Where a cell with `predict` follows, put the answer there, in place of the dots: `guess` is one of the choices, or a range such as `(90, 95)`
#    (twice the same number if you know it exactly); `sure` is how likely you think it is that you are right, in percent. Run the cell. You can
#    change your mind until you have seen the result.
# 4. Run the cell (Shift + Enter), compare, and only then read on.
# 5. Where it says **Exercise**, put your answer in place of the three dots. Run this cell, then the one below it: it says *right*, *not yet*, or what is wrong, and how many marks you have. Try as often as you like. The hints open one after the other. If the answer is there already, between two lines that begin with `###`, delete these lines and all between them first.
#
# Your guesses are kept in one file, `predictions.json`, beside the notebook; they are never sent. The end of each notebook
# compares how sure you were with how often you were right.
#
# If you only read: cover what stands below each **Predict** with a sheet of paper until you have an answer.
#
# A number that differs a little from machine to machine is printed behind ≈, beside a bound that
# holds everywhere.
#
# ### The five labs
#
# The course grew out of five public student labs on MNIST. Their networks and their numbers come up again and again:
#
# | lab | network | what it reports |
# |---|---|---|
# | 000 | wide CNN, convolutions to 32 and 64 channels, 5 × 5 with padding: 454,922 parameters | test accuracy 97.2 % |
# | 001 | small CNN, 6 and 16 channels, with dropout: 10,592 parameters | no result |
# | 002 | CNN with 10 and 20 channels and 320 features, "the 320 network": 21,840 parameters | 98 %, and an accuracy for each digit |
# | 003 | questions only: compare a plain network with a CNN, look at its mistakes and layers, time it | nothing, you are to find out |
# | 004 | CNN, 32 and 64 channels, 3 × 3 with padding: 824,458 parameters | 98.74 %, against 91.4 % for logistic regression |
#
# (Words such as *channel*, *parameter*, *padding* and *dropout* are explained in notebooks 2 and 3. You do not need them here. The labs were
# handed in by students, so we give their networks, tasks and numbers, and no names.)

# %%
import dataclasses
import time

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F

from cnnlab import checks, claim, evaluate, fit, hold_out, load_data, models, plots, set_seed
from cnnlab.data import data_loader, permute_pixels, shift
from cnnlab.plots.style import BLUE, GREEN, LECTURE, VERMILLION
from cnnlab.predictions import calibration, predict

plt.rcParams.update(LECTURE)  # the look of all figures

# %% tags=["nbval-ignore-output"] reason="MNIST, or the bundled digits where MNIST is missing"
data = load_data()
data

# %% [markdown]
# If the output above carries a warning, MNIST was not found on your machine and you have 1,797 smaller
# digits in its place. Everything below works with them too; where the text says MNIST's number,
# yours differs.
#
# ## 1. One image is a table of numbers
#
# **Predict.** An image is 28 pixels wide and 28 high. How many numbers is that, and of which type? And:

# %%
bytes_kept = predict("1.1 How many bytes does the computer keep for one image?", guess=(..., ...), sure=...)
bytes_kept

# %%
image = data.train.images[data.train.labels == 3][0]  # the first 3 of the training set
print("shape:", tuple(image.shape), "= (channels, rows, columns)")
print("type:", image.dtype)
print("numbers:", image.numel())
print("bytes:", image.nbytes)
print("smallest value in the training set:", data.train.images.min().item())
print("largest value in the training set:", data.train.images.max().item())
print(bytes_kept.outcome(image.nbytes))

# %% [markdown]
# `image` is a **tensor**: PyTorch's name for a table of numbers with any number of axes, what NumPy calls an array.
# 1 × 28 × 28 = 784 numbers of one byte each. A byte (`uint8`) counts from 0 to 255: here 0 is
# black, the paper, and 255 is white, full ink. The leading 1 is the number of channels: grey
# images have one, colour images three.
#
# The whole image, with every number in its place.
#
# *The figure: a 3 made of bright cells. Most cells hold 0. Along the edge of a stroke the
# numbers climb from 0 to above 200 within two or three cells.*

# %%
_ = plots.image_numbers(image)
print("the same image, once as grey levels and once as 28 × 28 numbers")

# %% [markdown]
# The ramp from 0 to white at the edge of a stroke is what makes the edge look smooth.
#
# `image[0, row, column]` is one pixel; rows count from the top **down**. The axes are where image
# code goes wrong first, so try them.
#
# **Predict.** Below stand a 7, its `flip(1)`, its `flip(2)` and its `mT` (rows and columns exchanged).
# Which one is upside down?
#
# *The figure: the same 7 four times, in four positions.*

# %%
seven = data.train.images[data.train.labels == 7][0]
views = torch.stack([seven, seven.flip(1), seven.flip(2), seven.mT])
_ = plots.image_grid(views, 1, 4, titles=["image", "flip(1)", "flip(2)", "mT"])
print("flip(1) twice gives the image back:", torch.equal(seven.flip(1).flip(1), seven))

# %% [markdown]
# From the left: the 7; the same with its bar at the bottom; its mirror image; and a 7 mirrored along the diagonal, on its side and the wrong way round.
#
# Axis 0 is the channel, axis 1 the rows, axis 2 the columns. `flip(1)` reverses the order of the rows, `flip(2)` that of the columns; `mT` makes rows of the columns. A
# batch has one more axis in front, (N, C, H, W), and there the rows are axis 2.
#
# ## 2. Bytes come to an end
#
# You want the image brighter: add 100 to every pixel.
#
# **Predict.** What is 200 + 100, for a byte?

# %%
pixel = torch.tensor(200, dtype=torch.uint8)
print("200 + 100 =", (pixel + 100).item())
print("300 - 256 =", 300 - 256)

# %%
wrapped = image + 100
brighter = (image.int() + 100).clamp(max=255).to(torch.uint8)  # a wider type first, then back into range
three = torch.stack([image, wrapped, brighter])
_ = plots.image_grid(three, 1, 3, titles=["image", "image + 100", "brighter"])
print("no pixel became darker, wrapped: ", bool((wrapped >= image).all()))
print("no pixel became darker, brighter:", bool((brighter >= image).all()))

# %% [markdown]
# *The figure: on the left the digit; in the middle a grey field from which the digit has all but
# vanished, only a broken outline is left; on the right the digit on grey, its strokes white.*
#
# Past 255 a byte starts again at 0, without a warning. The paper goes from 0 to 100. A stroke of 252 goes to
# 352 = 256 + 96: the same grey as the paper, to the eye. This is why images are turned into a wider type before
# any arithmetic.
#
# **Try it**: make the image darker by 100. As it stands, the last line says False. Mend the first line
# until it says True.

# %%
darker = image - 100  # change this line
print("no pixel became brighter:", bool((darker <= image).all()))

# %% [markdown]
# <details><summary>Answer</summary>
#
# `darker = (image.int() - 100).clamp(min=0).to(torch.uint8)`. Without `int()`, 0 − 100 becomes
# 156, and the whole black background turns light grey.
# </details>
#
# ## 3. Fifty images
#
# One image teaches little. Here are the first fifty, five rows of ten, as lab 002 shows them, but without the labels.
#
# **Predict.** How many of the fifty will you read differently from the label? Read them, row by row, and write down
# those that you are not sure of.
#
# *The figure: fifty white digits on black, all upright, all in the middle, all about equally large.*

# %%
first = data.train.take(50)
_ = plots.image_grid(first.images, 5, 10)
print("different digits among the fifty:", len(first.labels.unique()))

# %% tags=["nbval-ignore-output"] reason="MNIST's labels, or those of the bundled digits"
for row in first.labels.reshape(5, 10).tolist():
    print(*row)

# %% [markdown]
# Count the ones that you read differently: only you know the number. One is 2 % of fifty. And if it was none, do not
# conclude that you never err: who errs 5 times in 100 still gets fifty in a row right in 0.95⁵⁰ = 8 % of all cases.
#
# The digits are all upright, in the middle and about equally large. Somebody made them so: in MNIST every digit was scaled into a box of 20 × 20 pixels and
# its centre of mass put in the middle of the 28 × 28 (LeCun, Cortes and Burges, *The MNIST database of handwritten digits*). Whatever learns from such tidy images has seen
# no other kind: section 10 shows what that costs two simple methods, notebook 4 what it costs networks.
#
# Now the same idea, sorted: each column holds one digit.
#
# **Predict.** Which digit do people write in the most different ways, and which in the fewest? (Section 8 measures it.)
#
# *The figure: five images of each digit, a column for each.*

# %%
labels = data.train.labels
of_each = [(labels == digit).nonzero().flatten()[:5] for digit in range(10)]  # five images of each digit
sorted_images = data.train.images[torch.stack(of_each, dim=1).flatten()]
_ = plots.image_grid(sorted_images, 5, 10, titles=list(range(10)) * 5)
print("images:", len(sorted_images), "= 5 rows × 10 digits")

# %% [markdown]
# Look for ones that differ in little but their slant, twos with and without a loop, fours open
# and closed, sevens with and without a bar. "A 7" is not a shape. It is a family of shapes, and that
# is why nobody writes the rule down and why we let a program learn it.
#
# ## 4. How many of each?
#
# Lab 003 says: 6000 images per class.
#
# **Predict.** Is that so? If not, which digit is rarest?
#
# *The figure: a bar for each digit, and a dashed line at the average.*

# %%
_ = plots.class_counts(data.train)
counts = data.train.class_counts()
print("every image is counted:", counts.sum().item() == len(data.train))
print("every digit has the same number of images:", bool((counts == counts[0]).all()))
claim("images of the commonest digit for one of the rarest", counts.max() / counts.min(), at_least=1.02)

# %% [markdown]
# The *average* is 6,000: 60,000 / 10. The counts of MNIST run from 5,421 fives to 6,742 ones. That
# is not a disaster, but two things follow. A part of the data that you cut off has to keep these shares
# (section 7), and the lowest accuracy worth mentioning is not 10 %:

# %%
commonest = counts.argmax().item()
right = (data.test.labels == commonest).double().mean().item()
claim("always answer the commonest digit: test accuracy", 100 * right, at_least=9, at_most=13, unit="%")

# %% [markdown]
# That is the score of a program that does not look at the image. Any classifier starts there, not at 0.
#
# ## 5. What the pixels are
#
# **Predict.** Are the values from 1 to 255 about equally common? And the 0:

# %%
share_of_zeros = predict(
    "1.2 Which share of all pixels of the training images is exactly 0, in %?", guess=(..., ...), sure=...
)
share_of_zeros

# %% [markdown]
# *The figure: how often the values from 0 to 255 occur, in steps of four. Every step of the upright axis is a factor of ten.*

# %%
_ = plots.pixel_histogram(data.train.images)
zero = (data.train.images == 0).double().mean().item()
claim("pixels that are exactly 0", 100 * zero, at_least=50, at_most=90, unit="%")
print(f"outside of the box of 20 × 20: 1 - 400 / 784 = {100 * (1 - 400 / 784):.0f} % of all pixels")
print(share_of_zeros.outcome(100 * zero))

# %% [markdown]
# A tall bar at 0, a low plain in between, and on MNIST a second hill close to 255.
#
# Half of the pixels lie outside of the box that the digits were scaled into, and inside of it there is more
# paper than ink. So most of the numbers that a network reads say nothing. MNIST is almost black and
# white; the greys are the ramps at the edges of the strokes.
#
# ## 6. Normalisation
#
# Networks are not fed bytes. Every pixel becomes
#
# $$x = \frac{\text{pixel}/255 - \text{mean}}{\text{std}}$$
#
# with the mean and the standard deviation of the **training** pixels, so that x has mean 0 and standard
# deviation 1. Copied from lab to lab, the two numbers are 0.1307 and 0.3081. Let us compute them.

# %% [markdown]
# **Exercise: the two numbers** (5 marks). Write `mean_and_std(images)`: the mean and the standard deviation
# of all pixels together, each in [0, 1], as a pair. It gets bytes of shape (N, 1, 28, 28).
#
# <details><summary>Hint 1</summary>
#
# Which range have the pixels in the file, and for which range are the two numbers?
#
# <details><summary>Hint 2</summary>
#
# A tensor has the methods `mean()` and `std()`. Without arguments they take all its numbers together. Divide
# before you call them: with `/`, because `//` cuts off the fraction.
#
# <details><summary>Hint 3</summary>
#
# `x = images / 255` holds the pixels in [0, 1]. Two methods of `x` are left, and the order: first the mean.
#
# </details></details></details>


# %% answer="mean_and_std"
def mean_and_std(images):
    both = ...  # replace the three dots
    ### BEGIN SOLUTION
    x = images / 255
    both = x.mean(), x.std()
    ### END SOLUTION
    return both


# %% check="mean_and_std"
verdict = checks.mean_and_std(mean_and_std)
print(verdict)
verdict.points  # of 5

# %% [markdown]
# For the whole training set the histogram is enough: 256 counts hold all that the mean and the standard deviation need to know.

# %%
counts_of_values = torch.bincount(data.train.images.flatten(), minlength=256).double()
share = counts_of_values / counts_of_values.sum()  # of the pixels, for each value 0 to 255
value = torch.arange(256).double() / 255  # in [0, 1]
mean = (share * value).sum().item()
std = (share * (value - mean) ** 2).sum().sqrt().item()
print("all pixels are counted:", int(counts_of_values.sum()) == data.train.images.numel())
print("as the package computes them:", abs(mean - data.mean) < 1e-9 and abs(std - data.std) < 1e-9)

# %% tags=["nbval-ignore-output"] reason="the two numbers belong to the data set that was found"
print(f"{data.name}: mean {mean:.4f}, std {std:.4f}")
print("the labs' 0.1307 and 0.3081:", (round(mean, 4), round(std, 4)) == (0.1307, 0.3081))

# %% [markdown]
# On MNIST: exactly 0.1307 and 0.3081, so the labs were right. On the bundled digits the numbers are 0.1561 and
# 0.2778. The two constants are a **property of MNIST**, not of normalisation: with other images, compute
# your own, from the training set only.

# %% [markdown]
# **Exercise: normalise** (5 marks). Write `normalise(images, mean, std)` by the formula at the head of this
# section. `images` are bytes; `mean` and `std` are those of pixels in [0, 1], of whatever data set.
#
# <details><summary>Hint 1</summary>
#
# Work one pixel out on paper: 51, with mean 0.1 and std 0.2. Which of the three operations comes first?
#
# <details><summary>Hint 2</summary>
#
# The order is: from bytes to [0, 1], then the mean, then the standard deviation. Python divides before it
# subtracts, so one part needs brackets.
#
# <details><summary>Hint 3</summary>
#
# `images / 255 - mean` is the upper part of the fraction. Put it in brackets; one operation is left behind
# them.
#
# </details></details></details>


# %% answer="normalise"
def normalise(images, mean, std):
    x = ...  # replace the three dots
    ### BEGIN SOLUTION
    x = (images / 255 - mean) / std
    ### END SOLUTION
    return x


# %% check="normalise"
verdict = checks.normalise(normalise)
print(verdict)
verdict.points  # of 5

# %% [markdown]
# The package does the same with `normalised()`.

# %%
x = data.train.normalised()
print("shape of one image:", tuple(x[0].shape), "type:", x.dtype)
print("mean is 0, to 4 decimals:", abs(x.mean(dtype=torch.float64).item()) < 5e-5)
print("standard deviation is 1, to 4 decimals:", abs(x.double().std(correction=0).item() - 1) < 5e-5)

# %% [markdown]
# Lab 001 writes 0.5 and 0.5 instead.
#
# **Predict.** With pencil and paper, for MNIST (0.1307 and
# 0.3081 in [0, 1]): what do black, white, the mean and the standard deviation become?

# %%
scales = {"divided by 255": (0, 1), "0.5 and 0.5": (0.5, 0.5), "0.1307 and 0.3081": (0.1307, 0.3081)}
for name, (m, s) in scales.items():
    black, white, middle, spread = (0 - m) / s, (1 - m) / s, (0.1307 - m) / s, 0.3081 / s
    print(f"{name:18} black {black:6.3f}   white {white:5.3f}   mean {middle:6.3f}   std {spread:.3f}")

# %% [markdown]
# 0.5 and 0.5 stretch [0, 1] to [−1, 1]. That *looks* centred, but four of five MNIST pixels are black, so the
# mean lands at (0.1307 − 0.5) / 0.5 = −0.739.
#
# **Does it matter?** Ask the machine: train the same small model three times; only the scale of the pixels differs. Five
# words, all explained in full in notebook 2:
#
# - the model gives each digit a probability, and the **loss** says how wrong these are, in one number. Perfect answers
#   have a loss of 0. Who gives every digit 10 % has −ln 0.1 = 2.303;
# - training (`fit`) takes many small **steps**, each of which changes the numbers inside the model, its *weights*, so that the loss falls;
# - the **learning rate** `lr` says how long a step is;
# - each step reads a **batch** of 64 images, and one pass over all images is an **epoch** (section 11).
#
# **Predict.** Which of the three scales ends with the lowest loss, and which with the highest?

# %%
scales = {"divided by 255": (0.0, 1.0), "0.5 and 0.5": (0.5, 0.5), "own mean and std": (data.mean, data.std)}
epochs = 1 if data.name == "mnist" else 5  # the digits are 40 times fewer: more passes, still fewer steps


def loss_after_training(mean, std, lr):
    """Test loss of one linear layer, trained on images that are normalised with this mean and std."""
    set_seed(0)
    model = models.build("logistic")
    # `replace` copies the split with two fields changed: the same images, another scale
    train, test = (dataclasses.replace(split, mean=mean, std=std) for split in (data.train, data.test))
    fit(model, train, epochs=epochs, batch_size=64, optimizer="sgd", lr=lr)
    return evaluate(model, test).loss


losses = {name: loss_after_training(*scale, lr=0.01) for name, scale in scales.items()}
for name, loss in losses.items():
    claim(f"{name}: test loss", loss, at_most=2.2)
behind = losses["divided by 255"] - losses["own mean and std"]
claim("the first is behind the last by", behind, at_least=0.1)

# %% [markdown]
# All three learn; the normalised pixels get furthest in the same number of steps. Is the model better, or did the steps
# fit better?
#
# **Predict.** The same with steps thirty times as long, `lr=0.3`. Is the first one still behind?

# %%
losses = {name: loss_after_training(*scale, lr=0.3) for name, scale in scales.items()}
for name, loss in losses.items():
    claim(f"{name}: test loss", loss, at_most=2.2)
ahead = losses["own mean and std"] - losses["divided by 255"]
claim("the first is ahead of the last by", ahead, at_least=0.05)

# %% [markdown]
# Now the first is ahead. So the order is no law of nature: it belongs to
# the learning rate. For the two wider scales these steps are too long, for 0 to 1 just right. (With 0.5 and 0.5, four of five pixels are −1. That scale suffers most.) Normalising does not make the model better. It makes the usual learning rates fit.
#
# One more consequence that surprises people. Many networks *pad* an image: they lay a frame of zeros around it.
#
# **Predict.** The image is normalised. Which colour is a frame of zeros, compared with the black paper?

# %%
normal = data.train.normalised()[(data.train.labels == 3).nonzero()[0]]
black = normal.min().item()
frames = torch.cat([F.pad(normal, (4, 4, 4, 4), value=value) for value in (black, 0)])  # 4 on each side
_ = plots.image_grid(frames, 1, 2, titles=["with black", "with 0"])
claim("black paper, normalised", black, at_most=-0.3)
claim("the byte that becomes 0: 255 × mean", 255 * data.mean, at_least=20, at_most=60)

# %% [markdown]
# *The figure: twice the same digit; on the right it stands inside a dark grey frame.*
#
# Zero is no longer black. Black is −mean / std, which is −0.424 for MNIST, and 0 is the grey of byte
# 33. Every padded convolution of this course sees that faint frame. Now you know that it is there.
#
# ## 7. Three sets of images, and why
#
# | set | who looks at it | what for |
# |---|---|---|
# | training | the training program, thousands of times | to fit the weights |
# | validation | you, whenever you choose something | which model, which learning rate, when to stop |
# | test | nobody, until the end | one honest number |
#
# MNIST comes with a training and a test set. The validation set has to be cut from the training set. (Lab 003,
# which compares two networks by their test accuracy, has none.) `hold_out` cuts every digit by the same share (it is *stratified*) and by a seed.

# %%
train, validation = hold_out(data.train, 0.1, seed=0)
_ = plots.class_counts({"training": train, "validation": validation, "test": data.test})
print("no image is lost:", len(train) + len(validation) == len(data.train))
shares = [split.class_counts() / len(split) for split in (train, validation)]
gap = 100 * (shares[0] - shares[1]).abs().max()
claim("largest difference of a digit's share, training to validation", gap, at_most=1, unit="points")

# %% [markdown]
# *The figure: for each digit three bars.* Those of training and validation are level, because
# `hold_out` made them so; that of the test set differs a little, because nobody did.
#
# An image that stands in two sets makes the second one worthless. So check (it is three lines):

# %%
seen = {one.numpy().tobytes() for one in data.train.images}
leaked = sum(one.numpy().tobytes() in seen for one in data.test.images)
print("test images that are also training images, byte for byte:", leaked)

# %% [markdown]
# Now the question that every student asks: *if I only look at the score, and never train on it, why
# would I need a third set?*
#
# Here are 1,000 models. Each one guesses at random; all are equally worthless. We measure each on the same 100
# validation images and keep the best.
#
# **Predict.** What will the best one score on the test set? And here:

# %%
best_guesser = predict(
    "1.3 The best of 1,000 guessing models: its accuracy on the 100 images, in %?", guess=(..., ...), sure=...
)
best_guesser

# %% [markdown]
# *The figure: how many of the 1,000 models have which score; two upright lines mark the best one, on each of the two sets.*

# %%
generator = torch.Generator().manual_seed(0)
hundred = validation.take(100).labels
scores = 100 * (torch.randint(10, (1000, 100), generator=generator) == hundred).double().mean(dim=1)
test_guesses = torch.randint(10, (len(data.test),), generator=generator)
later = 100 * (test_guesses == data.test.labels).double().mean().item()

_, ax = plt.subplots(figsize=(9, 3.6))
ax.hist(scores.numpy(), bins=range(27), align="left", color=BLUE, rwidth=0.85)
ax.axvline(
    scores.max().item(), color=VERMILLION, linestyle="--", linewidth=3, label="the best, on validation"
)
ax.axvline(later, color=GREEN, linewidth=3, label="the same one, on the test set")
ax.set(xlabel="accuracy on 100 validation images (%)", ylabel="models (of 1,000)")
_ = ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)
claim("best of 1,000 on validation", scores.max().item(), at_least=16, unit="%")
claim("the same model on the test set", later, at_most=16, unit="%")
print(best_guesser.outcome(scores.max()))

# %% [markdown]
# A hill of 1,000 scores around 10 %, the best one (dashed) at its far right end, and the same model on the test
# set (solid) back in the middle.
#
# Nobody trained on the 100 images. *Choosing* was enough: the best of many is partly the luckiest, and luck does
# not carry over. Each time you pick a model, an epoch or a learning rate by a score, that score becomes too
# good. So choose by validation, and keep the test set for the number you report.
#
# ## 8. Average digits, and a first classifier
#
# Add up all training images of a digit and divide by their number.
#
# **Predict.** Which average will be sharpest, and which most blurred?
#
# *The figure: ten soft but readable digits. Bright means that nearly everybody has ink there; blur means that
# people differ.*

# %%
_ = plots.average_images(data.train)
means = torch.stack([data.train.images[labels == digit].double().mean(dim=0) for digit in range(10)])
print("ten averages, each of shape", tuple(means[0].shape))

# %% [markdown]
# How sharp? If everybody put ink on the same pixel, it stays white (255) in the average; where people differ, it fades. And how
# many ways of writing? Take each image's distance from the average of its digit: subtract pixel by pixel, square, add up,
# take the root. Here are both, from the sharpest average to the most blurred.

# %% tags=["nbval-ignore-output"] reason="the numbers belong to the data set that was found"
brightest = means.flatten(1).amax(dim=1)
for digit in brightest.argsort(descending=True).tolist():
    of_digit = data.train.images[labels == digit].double()
    distance = (of_digit - means[digit]).flatten(1).norm(dim=1).mean() / 255  # white = 1
    print(
        f"{digit}: brightest pixel {brightest[digit]:3.0f} of 255, mean distance of an image {distance:4.1f}"
    )

# %% [markdown]
# On MNIST the average 1 is the sharpest and the 5 the most blurred. The images of the 1 are by far the closest to each
# other; the twos, with the zeros close behind, are written in the most different ways. (That answers section 3.) Look at the
# averages of 4 and 9 again: they are alike, which will come back in notebook 5.
#
# These ten pictures are already a classifier: *answer the digit whose average is nearest*, by that distance. No network, no
# training.
#
# **Predict.** (Guessing gives 10 %.)

# %%
nearest_average = predict("1.4 Test accuracy of the nearest average, in %?", guess=(..., ...), sure=...)
nearest_average


# %%
def nearest(images, patterns):
    """For each image the index of the pattern with the smallest distance to it."""
    return torch.cdist(images.flatten(1).double(), patterns.flatten(1).double()).argmin(dim=1)


by_mean = nearest(data.test.images, means)
accuracy = 100 * (by_mean == data.test.labels).double().mean().item()
claim("nearest average: test accuracy", accuracy, at_least=75, unit="%")
print(nearest_average.outcome(accuracy))

# %% [markdown]
# This is your first honest baseline: from now on, "my network reaches 82 % on MNIST" impresses nobody.
# And it is honest because nothing was chosen by looking at the test set.
#
# ## 9. Look-alikes
#
# The averages forget how people differ. What if we forget nothing, keep all the training images, and answer the label of
# the single nearest one? Below, on the left, are five test images that the averages get *wrong*. Beside each
# stand the five most similar training images.
#
# **Predict.** Will their labels be better?
#
# *The figure: five rows, a test image with its label on the left, its five near twins with theirs beside it.*

# %%
wrong = (by_mean != data.test.labels).nonzero().flatten()[:5]
ask = data.test.images[wrong].flatten(1).float()
distances = torch.cdist(ask, data.train.images.flatten(1).float())
alike = distances.argsort(dim=1)[:, :5]

rows, titles = [], []
for index, neighbours in zip(wrong, alike):
    rows += [data.test.images[index], *data.train.images[neighbours]]
    titles += [f"test: {data.test.labels[index]}", *data.train.labels[neighbours].tolist()]
_ = plots.image_grid(torch.stack(rows), 5, 6, titles=titles)
print("each was compared with every training image:", tuple(distances.shape) == (5, len(data.train)))

# %% [markdown]
# Most of the near twins carry the right label, although the average failed on all five.
#
# **Predict.** What is the accuracy of this method: one nearest neighbour, no average, no network?

# %%
some = data.test.take(min(1000, len(data.test)))  # a thousand are enough, and ten times faster
pairs = torch.cdist(some.images.flatten(1).float(), data.train.images.flatten(1).float())
by_neighbour = data.train.labels[pairs.argmin(dim=1)]
accuracy = 100 * (by_neighbour == some.labels).double().mean()
claim("nearest training image: accuracy", accuracy, at_least=94, unit="%")
print(f"multiplications for one answer, with 60,000 images of 784 pixels: {60_000 * 784:,}")

# %% [markdown]
# About 96 % on MNIST without learning anything. The price: it carries all 47 million bytes along, and compares every one of
# them for each answer. The network of notebook 2 has 21,840 numbers. If a CNN is to be worth its trouble, it has to
# beat *this*.
#
# ## 10. Move them, shuffle them
#
# Both methods compare pixel with pixel.
#
# **Predict.** The test images move to the right by 1, 2, 3 pixels. You would hardly notice. What does the accuracy of
# the nearest training image do? And that of the averages:

# %%
moved_by_three = predict(
    "1.5 Test images moved by 3 pixels: accuracy of the nearest average, in %?", guess=(..., ...), sure=...
)
moved_by_three

# %%
moved = {dx: shift(data.test.images, dx, 0) for dx in range(5)}
after = {dx: 100 * (nearest(moved[dx], means) == data.test.labels).double().mean().item() for dx in moved}
one_of_each = torch.stack([images[0] for images in moved.values()])
_ = plots.image_grid(one_of_each, 1, 5, titles=[f"{dx} px: {after[dx]:.0f} %" for dx in moved])
claim("moved by 3 pixels: accuracy", after[3], at_most=55, unit="%")
pairs = torch.cdist(shift(some.images, 3, 0).flatten(1).float(), data.train.images.flatten(1).float())
neighbour = 100 * (data.train.labels[pairs.argmin(dim=1)] == some.labels).double().mean()
claim("the same for the nearest training image", neighbour, at_most=75, unit="%")
print(moved_by_three.outcome(after[3]))

# %% [markdown]
# *The figure: the same digit five times, each time a little further right, with the accuracy above it.*
#
# Both methods break: on MNIST three pixels cost each of them about half of its accuracy. A stroke that is moved by its own width meets nothing of itself. The methods know
# *where* ink is and nothing about *shape*.
#
# **Your turn.** Below you can move a digit yourself. Predict first: how many pixels can it move in each direction before the answer changes? Then try
# right, left, up and down. Can a second move, in another direction, bring the right answer back?

# %%
from cnnlab.widgets import ShiftExplorer

right_ones = (by_mean == data.test.labels).nonzero().flatten()
ShiftExplorer(data.test.images[right_ones[0]], means)

# %% [markdown]
# Drag the digit, or use the sliders or the arrow keys. Beside it stands the average that is now nearest, and a bar for
# each of the ten distances (white = 1, as in section 8).
#
# <details><summary>Answer</summary>
#
# On MNIST the digit is a 7. The answer changes at 3 pixels to the left (it is then read as 1), 3 up (as 2), 4 down (as 5) and 5 to the right (as 5).
# From five to the right, one pixel down brings the 7 back. Watch the bars: five to the right, all of them have grown, that of the right digit most (from 4.79 to 8.28).
# </details>

# %% [markdown]
# Now something worse. We shuffle the 784 pixels of every image by **one** fixed permutation, the same for all,
# training and test.

# %%
both = torch.cat([data.test.images[:5], permute_pixels(data.test.images[:5], seed=0)])
_ = plots.image_grid(both, 2, 5)
values = [both[k].flatten().sort().values for k in (0, 5)]
print("the same pixels in another order:", torch.equal(*values))

# %% [markdown]
# *The figure: five digits above, five patches of noise below.* Nobody can read the lower row.
#
# **Predict.** We compute the averages of the shuffled training images, and classify the shuffled test images.

# %%
all_shuffled = predict(
    "1.6 All pixels shuffled: accuracy of the nearest average, in %?", guess=(..., ...), sure=...
)
all_shuffled

# %%
shuffled_means = permute_pixels(means, seed=0)  # the averages of shuffled images are the shuffled averages
by_shuffled = nearest(permute_pixels(data.test.images, seed=0), shuffled_means)
print("answers that changed:", (by_shuffled != by_mean).sum().item())
print(all_shuffled.outcome(100 * (by_shuffled == data.test.labels).double().mean()))

# %% [markdown]
# Not one. A distance is a sum over pixels, and a sum does not care about the order. What destroys the image for you
# does not exist for this method: it never knew that two pixels are *neighbours*.
#
# Keep both experiments in mind. They name the two things that a convolution adds: it looks at neighbours
# together, and it looks for the same pattern everywhere. Notebook 4 repeats both with networks.
#
# ## 11. What a batch is
#
# A network does not read images one by one, nor all at once. It reads a **batch**, takes one step, and reads the next;
# when all images have been read once, an **epoch** is over.
#
# **Predict.** 60,000 images, batches of 64. How many batches? How large is the last one?

# %%
full, rest = divmod(60_000, 64)
print(f"60,000 = {full} × 64 + {rest}, so {full + 1} batches, the last one of {rest} images")

# %%
batches = data.train.batches(64, shuffle=True, seed=0)
sizes = [len(labels) for images, labels in batches]
n = len(data.train)
print("number of batches is n / 64, rounded up:", len(batches) == len(sizes) == -(-n // 64))
print("all but the last have 64:", set(sizes[:-1]) == {64})
print("the last has what is left:", sizes[-1] == n % 64)
print("every image is read once:", sum(sizes) == n)

# %% [markdown]
# Lab 001 skips the last, smaller batch of every epoch. Nothing here needs complete
# batches: the loss is a mean, over 64 images or over 32. Skipping costs 32 images, and where the order
# never changes, the same 32 in every epoch.

# %%
images, labels_of_batch = next(iter(data.train.batches(64, shuffle=True, seed=0)))
print("images:", tuple(images.shape), images.dtype, "= (N, C, H, W)")
print("labels:", tuple(labels_of_batch.shape), labels_of_batch.dtype)
_ = plots.image_grid(images, 4, 16, titles=labels_of_batch)

# %% [markdown]
# *The figure: 64 digits in random order: one batch, as the network gets it.*
#
# **Predict.** Is the order of the images the same for the same seed? For the next epoch?


# %%
def order(batches):
    """The labels in the order in which one pass gives them."""
    return torch.cat([labels for images, labels in batches])


again = data.train.batches(64, shuffle=True, seed=0)
first_epoch, second_epoch = order(again), order(again)
same_seed = order(data.train.batches(64, shuffle=True, seed=0))
other_seed = order(data.train.batches(64, shuffle=True, seed=1))
print("same seed, same order:", torch.equal(first_epoch, same_seed))
print("second epoch, same order:", torch.equal(first_epoch, second_epoch))
print("another seed, same order:", torch.equal(first_epoch, other_seed))

# %% [markdown]
# That is what a seed is for: the run can be repeated exactly, and still no two epochs are alike.
#
# ## 12. Two ways to make batches, side by side
#
# The labs use torchvision's way: a `DataLoader` fetches each image alone, turns it into a picture object, then
# into a tensor (`ToTensor`), normalises it, and stacks 64 of them. `Batches` keeps all images in one tensor of bytes,
# takes 64 rows at once, and scales them.
#
# **Predict.** Are the batches the same? How many times faster is the second way?
#
# *The figure after the next two cells: a bar for each way, the microseconds that one image takes.*

# %%
part = data.train.take(1000)
in_memory, loader = part.batches(64), data_loader(part, 64)  # both in the order of the split
difference = max((a - b).abs().max().item() for (a, _), (b, _) in zip(in_memory, loader))
print("largest difference between the two is below 1e-5:", difference < 1e-5)


# %%
def seconds_for_a_pass(batches):
    start = time.perf_counter()
    for _images, _labels in batches:
        pass
    return time.perf_counter() - start


in_memory, loader = part.batches(64, shuffle=True), data_loader(part, 64, shuffle=True)
runs = [(seconds_for_a_pass(loader), seconds_for_a_pass(in_memory)) for _ in range(7)]
slow, fast = (1e6 * min(times) / len(part) for times in zip(*runs))  # microseconds for one image

_, ax = plt.subplots(figsize=(9, 1.9))
bars = ax.barh(["DataLoader", "in memory"], [slow, fast], color=[VERMILLION, BLUE])
_ = ax.bar_label(bars, [f"{us:.1f} µs" for us in (slow, fast)], padding=4)
_ = ax.set(xlabel="time to prepare one image (microseconds)", xlim=(0, 1.2 * slow))
ax.invert_yaxis()
claim("DataLoader's time / time in memory", slow / fast, at_least=3, unit="times", spec=".0f")
claim(
    "an epoch of 60,000 images through the DataLoader",
    slow * 60_000 / 1e6,
    at_least=0.3,
    unit="s",
    spec=".1f",
)

# %% [markdown]
# The arithmetic is the same; what differs is how often Python is called. The loader makes several calls for each of 60,000
# images, the other way a few for each of 938 batches. That price is paid again in every epoch,
# whatever the network. (Of seven runs we took the fastest: other programs on your
# machine can only make a run slower. Notebook 7 is about honest clocks.)
#
# The `DataLoader` is not bad: it can read a million photographs that fit into no memory. MNIST is 47 MB.
#
# **Try it**: `data_loader(part, 64, workers=2)` prepares images in two more processes. Lab 001 asks for 8 on any
# machine. Write `seconds_for_a_pass(data_loader(part, 64, workers=2))` into a new cell, and compare with the same without `workers`. For 1,000 images, does it pay?
#
# <details><summary>Answer</summary>
#
# Usually not: starting the processes takes longer than the work. They pay off when each image is expensive (decoding
# large photographs), not when there are more processes than cores.
# </details>
#
# ## Questions
#
# 1. `data.train.images` is a tensor of 60,000 × 1 × 28 × 28 bytes. How many MB? And as `float32`?
#
# <details><summary>Answer</summary>
#
# 60,000 × 784 = 47.04 million bytes: 47 MB. A `float32` has four bytes: 188 MB. This is why the bytes are kept, and
# only one batch at a time is turned into floats.
# </details>
#
# 2. Why may the mean and the standard deviation not be computed from the test set, or from all 70,000 images?
#
# <details><summary>Answer</summary>
#
# Then the test set has taken part in making the model. Here it would change the fourth decimal and nothing else, but the
# rule costs nothing, and with other preparation steps (choosing features, filling in missing values) the same
# slip has faked whole results.
# </details>
#
# 3. You try 20 learning rates and report the best validation accuracy. Is it too high, too low, or right?
#
# <details><summary>Answer</summary>
#
# Too high, as with the 1,000 guessers: the best of 20 is partly the luckiest. The choice itself is fine. Report the
# accuracy of the chosen model on the test set.
# </details>
#
# 4. The test images were moved by three pixels, and the averages lost half of their accuracy. Which preparation step would
# give it back, without any learning?
#
# <details><summary>Answer</summary>
#
# Move every image so that its centre of mass is in the middle. MNIST's makers did just that, and that is why the
# averages work at all. Whoever reads digits that others have drawn has to do it too.
# </details>
#
# 5. A program reads the shuffled images as well as the normal ones. Is it good or bad news?
#
# <details><summary>Answer</summary>
#
# It says that the program does not use neighbourhood. For digits that is a waste: neighbouring pixels belong together,
# and a method that knows it needs fewer examples. Notebook 4 measures how many.
# </details>
#
# 6. An epoch of lab 002 has batches of 50. How many steps is that, and how large is the last batch?
#
# <details><summary>Answer</summary>
#
# 60,000 / 50 = 1,200 steps, and nothing is left over: the last batch has 50 as well.
# </details>
#
# ## How sure were you?
#
# You are **well calibrated** if, of the things that you were 70 % sure of, about seven in ten come true. With fewer you are too sure of yourself, with more
# you know more than you trust yourself to.
#
# The table sorts your predictions by how sure you were. It grows with every notebook.

# %%
calibration()

# %% [markdown]
# ## What to remember
#
# - An image is a tensor (C, H, W) of bytes, 0 to 255; a batch is (N, C, H, W) of floats. Bytes wrap around: convert first.
# - Count before you believe: MNIST has 5,421 to 6,742 training images of a digit, and four of five pixels are 0.
# - 0.1307 and 0.3081 are MNIST's own mean and std. Other data, other numbers, always from the training set.
# - Choose by validation; look at the test set once. Choosing alone is enough to fool yourself.
# - Baselines without any learning: about 82 % by averages, about 96 % by the nearest training image. Both lose
#   about half of it when the digit moves by three pixels.
#
# **Next**: notebook 2 builds a network that looks at neighbours, layer by layer.
