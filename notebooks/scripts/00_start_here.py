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
# # Start here: the course on one page
#
# How does a network that was never told what a loop or a bar is come to read your handwriting? You will build one from its
# first multiplication, count its numbers, look inside it, catch it lying, and make it fast. This page says what
# is where, where you should begin, and holds what you will look up later: the formulas and the words.
#
# **You will be able to**
# - choose the notebook that fits what you know;
# - find a formula, with a worked number, in half a minute;
# - find the place where a word was explained.
#
# **Time**: 10 minutes. **Needs**: Python, and the idea of a derivative.

# %%
import matplotlib.pyplot as plt
import torch
from torch import nn

from cnnlab import count_parameters, load_data, models, receptive_field, w_out
from cnnlab.arithmetic import conv_parameters, linear_parameters
from cnnlab.plots.style import BLUE, GREY, LECTURE
from cnnlab.training import wilson_interval

plt.rcParams.update(LECTURE)  # the look of all figures

# %% [markdown]
# ## The map
#
# 1 to 3 are the core: take them in order. After that go where you like, along the arrows.
#
# *The figure: a box for each notebook with its minutes; an arrow leads from what is needed to what needs it.*

# %%
notebooks = {  # number: name, minutes, what it needs, place (column, row)
    1: ("Data", 55, (), (0, 1)),
    2: ("Build the CNN", 120, (1,), (1, 1)),
    3: ("Why 320?", 80, (2,), (2, 1)),
    4: ("MLP vs CNN", 50, (3,), (3, 1)),
    5: ("Misclassified", 60, (2,), (2, 2)),
    6: ("Activations", 50, (3,), (3, 0)),
    7: ("CPU vs GPU", 45, (4,), (4, 0)),
    8: ("Draw a digit", 45, (4,), (4, 1)),
    9: ("Bug clinic", 90, (3,), (3, 2)),
    10: ("Experiments", 60, (3,), (3, 3)),
    11: ("Race to 99 %", 60, (7,), (5, 0)),
}
figure, ax = plt.subplots(figsize=(16.5, 5.6))
boxes = {}
for number, (name, minutes, _, (x, y)) in notebooks.items():
    core = number <= 3
    box = ax.text(
        x,
        -y,
        f"{number}  {name}\n{minutes} min",
        ha="center",
        va="center",
        color="white" if core else "black",
        bbox={"boxstyle": "round,pad=0.5", "facecolor": BLUE if core else "#eeeeee", "edgecolor": BLUE},
    )
    boxes[number] = ((x, -y), box.get_bbox_patch())
ax.set(xlim=(-0.5, 5.5), ylim=(-3.45, 0.45))
ax.set_axis_off()
figure.draw_without_rendering()  # now the boxes know how large they are
for number, (_, _, needs, _) in notebooks.items():
    for before in needs:
        (start, first), (end, second) = boxes[before], boxes[number]
        arrow = {"arrowstyle": "-|>", "color": GREY, "linewidth": 1.8, "patchA": first, "patchB": second}
        ax.annotate("", end, start, arrowprops=arrow)
hours = sum(minutes for _, minutes, _, _ in notebooks.values()) / 60
core_hours = sum(notebooks[number][1] for number in (1, 2, 3)) / 60
print(f"{len(notebooks)} notebooks after this one, {hours:.1f} hours; the core: {core_hours:.1f} hours")

