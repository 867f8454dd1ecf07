"""Settings classes of other packages among ours, and what is said of those that cannot be."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from lorvp.datasets.adapters import DatasetConfig
from lorvp.errors import InputError
from lorvp.mappings import MappingConfig
from lorvp.networks.sources import CheckpointConfig
from lorvp.plugins.found import KINDS
from lorvp.prompts.contents import ContentConfig
from lorvp.prompts.fits import FitConfig
from lorvp.prompts.methods import MethodConfig
from lorvp.prompts.placements import PlacementConfig
from lorvp.prompts.several import SeveralConfig
from lorvp.settings import Settings, classes_in
from lorvp.text.problems import describe

UNIONS = {
    "lorvp.methods": MethodConfig,
    "lorvp.contents": ContentConfig,
    "lorvp.placements": PlacementConfig,
    "lorvp.fits": FitConfig,
    "lorvp.several": SeveralConfig,
    "lorvp.mappings": MappingConfig,
    "lorvp.datasets": DatasetConfig,
    "lorvp.checkpoints": CheckpointConfig,
}
BASES = {
    "lorvp.methods": "lorvp.prompts.methods.base:Method",
    "lorvp.mappings": "lorvp.mappings.settings:MappingSettings",
    "lorvp.datasets": "lorvp.datasets.base:DatasetSettings",
    "lorvp.checkpoints": "lorvp.networks.sources.base:NetworkConfig",
}
OTHERWISE = "lorvp.settings:Settings"


def source(group: str, kind: str = "wave") -> str:
    module, _, base = BASES.get(group, OTHERWISE).partition(":")
    return f"""
from typing import Literal
from pydantic import Field
from {module} import {base}

class Wave({base}):
    kind: Literal["{kind}"] = "{kind}"
    height: int = Field(3, ge=1)

    def build(self, *parts):
        raise NotImplementedError
"""


def kinds_of(union) -> list[str]:
    return [cls.model_fields["kind"].default for cls in classes_in(union)]


def test_there_is_a_group_for_each_union():
    assert list(KINDS) == list(UNIONS)


@pytest.mark.parametrize("group", UNIONS)
def test_a_class_of_another_package_is_a_further_kind(install, group):
    union = UNIONS[group]
    before = kinds_of(union)
    install("lorvp-wave", {group: {"wave": "wave:Wave"}}, {"wave.py": source(group)})
    assert kinds_of(union) == [*before, "wave"]
    adapter = TypeAdapter(union)
    made = adapter.validate_python({"kind": "wave", "height": 5})
    assert (type(made).__name__, made.height) == ("Wave", 5)
    assert adapter.json_schema()["$defs"]["Wave"]["properties"]["height"]["minimum"] == 1
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        adapter.validate_python({"kind": "wave", "height": 0})
    ours = [cls for cls in classes_in(union) if cls.__module__.startswith("lorvp.")]
    assert len(ours) == len(before), "the list of ours is as it was"


def test_its_module_may_be_imported_before_ours_and_bring_several_kinds(install):
    """Ours then ask for its classes while it is being imported."""
    files = {"wave.py": source("lorvp.methods") + source("lorvp.contents").replace("Wave", "Sea")}
    groups = {"lorvp.methods": {"wave": "wave:Wave"}, "lorvp.contents": {"sea": "wave:Sea"}}
    install("lorvp-wave", groups, files)
    import wave  # noqa: F401

    assert {"wave"} <= set(kinds_of(MethodConfig)) & set(kinds_of(ContentConfig))


NO_KIND = source("lorvp.methods").replace('kind: Literal["wave"] = "wave"', "wide: int = 1")
ANY_KIND = source("lorvp.methods").replace('Literal["wave"]', "str")
PLAIN = "class Wave: pass"
NO_BUILD = source("lorvp.contents").replace("build", "make")
METHOD = "which should be a class deriving from lorvp.prompts.methods.base.Method"
KIND = 'which needs a field `kind: Literal["wave"] = "wave"`'


@pytest.mark.parametrize(
    ("group", "value", "code", "reason"),
    [
        ("lorvp.methods", "not_there:Wave", "", "cannot be imported (ModuleNotFoundError: No"),
        ("lorvp.methods", "surf:Waves", PLAIN, "cannot be imported (AttributeError: "),
        ("lorvp.methods", "surf:Wave", "1 / 0", "(ZeroDivisionError: division by zero)"),
        ("lorvp.methods", "surf:Wave", "raise SyntaxError('odd')", "(SyntaxError: odd)"),
        ("lorvp.methods", "surf:Wave", PLAIN, METHOD),
        ("lorvp.methods", "surf:Wave", "Wave = 3", METHOD),
        ("lorvp.methods", "surf", PLAIN, METHOD),
        ("lorvp.methods", "surf:Wave", source("lorvp.contents"), METHOD),
        ("lorvp.contents", "surf:Wave", NO_BUILD, "which has no `build`"),
        ("lorvp.methods", "surf:Wave", NO_KIND, KIND),
        ("lorvp.methods", "surf:Wave", ANY_KIND, KIND),
        ("lorvp.methods", "surf:Wave", source("lorvp.methods", "pad"), "'pad' lorvp has already"),
    ],
)
def test_one_that_cannot_be_a_kind_is_refused_with_its_package(install, group, value, code, reason):
    install("lorvp-surf", {group: {"wave": value}}, {"surf.py": code}, version="2.1")
    with pytest.raises(InputError) as refused:
        TypeAdapter(UNIONS[group])
    told = str(refused.value)
    assert reason in told
    assert f"the package lorvp-surf 2.1 has the entry point `wave = {value}`" in told
    assert f"in the group {group}, " in told
    assert "`pip uninstall lorvp-surf`" in told
    assert "\n" not in told


def test_two_packages_with_the_same_kind_are_told_apart(install):
    for name in ("lorvp-b", "lorvp-a"):
        module = name.replace("-", "_")
        points = {"lorvp.methods": {"wave": f"{module}:Wave"}}
        install(name, points, {f"{module}.py": source("lorvp.methods")})
    with pytest.raises(InputError, match=r"package lorvp-b 1\.0 .*'wave' lorvp-a 1\.0 has already"):
        TypeAdapter(MethodConfig)


class Asks(Settings):
    """As params.yaml: a choice that others can add to, and one that they cannot."""

    method: MethodConfig


def test_an_unknown_kind_is_said_to_be_there_where_its_package_is():
    with pytest.raises(ValidationError) as wrong:
        Asks.model_validate({"method": "wave"})
    told = describe(wrong.value.errors()[0], Asks)
    assert told.startswith("unknown kind 'wave'")
    assert "Allowed: none, pad, " in told
    assert told.endswith("(kinds of other packages are here where these are installed)")
