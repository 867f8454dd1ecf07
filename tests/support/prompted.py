"""What a prompted network is given, without the shortcuts that trials take."""

from torch import Tensor

from lorvp.training.model import PromptedNetwork


def seen_by_network(model: PromptedNetwork, images_BHWC: Tensor) -> Tensor:
    """Normalised images_BCHW with the prompt in its own space."""
    canvas_BCHW = model.prompt.fit(images_BHWC)
    return model.network.normalise(canvas_BCHW + model.added(canvas_BCHW))