# %% [markdown]
# | notebook | minutes | needs | afterwards you can |
# |---|---|---|---|
# | [1 Data](01_data.ipynb) | 55 | Python | read an image as numbers, normalise it, split and batch a data set, classify without a network |
# | [2 Build the CNN](02_build_the_cnn.ipynb) | 120 | 1 | convolve by hand, write a network and its training step, judge it |
# | [3 Why 320?](03_why_320.ipynb) | 80 | 2 | compute every size and parameter count, and mend a network that does not fit |
# | [4 MLP vs CNN](04_mlp_vs_cnn.ipynb) | 50 | 2, 3 | compare networks fairly, and choose one for a task |
# | [5 Misclassified](05_misclassified.ipynb) | 60 | 1, 2 | read mistakes, and say how sure an accuracy is |
# | [6 Activations](06_activations.ipynb) | 50 | 2, 3 | look into a network: kernels, maps, fields, dead channels |
# | [7 CPU vs GPU](07_cpu_vs_gpu.ipynb) | 45 | 2, 4 | time code so that others believe it |
# | [8 Draw a digit](08_draw_a_digit.ipynb) | 45 | 1, 4 | see why a good network fails on your data, and mend it |
# | [9 Bug clinic](09_bug_clinic.ipynb) | 90 | 3 | find a bug from its symptom |
# | [10 Experiments](10_experiments.ipynb) | 60 | 3 | change one thing, over seeds, and say what came of it |
# | [11 Race to 99 %](11_race_to_99.ipynb) | 60 | 7 | make a training many times faster, and prove it |
#
# ## Is everything ready?
#
# Work in a copy with blanks: *File › New › Terminal*, then `cd ..` and `make mine`, and open the notebooks in the folder `mine`. The originals hold all solutions.
#
# The cell below looks for MNIST. If it says that it took the bundled digits, all of the course works, with smaller images;
# your numbers then differ from the stored ones. If it fails, `cnnlab doctor` in a terminal names what is amiss, and the remedy.

# %% tags=["nbval-ignore-output"] reason="MNIST, or the bundled digits where MNIST is missing"
load_data()

# %% [markdown]
# ## Questions: where should you begin?
#
# Answer each in your head. The first one that you cannot answer says where to begin.
#
# 1. A tensor has shape (64, 1, 28, 28). What is each of the four numbers?
#
# <details><summary>Answer</summary>
#
# 64 images, 1 channel, 28 rows, 28 columns. Not sure? Begin with notebook 1.
#
# </details>
#
# 2. Which line of a training step changes the weights, and which one computes in which direction?
#
# <details><summary>Answer</summary>
#
# `optimizer.step()` changes them; `loss.backward()` computes the gradients. Not sure? Begin with notebook 2, after a look at 1.
#
# </details>
#
# 3. An image of 28 × 28 goes through a 5 × 5 convolution without padding and a 2 × 2 pooling. What is left?
#
# <details><summary>Answer</summary>
#
# 28 − 5 + 1 = 24, then 24 / 2 = 12: maps of 12 × 12. Not sure? Sections 5 and 6 of notebook 2, then notebook 3.
#
# </details>
#
# 4. One network has 98.9 % on 10,000 test images, another 99.1 %. Is the second one better?
#
# <details><summary>Answer</summary>
#
# Perhaps. It depends on which images each got wrong, and another seed may reverse it. Notebooks 4 and 5 show how to find out.
#
# </details>
#
# 5. A training step takes 3 ms by your clock. Name two reasons why that may be wrong.
#
# <details><summary>Answer</summary>
#
# It was the first call, or a single one, or the GPU was still at work when the clock was read. Notebook 7.
#
# </details>
#
# ## The summary sheet
#
# (For looking up, later: some of its examples are what notebooks 1 to 3 let you predict.)
#
# **Sizes** (a number is cut down to the whole number below it: ⌊ ⌋; p counts for each side)
#
# | | formula | example |
# |---|---|---|
# | convolution, pooling | ⌊(w + 2p − d·(k − 1) − 1) / s⌋ + 1 | w = 28, k = 5: 24 |
# | with dilation d = 1 | ⌊(w + 2p − k) / s⌋ + 1 | w = 28, k = 5, p = 2: 28 |
# | padding that keeps the size (s = 1, k odd) | p = (k − 1) / 2 | k = 5: 2 |
# | transposed convolution | (w − 1)·s − 2p + d·(k − 1) + 1 | w = 12, k = 2, s = 2: 24 |
# | receptive field, layer by layer | r ← r + (k − 1)·j, then j ← j·s, from r = j = 1 | 5, pool 2, 5, pool 2: 16, j = 4 |
#
# **Numbers**
#
# | | formula | example |
# |---|---|---|
# | parameters of a convolution | out · (in · k · k + 1) | 10 → 20, k = 5: 5,020 |
# | parameters of a linear layer | out · (in + 1) | 320 → 50: 16,050 |
# | multiply–adds of a convolution | out · h · w · in · k · k | 20 × 8 × 8 from 10 channels, k = 5: 320,000 |
# | the 320 network | (1, 28, 28) → 10 × 24 × 24 → 12 × 12 → 20 × 8 × 8 → 4 × 4 → 320 → 50 → 10 | 21,840 parameters |
#
# **Learning**
#
# | | formula | example |
# |---|---|---|
# | normalise | (x / 255 − mean) / std | black on MNIST: (0 − 0.1307) / 0.3081 = −0.42 |
# | softmax | pᵢ = exp(zᵢ) / Σ exp(zⱼ) | a lead of 1 in the logit: odds of 2.7 to 1 |
# | cross-entropy | −log p of the true class | ten classes, no idea: log 10 = 2.30 |
# | SGD | w ← w − lr · gradient | |
# | steps of an epoch | ⌈images / batch size⌉ | 60,000 / 64: 938 |
#
# **Judging**
#
# | | formula | example |
# |---|---|---|
# | spread of an accuracy p on n images | √(p·(1 − p) / n) | 99 % of 10,000: 0.1 points |
# | mean over seeds, 95 % | mean ± t · s / √n, s the spread of one run | 4 seeds: t = 3.18 |
# | 95 % Wilson interval, p = k / n, z = 1.96 | (p + z²/2n ± z · √(p·(1 − p)/n + z²/4n²)) / (1 + z²/n) | 9,890 of 10,000: 98.68 to 99.09 % |
# | time of a step | a + b · n | half of the full rate at n = a / b |
#
# Most of the numbers, computed:

