"""A classifier as a graph that runs without this project: torch.export, and ONNX.

The graph reads float images_BCHW in [0, 1] that lie on the network's canvas already (for most
methods: resized to its input size), and gives logits_BK. The number of images is free. The file
says so itself, with the names of the classes: see ``metadata.py``.
"""

from __future__ import annotations

import copy
import io
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lorvp.deployment.classifier import Classifier
from lorvp.deployment.fold import with_prompt
from lorvp.deployment.metadata import NO_ONNX, metadata_of
from lorvp.deployment.one_head import in_one_head
from lorvp.errors import InputError
from lorvp.files.whole import write_whole
from lorvp.networks.acceleration.precision import BACKENDS
from lorvp.networks.frozen import read
from lorvp.prompts.base import Content, Prompt
from lorvp.prompts.several.base import Contents
from lorvp.training.model import PromptedNetwork


class Constant(Content):
    """The trained output of another content, as a constant."""

    def __init__(self, content_CHW: Tensor) -> None:
        super().__init__()
        self.register_buffer("content_CHW", content_CHW.detach().clone())

    def forward(self) -> Tensor:
        return self.content_CHW  # type: ignore[return-value]


class OnCanvas(nn.Module):
    """Prompt, network and mapping as one module that reads canvases."""

    def __init__(self, model: PromptedNetwork) -> None:
        super().__init__()
        self.model = copy.deepcopy(model)
        self.model.network = self.model.network.plain
        # Computed once, since ONNX lacks operators that some contents use to scatter values.
        _make_constant(self.model.prompt)
        self.model.prompt.look_through(self.model.network)
        self.model.mapping = in_one_head(model.mapping, model.network.plain.features)

    def forward(self, canvas_BCHW: Tensor) -> Tensor:
        model, canvas_BCHW = self.model, _laid_out(canvas_BCHW)
        prompted = [(canvas_BCHW, added_BCHW) for added_BCHW in model.passes(canvas_BCHW)]
        return model.logits(model.outputs_of(prompted, model.mapping.reads))


def _make_constant(prompt: Prompt) -> None:
    """Put constants in place of the contents, or of each if there are several."""
    contents = prompt.content
    if isinstance(contents, Contents):
        contents.each = nn.ModuleList([Constant(content()) for content in contents.each])
    else:
        prompt.content = Constant(contents())


class Folded(nn.Module):
    """The same module, with the prompt folded into the network."""

    def __init__(self, model: PromptedNetwork) -> None:
        super().__init__()
        # In a list, so that the weights are not part of this module a second time.
        self.frozen = [model.network.plain]
        self.mapping = in_one_head(model.mapping, model.network.plain.features)
        self.network = with_prompt(model)

    def forward(self, canvas_BCHW: Tensor) -> Tensor:
        (frozen,), mapping = self.frozen, self.mapping
        x_BCHW = frozen.normalise(_laid_out(canvas_BCHW))
        return mapping(read(self.network, x_BCHW, mapping.reads))


def _laid_out(canvas_BCHW: Tensor) -> Tensor:
    """The same values, always in the layout that the graph is made with: some networks flatten
    their maps by ``view``. A mere ``contiguous()`` would leave no trace in the graph."""
    return canvas_BCHW.clone(memory_format=torch.contiguous_format)


@contextmanager
def _exporting() -> Iterator[None]:
    """Without torch's warnings of its own code, and with cuDNN's precision as the exporter can read
    it; behind the block it is as it was. Nothing is computed here."""
    parts = [BACKENDS.cudnn.conv, BACKENDS.cudnn.rnn]
    before = [(part, part.fp32_precision) for part in parts]
    with warnings.catch_warnings(action="ignore"):
        try:
            _as_the_older_name_says(parts)
            yield
        finally:
            for part, own in before:
                part.fp32_precision = "none"  # follows the one for all, if that is what it did
                if part.fp32_precision != own:
                    part.fp32_precision = own


def _as_the_older_name_says(parts: list[Any]) -> None:
    """The exporter reads ``allow_tf32``, which raises unless ``parts`` agree with it, and which
    nothing else tells. No other part is touched: the exporter would leave oneDNN's changed."""
    for precision in ("tf32", "ieee"):
        for part in parts:
            part.fp32_precision = precision
        with suppress(RuntimeError):
            _ = BACKENDS.cudnn.allow_tf32
            return


def graph_of(classifier: Classifier) -> torch.export.ExportedProgram:
    """The exported graph of a classifier; the prompt is folded into the network if possible."""
    try:
        module: nn.Module = Folded(classifier.model)
    except InputError:
        module = OnCanvas(classifier.model)
    height, width = classifier.model.network.input_size
    example_BCHW = torch.rand(2, 3, height, width, device=classifier.device)
    images = torch.export.Dim("images", min=1)
    module = module.eval().to(memory_format=torch.contiguous_format)
    with _exporting():
        return torch.export.export(
            module, (example_BCHW,), dynamic_shapes=({0: images},), strict=False
        )


def write_torch(classifier: Classifier, path: Path) -> None:
    """Write a file that ``torch.export.load(path).module()`` runs."""
    buffer = io.BytesIO()
    torch.export.save(graph_of(classifier), buffer, extra_files=dict(metadata_of(classifier)))
    write_whole(path, buffer.getvalue())


def write_onnx(classifier: Classifier, path: Path) -> None:
    """Write an ONNX graph with input ``images`` and output ``logits``.

    Raises:
        InputError: the packages that write ONNX are missing.
    """
    try:
        import onnxscript  # noqa: F401 - torch's exporter needs it
    except ImportError as error:
        raise InputError(NO_ONNX) from error
    with _exporting():
        program = torch.onnx.export(
            graph_of(classifier), dynamo=True, input_names=["images"], output_names=["logits"],
            verbose=False,
        )  # fmt: skip
    assert program is not None
    program.model.metadata_props.update(metadata_of(classifier))
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        program.save(f"{scratch}/graph", external_data=False)
        os.replace(f"{scratch}/graph", path)
