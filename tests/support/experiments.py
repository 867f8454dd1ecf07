"""params.yaml texts to start from."""

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
    return HEAD + ("".join(blocks) or block())