# %%
print("sizes:", w_out(28, k=5), w_out(28, k=5, p=2), (12 - 1) * 2 + 2)
transposed = nn.ConvTranspose2d(1, 1, kernel_size=2, stride=2)
print("transposed, by PyTorch:", transposed(torch.zeros(1, 1, 12, 12)).shape[-1])
print("parameters:", f"{conv_parameters(5, 5, 10, 20):,}", f"{linear_parameters(320, 50):,}", end=" ")
print("all:", f"{count_parameters(models.build('cnn_320')).total:,}")
print("multiply–adds of conv2:", f"{20 * 8 * 8 * 10 * 5 * 5:,}")

# %%
print(receptive_field(models.build("cnn_320")))

# %%
z = torch.tensor([1.0, 0.0])
odds = (z.softmax(dim=0)[0] / z.softmax(dim=0)[1]).item()
no_idea = nn.functional.cross_entropy(torch.zeros(1, 10), torch.tensor([3])).item()
low, high = wilson_interval(9_890, 10_000)
print(f"black: {(0 - 0.1307) / 0.3081:.2f}; odds: {odds:.1f}; no idea: {no_idea:.2f}")
print(f"steps: {-(-60_000 // 64)}; spread: {100 * (0.99 * 0.01 / 10_000) ** 0.5:.1f} points")
print(f"9,890 of 10,000: {low:.2f} to {high:.2f} %")

# %% [markdown]
# The Wilson interval, by the formula and by the package:

# %%
n, p, z = 10_000, 0.989, 1.96
root = z * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5
ends = [100 * (p + z**2 / (2 * n) + side * root) / (1 + z**2 / n) for side in (-1, 1)]
print(f"by the formula {ends[0]:.2f} to {ends[1]:.2f} %, by the package {low:.2f} to {high:.2f} %")

