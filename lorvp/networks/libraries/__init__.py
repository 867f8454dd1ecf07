"""The libraries that build networks. A new one: its file, and its name below.

Each has ``build(facts)``, the network with start values; ``frozen(network, facts)``, the same as
this project uses it; and ``check(network, facts, x_BCHW)``, which does that and makes sure that
features and logits are what their names say.
"""

from lorvp.networks.libraries import (
    open_clip_models,
    python_modules,
    timm_models,
    torchvision_models,
    transformers_models,
)

LIBRARIES = {
    "timm": timm_models,
    "torchvision": torchvision_models,
    "open_clip": open_clip_models,
    "python": python_modules,
    "transformers": transformers_models,
}
