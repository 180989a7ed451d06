"""The training loop: one pass over the data, step by step. Everything around it is in run.py."""

from __future__ import annotations

import torch.nn.functional as F

from cnnlab.training.run import Run


def train_epoch(run: Run) -> None:
    """Train on every batch once, then measure the validation set.

    Args:
        run: the model, the optimiser, the batches, and the bookkeeping.
    Raises:
        TrainingError: training cannot go on.
    """
    run.begin_epoch()
    batches = iter(run.batches)
    for batch in batches:
        images, labels = run.take(batch)  # (N, C, H, W) float32 and (N,) int64, on the device

        run.optimizer.zero_grad()  # forget the gradients of the step before
        logits = run.forward(images)  # (N, classes)
        run.check_logits(logits, images, labels)
        # the mean of the batch
        loss = F.cross_entropy(logits.float(), labels, label_smoothing=run.label_smoothing)
        run.check_loss(loss, images)
        run.backward(loss, images)  # loss.backward(): one gradient for every parameter
        run.optimizer.step()  # move every parameter against its gradient

        run.end_step(loss, logits, labels)
        run.schedule.step()  # the learning rate of the next step
        if run.stop_requested and next(batches, None) is not None:
            return  # after the last batch the epoch is complete, and ends as any other
    run.end_epoch()
