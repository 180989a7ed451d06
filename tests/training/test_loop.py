"""The loop does what a hand-written one does."""

import inspect

import torch
import torch.nn.functional as F

from cnnlab.training import fit, loop
from tests.training.small import SmallSplit, net, pairs, weights


def by_hand(model, batches, epochs, lr, momentum):
    """PyTorch's own tutorial loop: losses and accuracies of every step."""
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    losses, accuracies = [], []
    model.train()
    for _ in range(epochs):
        for images, labels in batches:
            optimizer.zero_grad()
            logits = model(images)
            loss = F.cross_entropy(logits, labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            accuracies.append(100 * (logits.argmax(1) == labels).float().mean().item())
    return losses, accuracies


def test_losses_accuracies_and_weights_are_those_of_a_hand_written_loop():
    batches = pairs(SmallSplit(50))
    mine, theirs = net(), net()
    history = fit(
        mine, batches, epochs=3, optimizer="sgd", lr=0.1, momentum=0.9, device="cpu", progress=False
    )
    losses, accuracies = by_hand(theirs, batches, epochs=3, lr=0.1, momentum=0.9)
    torch.testing.assert_close(
        torch.tensor(history.steps.column("loss")), torch.tensor(losses), rtol=0, atol=1e-6
    )
    torch.testing.assert_close(
        torch.tensor(history.steps.column("accuracy")), torch.tensor(accuracies), rtol=0, atol=1e-4
    )
    torch.testing.assert_close(weights(mine), weights(theirs), rtol=0, atol=1e-6)


def test_a_smaller_last_batch_counts_by_its_examples():
    batches = pairs(SmallSplit(50))  # 16, 16, 16 and 2 images
    history = fit(net(), batches, epochs=1, device="cpu", progress=False)
    sizes = [len(labels) for _, labels in batches]
    weighted = sum(s.loss * n for s, n in zip(history.steps, sizes)) / 50
    assert abs(history.epochs[0].loss - weighted) < 1e-9
    assert history.steps.column("examples") == [16, 16, 16, 2]


def test_dropout_is_on_in_every_epoch_also_after_a_validation():
    seen = []
    model = net(dropout=0.5)
    model[2].register_forward_hook(lambda module, args, out: seen.append(module.training))
    split = SmallSplit(32)
    fit(model, split, epochs=2, batch_size=16, validation=split, device="cpu", progress=False)
    look_ahead = seen.pop(1)  # at the first validation batch, before the first step is made
    assert not look_ahead
    assert seen == [True, True, False] * 2


def test_the_loop_fits_on_one_screen():
    assert len(inspect.getsource(loop.train_epoch).splitlines()) <= 32
