"""config.json of a network on the Hugging Face hub, which anybody may have written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lorvp.errors import InputError
from lorvp.files import strict_json
from lorvp.networks.manifest import Colours, Deviations, Line, Side
from lorvp.networks.options.allowed import checked_by
from lorvp.networks.options.base import UNBUILDABLE
from lorvp.networks.options.timm_options import TimmOptions
from lorvp.networks.sources.base import reaching
from lorvp.text.problems import told

DECIDED = ("num_classes", "img_size", "in_chans")
"""Arguments in a hub's description that come from the facts instead."""


class Description(BaseModel):
    """The part of timm's ``pretrained_cfg`` that is read. Addresses and files in it are ignored:
    weights come from the same repository."""

    model_config = ConfigDict(allow_inf_nan=False)

    input_size: tuple[Literal[3], Side, Side] = (3, 224, 224)
    fixed_input_size: bool = False
    interpolation: Line = "bicubic"
    crop_pct: Annotated[float, Field(gt=0, le=10)] = 0.875
    mean: Colours = Field(default=[0.485, 0.456, 0.406])
    std: Deviations = Field(default=[0.229, 0.224, 0.225])
    num_classes: Annotated[int, Field(ge=0, le=2**20)] = 1000
    label_names: list[Line] | None = None
    label_descriptions: dict[Line, Line] | None = None
    license: Line | None = None
    hf_hub_filename: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")] | None = None
    custom_load: Literal[False] = False
    """With True, timm would read the repository's name as the path of a local file."""


def described(repository: str) -> tuple[Description, str, dict[str, Any]]:
    """Images and classes, the architecture, and further arguments for it.

    Raises:
        InputError: the hub does not give the file, or it is not what it should be.
    """
    from timm.models import load_model_config_from_hf

    place = f"https://huggingface.co/{repository}"
    with reaching(place):
        _require_json(repository)
        try:
            cfg, architecture, options = load_model_config_from_hf(repository)
            description = Description.model_validate(cfg)
            options = {key: value for key, value in options.items() if key not in DECIDED}
            checked_by(TimmOptions)(options)
        except ValidationError as error:
            raise InputError(f"{place}: config.json: {told(error)}") from error
        except InputError as error:
            raise InputError(f"{place}: config.json: {error}") from error
        except UNBUILDABLE as error:
            raise InputError(f"{place}: config.json describes no network of timm's") from error
    if not isinstance(architecture, str):
        raise InputError(f"{place}: config.json: architecture is no name")
    return description, architecture, options


def _require_json(repository: str) -> None:
    from huggingface_hub import hf_hub_download

    name, _, revision = repository.partition("@")
    strict_json.read(Path(hf_hub_download(name, "config.json", revision=revision or None)))
