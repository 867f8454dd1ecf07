"""What cannot be used is refused before anything is prepared, naming the key of params.yaml."""

import sys
from pathlib import Path

import pytest

from lorvp.errors import InputError
from tasks.settings import nothing_to_train, read, read_sections
from tasks.stages import usable
from tasks.stages.own_code import note_code
from tasks.stages.usable import require_usable

HEAD = """
datasets:
  digits: {kind: digits, test: 1000, val: 300}
  letters: {kind: letters, train: 60, val: 2, test: 10}
"""
SMALL = "{kind: trained, dataset: letters, architecture: test_resnet}"
GRID = """
grid:
  a: {dataset: digits, network: net, method: %s, mapping: %s}
"""
OWN = """{kind: python, build: "their_nets:%s", input_size: 16, mean: [0, 0, 0], std: [1, 1, 1],
    class_names: [a, b, c]}"""
NETS = """
from torch import nn

class Logits(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 4)

    def forward(self, x):
        return self.conv(x).mean((2, 3)).log_softmax(1)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "their_nets.py").write_text(NETS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("LORVP_CODE", "their_nets")
    yield
    sys.modules.pop("their_nets", None)


def experiment(network: str, method: str = "none", mapping: str = "lp", more: str = ""):
    text = f"{HEAD}checkpoints:\n  net: {network}\n{GRID % (method, mapping)}{more}"
    Path("params.yaml").write_text(text)
    return read_sections()


CODE = "code: {nets: their_nets.py}\n"
REFUSED = {
    "no such network": (
        ("{kind: timm, name: no_such_model}",),
        "checkpoints.net: timm has no architecture 'no_such_model'",
    ),
    "no such weights": (
        ("{kind: torchvision, weights: ResNet18_Weights.NONE}",),
        "checkpoints.net: torchvision has no classifier's weights 'ResNet18_Weights.NONE'",
    ),
    "no such module": (
        (OWN.replace("their_nets", "no_such.nets") % "make",),
        "checkpoints.net: there is no Python module no_such.nets here",
    ),
    "no such class": (
        (OWN % "Absent", "none", "lp", CODE),
        "checkpoints.net: their_nets has no Absent",
    ),
    "code that DVC does not see": (
        (OWN % "Logits", "none", "fm"),
        "checkpoints.net: DVC would not see an edit of their_nets; name its place beside "
        "`checkpoints`, from the project's folder: `code: {their_nets: their_nets.py}`",
    ),
    "no features": (
        (OWN % "Logits", "none", "lp", CODE),
        "grid: none · lp: mapping 'lp' reads what the network's last layer reads",
    ),
    "too few source classes": (
        (OWN % "Logits", "none", "ilm", CODE),
        "grid: none · ilm: mapping 'ilm' gives each of the 10 target classes its own source class",
    ),
    "too wide": ((SMALL, "{pad: {width: 17}}", "lp"), "grid: pad p=17 · lp: "),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_by_its_key(case):
    given, said = REFUSED[case]
    with pytest.raises(InputError) as told:
        require_usable(experiment(*given))
    assert str(told.value).startswith(f"params.yaml: {said}")
    assert len(str(told.value).splitlines()) == 1


def test_what_can_be_used_is_looked_at_once(monkeypatch):
    require_usable(experiment(SMALL, "{pad: {width: 4}}", "[lp, ilm]"))

    def seen(*_):
        raise LookupError

    monkeypatch.setattr(usable, "require_fitting", seen)
    require_usable(read_sections())
    with pytest.raises(LookupError):
        require_usable(experiment(SMALL, "{pad: {width: 5}}", "[lp, ilm]"))


@pytest.mark.parametrize("rest", ["", "checkpoints: {}\ngrid: {}\n"])
def test_datasets_alone_are_enough_to_prepare_them_and_not_to_train(rest):
    Path("params.yaml").write_text(HEAD + rest)
    found = read_sections()
    require_usable(found)
    assert "there is nothing to train" in nothing_to_train(found)
    with pytest.raises(InputError, match=r"^params.yaml: grid: it asks for no trial, so there"):
        read()


@pytest.mark.parametrize("place", ["/etc", "s3://somewhere/nets", ""])
def test_only_places_of_this_machine_from_the_projects_folder_are_looked_at(place):
    with pytest.raises(InputError, match=r"code\.nets: should be a path from the project's folder"):
        experiment(SMALL, more=f"code: {{nets: '{place}'}}\n")


def test_a_comment_does_not_change_the_note_of_code_and_an_edit_does():
    params = experiment(OWN % "Logits", "none", "fm", CODE).params

    def note() -> bytes:
        note_code("nets", params)
        return Path("data/code/nets").read_bytes()

    before = note()
    Path("their_nets.py").write_text(f"# a comment\n{NETS}")
    assert note() == before
    Path("their_nets.py").write_text(NETS.replace("4)", "5)"))
    assert note() != before
