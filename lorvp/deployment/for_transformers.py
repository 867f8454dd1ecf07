"""A classifier for Hugging Face's transformers: ``pixel_values`` in, ``logits`` out.

In a pipeline:

    pipeline(
        "image-classification",
        model=for_transformers(lorvp.load(folder)),
        image_processor=AutoImageProcessor.from_pretrained(folder),
    )
"""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn import functional as F

from lorvp.deployment.classifier import Classifier
from lorvp.errors import InputError

try:
    from transformers import AutoModelForImageClassification, PreTrainedConfig, PreTrainedModel
    from transformers.modeling_outputs import ImageClassifierOutput
except ImportError as error:
    raise InputError(
        "this needs transformers: uv sync --extra transformers, or pip install "
        "'lorvp[transformers]'"
    ) from error


class _PromptedConfig(PreTrainedConfig):
    """Names of the classes."""

    model_type = "lorvp"


class PromptedForImageClassification(PreTrainedModel):
    """A classifier with the interface of `AutoModelForImageClassification`.

    It is made of a loaded bundle, and neither saved nor loaded by transformers.
    """

    config_class = _PromptedConfig
    main_input_name = "pixel_values"
    input_modalities = "image"

    def __init__(self, classifier: Classifier) -> None:
        names = dict(enumerate(classifier.class_names))
        config = _PromptedConfig(id2label=names, label2id={name: k for k, name in names.items()})
        config.problem_type = "single_label_classification"
        super().__init__(config)
        self.classifier = classifier

    def forward(
        self, pixel_values: Tensor, labels: Tensor | None = None, **_: Any
    ) -> ImageClassifierOutput:
        """``pixel_values``: as ``Classifier.forward`` takes images; not normalised."""
        logits_BK = self.classifier(pixel_values)
        loss = None if labels is None else F.cross_entropy(logits_BK, labels)
        return ImageClassifierOutput(loss=loss, logits=logits_BK)  # type: ignore[arg-type]

    def save_pretrained(self, *_: Any, **__: Any) -> None:
        raise InputError("`lorvp export` saves a prompt with its network; transformers cannot")


AutoModelForImageClassification.register(_PromptedConfig, PromptedForImageClassification)


def for_transformers(classifier: Classifier) -> PromptedForImageClassification:
    """The same classifier, of which nothing is copied."""
    return PromptedForImageClassification(classifier).eval()
