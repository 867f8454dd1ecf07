"""Where checkpoints come from. A new source: its file, and its name in the union below."""

from typing import Annotated

from lorvp.networks.sources.clip import ClipConfig
from lorvp.networks.sources.python import PythonConfig
from lorvp.networks.sources.timm import TimmConfig
from lorvp.networks.sources.torchvision import TorchvisionConfig
from lorvp.networks.sources.trained import TrainedConfig
from lorvp.networks.sources.transformers import TransformersConfig
from lorvp.plugins.kinds import by_kind

CheckpointConfig = Annotated[
    TrainedConfig | TimmConfig | TorchvisionConfig | ClipConfig | PythonConfig | TransformersConfig,
    by_kind("lorvp.checkpoints"),
]
