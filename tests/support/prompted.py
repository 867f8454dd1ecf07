"""What a prompted network is given, without the shortcuts that trials take."""

from torch import Tensor

from lorvp.training.model import PromptedNetwork


def changes_in_each_pass(model: PromptedNetwork, images_BHWC: Tensor) -> list[Tensor]:
    """What changes on the canvas in each pass through the network, in [0, 1]."""
    canvas_BCHW = model.prompt.fit(images_BHWC)
    plain_BCHW = model.network.normalise(canvas_BCHW)
    return [
        (model.network.normalise(canvas_BCHW + added) - plain_BCHW) * model.network.std_C11
        for added in model.passes(canvas_BCHW)
    ]


def seen_by_network(model: PromptedNetwork, images_BHWC: Tensor) -> Tensor:
    """Normalised images_BCHW with the prompt in its own space."""
    canvas_BCHW = model.prompt.fit(images_BHWC)
    return model.network.normalise(canvas_BCHW + model.added(canvas_BCHW))
