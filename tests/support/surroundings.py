"""The environment variables with which tests run, whatever the developer has set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

FOREIGN = ("PREFECT_", "WANDB_", "DVC_", "GIT_", "LORVP_", "XDG_", "HF_", "HUGGINGFACE_",
           "HUGGING_FACE_", "TORCH_", "RAY_", "DASK_")  # fmt: skip
"""Prefixes of variables that change what the pipeline's tools do, or whom they ask."""
PROXIES = {"http_proxy", "https_proxy", "all_proxy", "ws_proxy", "wss_proxy", "socks_proxy"}
PROXIES |= {"ftp_proxy", "no_proxy"}
ASKED_FOR = {"LORVP_REAL_DATA"}
"""Variables that tests themselves read."""


def without_foreign(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without variables for servers, proxies, logins and folders of tools."""
    return {
        name: value
        for name, value in environment.items()
        if name in ASKED_FOR or not (name.startswith(FOREIGN) or name.lower() in PROXIES)
    }


def own_surroundings(environment: Mapping[str, str], home: str) -> dict[str, str]:
    """The environment of a user whose folders lie below ``home``, without settings or logins."""
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
    """Variables that keep Git and DVC from the machine's settings, and DVC's own below ``home``."""
    return {
        "GIT_CONFIG_NOSYSTEM": "1",
        "DVC_SYSTEM_CONFIG_DIR": f"{home}/dvc-system",
        "DVC_SITE_CACHE_DIR": f"{home}/dvc",
    }
