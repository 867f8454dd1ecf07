"""What computes a result besides its code: libraries, and the kind of processor or device.

Written down beside each result and not part of any fingerprint: a new version of torch should not
train thousands of trials again without being asked. Whoever makes tables of them is told.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

import torch

from lorvp.experiment.trial import Trial
from lorvp.plugins import code
from lorvp.settings import parts
from lorvp.version import VERSION

ALWAYS = ("numpy", "timm", "torchvision")
MORE = {"open_clip": ("open_clip_torch",), "transformers": ("transformers",)}
"""For networks that another library builds."""
NO_DIFFERENCE = {"lorvp", "python"}
"""The code that a result depends on is in its name, and Python computes nothing in it."""


def versions(*packages: str) -> dict[str, str]:
    """Of this package, Python and ``packages``, by the names they are installed under."""
    found = {"lorvp": VERSION, "python": platform.python_version()}
    return found | {name: version(name) for name in packages}


@cache
def environment(device: str, library: str) -> dict[str, str]:
    """What a trial computes with here, with a network of one of `networks/libraries`."""
    gpu = device.startswith("cuda")
    return {
        **versions(*ALWAYS, *MORE.get(library, ())),
        "torch": torch.__version__,
        "processor": f"{_processor()} ({torch.backends.cpu.get_cpu_capability()})",
        "device": torch.cuda.get_device_name(device) if gpu else device,
    }


def packages_of(trial: Trial) -> dict[str, dict[str, str]]:
    """``{"packages": …}``: other people's packages whose kinds a trial has, with their versions;
    nothing for a trial of ours alone."""
    used = code.made_by(parts(trial))
    return {"packages": used} if used else {}


def differences(before: Mapping[str, object], now: Mapping[str, str]) -> dict[str, str]:
    """What is another version or kind ``now``, each with what it was."""
    same_gpu = now.get("device") not in (None, "cpu") and before.get("device") == now["device"]
    ignored = NO_DIFFERENCE | {"processor"} if same_gpu else NO_DIFFERENCE
    was = {name: str(before.get(name, "unknown")) for name in now if name not in ignored}
    return {name: value for name, value in was.items() if value != now[name]}


def _processor() -> str:
    """Such as ``AMD EPYC 7763 64-Core Processor``; as much as the system tells."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
