"""The environment in which tests run, whatever the developer's own is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

FOREIGN = ("PREFECT_", "WANDB_", "DVC_", "GIT_", "LORVP_", "XDG_", "HF_", "HUGGINGFACE_",
           "HUGGING_FACE_", "TORCH_", "RAY_", "DASK_")  # fmt: skip
"""How variables begin that change what the tools of the pipeline do, or whom they ask."""
PROXIES = {"http_proxy", "https_proxy", "all_proxy", "ws_proxy", "wss_proxy", "socks_proxy"}
PROXIES |= {"ftp_proxy", "no_proxy"}
ASKED_FOR = {"LORVP_REAL_DATA"}
"""For the tests themselves."""


def without_foreign(environment: Mapping[str, str]) -> dict[str, str]:
    """What is left of an environment that says nothing of servers, proxies, logins and places."""
    return {
        name: value
        for name, value in environment.items()
        if name in ASKED_FOR or not (name.startswith(FOREIGN) or name.lower() in PROXIES)
    }


def own_surroundings(environment: Mapping[str, str], home: str) -> dict[str, str]:
    """Below ``home``: a user's folder with no settings, logins or caches in it."""
    Path(home, "home").mkdir(parents=True, exist_ok=True)
    return without_foreign(environment) | own_tools(home) | {
        "HOME": f"{home}/home",
        "LORVP_STORE": f"{home}/store",
        "LORVP_RAW": f"{home}/raw",
        "PREFECT_HOME": f"{home}/prefect",
        "WANDB_MODE": "disabled",
        "WANDB_DIR": home,
    }  # fmt: skip


def own_tools(home: str) -> dict[str, str]:
    """Git and DVC read no settings of the machine, and DVC keeps its own to itself."""
    return {
        "GIT_CONFIG_NOSYSTEM": "1",
        "DVC_SYSTEM_CONFIG_DIR": f"{home}/dvc-system",
        "DVC_SITE_CACHE_DIR": f"{home}/dvc",
    }