# %% [markdown]
# ## What to remember, and where it was said
#
# The last column leads to the section where the word is shown at work: 2.5 is section 5 of notebook 2. The first click opens the notebook, a
# second one goes to the section.
#
# | word | meaning | shown in |
# |---|---|---|
# | accuracy | share of the images that are read correctly | [2.13](02_build_the_cnn.ipynb#13.-How-good-is-it?) |
# | activation | a number that a layer makes; also the function behind it, such as ReLU | [6.3](06_activations.ipynb#3.-One-digit-through-every-step) |
# | Adam | an optimiser that scales the step of each weight by its recent gradients | [10.7](10_experiments.ipynb#7.-Was-it-fair-to-SGD?) |
# | Amdahl's law | making a share of the time faster helps at most by that share | [11.3](11_race_to_99.ipynb#3.-Data-in-memory) |
# | batch | the images that make one training step together | [1.11](01_data.ipynb#11.-What-a-batch-is) |
# | batch normalisation | brings each channel's numbers in the batch to mean 0 and standard deviation 1, then scales and shifts them by learnt numbers; in `eval()` with means kept from training | [5.1](05_misclassified.ipynb#1.-A-good-network-in-one-epoch) |
# | bfloat16 | numbers of 16 bits in place of 32: faster on some processors, two to three digits exact | [7.7](07_cpu_vs_gpu.ipynb#7.-What-a-CPU-can-do:-threads,-memory-layout,-bfloat16) |
# | bias | one number for each output channel or unit, added to its sum | [2.4](02_build_the_cnn.ipynb#4.-Channels-and-bias) |
# | calibrated | of the answers given with 80 %, 80 % are right | [5.3](05_misclassified.ipynb#3.-The-most-confident-mistakes) |
# | channel | one of the maps that lie behind each other: a grey image has 1, a layer as many as kernels | [2.4](02_build_the_cnn.ipynb#4.-Channels-and-bias) |
# | channels-last | the numbers of one pixel side by side in memory; same results, often faster | [7.7](07_cpu_vs_gpu.ipynb#7.-What-a-CPU-can-do:-threads,-memory-layout,-bfloat16) |
# | class | what an image can be: here the ten digits | [1.4](01_data.ipynb#4.-How-many-of-each?) |
# | confusion matrix | counts of label against answer; the diagonal is right | [5.2](05_misclassified.ipynb#2.-The-confusion-matrix) |
# | convolution | a kernel laid on every place of an image: multiply, add up, write down | [2.1](02_build_the_cnn.ipynb#1.-One-number,-by-hand) |
# | cross-correlation | the exact name of what PyTorch calls convolution: the kernel is not turned round | [2.2](02_build_the_cnn.ipynb#2.-Every-number,-by-a-loop) |
# | cross-entropy | minus the logarithm of the probability of the true class, averaged over the batch: the loss of classification, from logits | [2.9](02_build_the_cnn.ipynb#9.-From-logits-to-a-loss) |
# | data shift | the images in use differ from those in training | [8.4](08_draw_a_digit.ipynb#4.-300-drawings) |
# | DataLoader | PyTorch's maker of batches, one image at a time | [1.12](01_data.ipynb#12.-Two-ways-to-make-batches,-side-by-side) |
# | dead channel | a channel that ReLU makes 0 for every image; its gradient is 0, too | [6.5](06_activations.ipynb#5.-Dead-channels) |
# | dilation | the distance d between neighbouring weights of a kernel, in pixels | [3.2](03_why_320.ipynb#2.-The-formula,-and-whether-it-is-true) |
# | dropout | in training each unit is silenced with probability p and the others grow by 1 / (1 − p); in `eval()` none is | [3.11](03_why_320.ipynb#11.-A-live-network) |
# | epoch | one pass over all training images | [1.11](01_data.ipynb#11.-What-a-batch-is) |
# | feature map | what one kernel makes of an image, or of the maps before it | [2.2](02_build_the_cnn.ipynb#2.-Every-number,-by-a-loop) |
# | flatten | all maps of an image in one row, the batch kept | [3.6](03_why_320.ipynb#6.-Padding-2,-and-a-network-that-lies) |
# | gradient | how the loss changes with each weight; the step goes against it | [2.11](02_build_the_cnn.ipynb#11.-One-training-step) |
# | kernel | the small table of weights of a convolution | [2.1](02_build_the_cnn.ipynb#1.-One-number,-by-hand) |
# | learning rate | how long a step is | [2.11](02_build_the_cnn.ipynb#11.-One-training-step) |
# | linear layer | every output is a weighted sum of all inputs, plus a bias | [2.8](02_build_the_cnn.ipynb#8.-The-network) |
# | logit | a score before softmax; ten for each image | [2.8](02_build_the_cnn.ipynb#8.-The-network) |
# | loss | one number that says how wrong the answers of a batch are; training makes it small | [2.9](02_build_the_cnn.ipynb#9.-From-logits-to-a-loss) |
# | max pooling | the largest number of each window | [2.6](02_build_the_cnn.ipynb#6.-Stride-and-pooling:-make-it-smaller) |
# | MLP | multilayer perceptron: linear layers with an activation between them | [4.1](04_mlp_vs_cnn.ipynb#1.-Five-networks-on-paper) |
# | momentum | a step keeps a part of the last one's direction | [2.11](02_build_the_cnn.ipynb#11.-One-training-step) |
# | multiply–add | one multiplication and one addition: the unit of work | [3.10](03_why_320.ipynb#10.-Where-the-work-is,-and-where-the-numbers-are) |
# | normalisation | subtract the mean of the training pixels, divide by their standard deviation | [1.6](01_data.ipynb#6.-Normalisation) |
# | occlusion map | what covering each patch of an image costs the answer | [6.8](06_activations.ipynb#8.-Occlusion:-cover-a-patch-and-ask-again) |
# | one cycle | a learning rate that rises to a large value and falls to almost 0 within the training | [11.7](11_race_to_99.ipynb#7.-Fewer-epochs:-one-cycle) |
# | optimiser | the rule that turns gradients into steps: SGD, Adam … | [2.11](02_build_the_cnn.ipynb#11.-One-training-step) |
# | p-value | how often luck alone gives a difference this large or larger | [5.9](05_misclassified.ipynb#The-same-images:-pair-them) |
# | padding | pixels added around the image, 0 as a rule; p on each side | [2.5](02_build_the_cnn.ipynb#5.-Padding:-room-at-the-edge) |
# | parameter | a number that training changes: weights and biases | [3.9](03_why_320.ipynb#9.-Parameters,-by-formula) |
# | receptive field | the patch of the image that one unit depends on | [3.8](03_why_320.ipynb#8.-What-do-the-320-numbers-see?) |
# | ReLU | max(0, x) | [2.7](02_build_the_cnn.ipynb#7.-ReLU:-before-or-after-pooling?) |
# | seed | the number from which the random numbers follow: same seed, same run | [4.2](04_mlp_vs_cnn.ipynb#2.-Accuracy-over-three-seeds) |
# | SGD | stochastic gradient descent: steps judged from one batch each | [2.11](02_build_the_cnn.ipynb#11.-One-training-step) |
# | softmax | turns logits into probabilities that add up to 1 | [2.9](02_build_the_cnn.ipynb#9.-From-logits-to-a-loss) |
# | stride | by how many pixels the kernel moves | [2.6](02_build_the_cnn.ipynb#6.-Stride-and-pooling:-make-it-smaller) |
# | strides of a tensor | how far its next image, channel, row and column lie apart in memory | [11.4](11_race_to_99.ipynb#4.-Memory-layout) |
# | synchronise | wait until the GPU has done what it was asked, before reading the clock | [7.2](07_cpu_vs_gpu.ipynb#2.-The-clock-that-does-not-wait) |
# | tensor | a table of numbers with any number of axes | [1.1](01_data.ipynb#1.-One-image-is-a-table-of-numbers) |
# | test set | images looked at once, at the end | [1.7](01_data.ipynb#7.-Three-sets-of-images,-and-why) |
# | unit | one number of a layer, with the place it stands at | [6.6](06_activations.ipynb#6.-Which-patch-does-one-unit-see?) |
# | validation set | part of the training images, held out for choosing | [1.7](01_data.ipynb#7.-Three-sets-of-images,-and-why) |
# | warm-up | calls before the clock starts, which set things up | [7.1](07_cpu_vs_gpu.ipynb#1.-A-wrong-clock,-and-a-right-one) |
# | Wilson interval | the range of true accuracies that fits k right of n | [5.6](05_misclassified.ipynb#6.-One-digit-at-a-time,-from-all-the-images) |
#
# **Next**: [notebook 1](01_data.ipynb), where a 3 turns into 784 numbers.
