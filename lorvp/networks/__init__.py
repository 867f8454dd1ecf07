"""Where checkpoints come from. A new source: its file, and its name in the union below."""

from lorvp.networks.pretraining import TrainedConfig

CheckpointConfig = TrainedConfig
