"""Training as a plain loop, image by image, that knows no shortcut."""

import torch

from lorvp.datasets.labelled_images import LabelledImages
from lorvp.trials.run import build
from tests.support.tiny import TARGET_NAMES, images, tiny_network, trial

TRAIN = images(10, seed=1)
VAL = images(7, seed=2)
PLAIN_SGD = {"kind": "sgd", "momentum": 0.0}


def new_model(method=None, mapping=None, seed: int = 0):
    torch.manual_seed(seed)
    return build(trial(method, mapping), tiny_network(), TARGET_NAMES)


def loss_of(logits_K: torch.Tensor, label: int) -> torch.Tensor:
    """-log of the softmax probability of the right class."""
    return torch.logsumexp(logits_K, 0) - logits_K[label]


def plain_step(model, rows: list[int], lr: float) -> tuple[float, int]:
    """One step of gradient descent on the mean loss; the sum of losses and the number right."""
    logits_BK = model.train()(TRAIN.images_NHWC[rows])
    losses = [
        loss_of(logits_K, int(TRAIN.labels_N[n]))
        for logits_K, n in zip(logits_BK, rows, strict=True)
    ]
    right = sum(
        int(logits_K.argmax()) == int(TRAIN.labels_N[n])
        for logits_K, n in zip(logits_BK, rows, strict=True)
    )
    values = [p for group in model.parameter_groups().values() for p in group]
    gradients = torch.autograd.grad(torch.stack(losses).mean(), values)
    with torch.no_grad():
        for value, gradient in zip(values, gradients, strict=True):
            value -= lr * gradient
    return sum(float(loss.detach()) for loss in losses), right


def groups(order: list, batch: int) -> list[list]:
    """Cut every ``batch`` images; a last one alone goes with those before it."""
    cut = [order[i : i + batch] for i in range(0, len(order), batch)]
    if len(cut) > 1 and len(cut[-1]) == 1 < batch:
        alone = cut.pop()
        cut[-1] += alone
    return cut


def plain_epoch(model, lr: float, batch: int) -> tuple[float, float]:
    order = torch.randperm(len(TRAIN)).tolist()
    steps = [plain_step(model, rows, lr) for rows in groups(order, batch)]
    return sum(s[0] for s in steps) / len(TRAIN), sum(s[1] for s in steps) / len(TRAIN)


def plain_measure(model, images: LabelledImages) -> tuple[float, float]:
    losses, right = [], 0
    with torch.no_grad():
        for n in range(len(images)):
            logits_K = model.eval()(images.images_NHWC[n : n + 1])[0]
            losses.append(float(loss_of(logits_K, int(images.labels_N[n]))))
            right += int(logits_K.argmax()) == int(images.labels_N[n])
    return sum(losses) / len(images), right / len(images)
