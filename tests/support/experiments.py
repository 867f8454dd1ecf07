"""The contents of params.yaml that tests start from, as text and as plain data."""

HEAD = """\
datasets:
  letters: letters
  digits:
    kind: digits
checkpoints:
  net:
    kind: trained
    dataset: letters
    architecture: test_resnet
grid:
"""

BLOCK = {
    "dataset": "digits",
    "network": "net",
    "method": "none",
    "mapping": "lp",
}


def block(name: str = "a", **lines: str | None) -> str:
    """One block of the grid; None leaves a key out. Every block begins with its name's line."""
    given = {key: text for key, text in (BLOCK | lines).items() if text is not None}
    return f"  {name}:\n" + "".join(f"    {key}: {text}\n" for key, text in given.items())


def params(*blocks: str) -> str:
    """A whole params.yaml with these blocks, or with one that needs nothing else."""
    return HEAD + ("".join(blocks) or block())


RAW = {
    "grid": {
        "pixel": {
            "method": {
                "lor_vp": {"rank": [1, 4]},
                "regions": {"kind": "compose", "content": {"kind": "low_rank", "rank": 4}},
                "none": None,
            },
            "mapping": {"ilm": None, "two": {"kind": "ilm", "per_target": 2}, "lp": None},
            "training": {"lr": 0.05, "epochs": 20},
        },
        "border": {"method": {"pad": {"width": 6}}, "mapping": "lp", "training": "paper"},
    },
    "compute": {"workers": "auto", "retries": 2},
}
"""Plain data of a grid that forms change; not a whole params.yaml."""
