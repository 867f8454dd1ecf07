"""Where checkpoints come from. A new source: its file, and its name in the union below."""

from typing import Annotated

from lorvp.networks.clip_hub import ClipConfig
from lorvp.networks.pretraining import TrainedConfig
from lorvp.networks.timm_hub import TimmConfig
from lorvp.networks.torchvision_hub import TorchvisionConfig
from lorvp.settings import BY_KIND

CheckpointConfig = Annotated[
    TrainedConfig | TimmConfig | TorchvisionConfig | ClipConfig,
    BY_KIND,
]
