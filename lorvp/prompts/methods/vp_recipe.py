"""The training settings that all three prompts of VP share.

Bahng et al., "Exploring Visual Prompts for Adapting Large-Scale Models" (arXiv 2203.17274), from
their code: main_clip.py and main_vision.py.
"""

from lorvp.recipe import CosineConfig, SgdConfig, TrainingConfig

TRAINING = TrainingConfig(
    epochs=1000,  # code's default
    batch_size=256,  # CLIP; 128 for vision networks, 32 for the Instagram ResNeXt
    optimizer=SgdConfig(momentum=0.9, weight_decay=0.0),  # code's defaults
    lr=40.0,  # code's default
    schedule=CosineConfig(),  # per step
    warmup_steps=1000,  # code's default, linear
)
