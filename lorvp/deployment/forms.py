"""The forms in which a prompt is exported, told by the ending of what is written."""

from __future__ import annotations

from pathlib import Path

from lorvp.deployment import bundle as bundles
from lorvp.deployment import graphs
from lorvp.deployment.form import Form
from lorvp.deployment.load import load, local
from lorvp.errors import InputError
from lorvp.text.quoted import shown

ENDINGS = {"": Form.bundle, ".onnx": Form.onnx, ".pt2": Form.torch}
WRITERS = {Form.timm: bundles.to_timm, Form.onnx: graphs.write_onnx, Form.torch: graphs.write_torch}


def form_of(target: Path, given: Form | None = None) -> Form:
    """The form ``given``, or else the one that the target's ending says.

    Raises:
        InputError: no form has this ending, or another than the one that was given.
    """
    told = ENDINGS.get(target.suffix.lower())
    if given is None and told is None:
        raise InputError(
            f"{target}: nothing is exported with the ending {shown(target.suffix)}; there is .onnx "
            "and .pt2, and a name without an ending is the folder of a bundle (for a folder whose "
            "name has a dot: --form bundle)"
        )
    if target.suffix and told and given and told is not given:
        raise InputError(f"{target} has the ending of the form {told}, not of {given}")
    form = given or told
    assert form is not None
    return form


def export(
    prompt: str, target: Path, given: Form | None = None, checkpoints: Path | None = None
) -> None:
    """Write a prompt for use elsewhere.

    Raises:
        InputError: see ``form_of``, ``bundle``, ``to_timm`` and ``graphs``.
    """
    form = form_of(target, given)
    if form is Form.bundle:
        bundles.bundle(local(prompt), target, checkpoints)
    else:
        WRITERS[form](load(prompt, checkpoints), target)
