"""Which edits of the code make which trials new, on a copy of the package that is edited."""

from pathlib import Path

import pytest

from lorvp import code_digest
from lorvp.mappings.attrvr import AttrVrConfig
from lorvp.mappings.bayesian import BlmConfig
from lorvp.mappings.frequency import IlmConfig
from lorvp.mappings.linear import LpConfig
from lorvp.mappings.prm import PrmConfig
from lorvp.mappings.rvp import RvpConfig
from lorvp.mappings.selection import IdentityConfig
from lorvp.mappings.text import SemanticConfig, TextConfig
from lorvp.prompts.contents.free import FreeConfig
from lorvp.prompts.contents.low_rank import LowRankConfig
from lorvp.prompts.methods.adavipro import AdaViProConfig
from lorvp.prompts.methods.compose import ComposeConfig
from lorvp.prompts.methods.full import FullConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.prompts.placements.regions import RegionsConfig
from lorvp.trials.identity import fingerprint, identity
from tests.support.tiny import trial

TRIALS = {
    "none": trial(NoneConfig(), LpConfig()),
    "full": trial(FullConfig(), LpConfig()),
    "lor_vp": trial(LorVpConfig(), LpConfig()),
    "lor_vp ilm": trial(LorVpConfig(), IlmConfig()),
    "lor_vp identity": trial(LorVpConfig(), IdentityConfig()),
    "lor_vp blm": trial(LorVpConfig(), BlmConfig()),
    "lor_vp text": trial(LorVpConfig(), TextConfig()),
    "lor_vp semantic": trial(LorVpConfig(), SemanticConfig()),
    "lor_vp attrvr": trial(LorVpConfig(), AttrVrConfig()),
    "lor_vp prm": trial(LorVpConfig(), PrmConfig()),
    "lor_vp rvp": trial(LorVpConfig(), RvpConfig()),
    "lor_vp sgd": trial(LorVpConfig(), LpConfig(), optimizer="sgd"),
    "adavipro": trial(AdaViProConfig(), LpConfig()),
    "low rank everywhere": trial(ComposeConfig(content=LowRankConfig()), LpConfig()),
    "low rank in regions": trial(
        ComposeConfig(content=LowRankConfig(), placement=RegionsConfig()), LpConfig()
    ),
    "free in regions": trial(
        ComposeConfig(content=FreeConfig(), placement=RegionsConfig()), LpConfig()
    ),
}
EVERY = set(TRIALS)
COMPOSED = {"low rank everywhere", "low rank in regions", "free in regions"}
LOR_VP = {label for label in TRIALS if label.startswith("lor_vp")}
LOW_RANK = LOR_VP | {"low rank everywhere", "low rank in regions"}
SENTENCES = {"lor_vp attrvr", "lor_vp prm", "lor_vp rvp"}
SELECTIONS = {"lor_vp ilm", "lor_vp identity", "lor_vp text", "lor_vp semantic"}
REGIONS = {"adavipro", "low rank in regions", "free in regions"}


def names() -> dict[str, str]:
    code_digest.forget()
    return {label: fingerprint(identity(t, "data", "weights")) for label, t in TRIALS.items()}


def changed(path: Path, text: str) -> set[str]:
    """The trials that have another name once ``path`` holds ``text``."""
    before = names()
    path.write_text(text)
    after = names()
    return {label for label in TRIALS if before[label] != after[label]}


def with_a_new_constant(path: Path) -> set[str]:
    return changed(path, path.read_text() + "\nNEW_CONSTANT = 1\n")


def test_trials_have_different_names(package):
    assert len(set(names().values())) == len(TRIALS)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("prompts/methods/adavipro.py", {"adavipro"}),
        ("prompts/methods/lor_vp.py", LOR_VP),
        ("prompts/methods/vp_recipe.py", {"adavipro"}),
        ("prompts/methods/full.py", {"full"}),
        ("prompts/methods/compose.py", COMPOSED),
        ("prompts/contents/low_rank.py", LOW_RANK),
        ("prompts/placements/regions.py", REGIONS),
        ("mappings/linear.py", EVERY - SELECTIONS - SENTENCES - {"lor_vp blm"}),
        ("mappings/selection.py", SELECTIONS),
        ("mappings/frequency.py", {"lor_vp ilm"}),
        ("mappings/bayesian.py", {"lor_vp blm"}),
        ("mappings/text.py", {"lor_vp text", "lor_vp semantic"}),
        ("mappings/encoded.py", SENTENCES | {"lor_vp text", "lor_vp semantic"}),
        ("mappings/descriptions.py", SENTENCES),
        ("mappings/similarities.py", SENTENCES),
        ("mappings/attrvr.py", {"lor_vp attrvr"}),
        ("mappings/prm.py", {"lor_vp prm"}),
        ("mappings/rvp.py", {"lor_vp rvp"}),
        ("mappings/settings.py", EVERY),
        ("mappings/base.py", EVERY),
        ("networks/interface.py", EVERY),
        ("images.py", EVERY),
        ("training/trainer.py", EVERY),
        ("trials/run.py", EVERY),
        ("training/determinism.py", EVERY),
        ("trials/contents.py", EVERY),
        ("trials/finish.py", EVERY),
        ("trials/shared_outputs.py", EVERY),
        ("experiment/trial.py", EVERY),
        ("trials/identity.py", EVERY),
        ("networks/checkpoint.py", EVERY),
        ("networks/manifest.py", EVERY),
        ("networks/weights_file.py", EVERY),
        ("training/model.py", EVERY),
        ("recipe.py", EVERY),
        ("prompts/base.py", EVERY),
        ("networks/frozen.py", EVERY),
        ("datasets/prepared.py", EVERY),
        ("datasets/labelled_images.py", EVERY),
        ("datasets/manifest.py", EVERY),
    ],
)
def test_an_edit_changes_the_trials_that_use_the_file(package, file, expected):
    assert with_a_new_constant(package / file) == expected


@pytest.mark.parametrize(
    "file",
    [
        "results/tables/columns.py",
        "results/tables/tidy.py",
        "results/tables/trial_statistics.py",
        "results/page/page.py",
        "trials/store.py",
        "errors.py",
        "files/whole.py",
        "settings/base.py",
        "datasets/pixels/decoding.py",
        "experiment/params.py",
        "experiment/grid.py",
        "text/problems.py",
        "experiment/json_schema.py",
        "results/pictures/arrays.py",
        "results/pictures/curves.py",
        "code_digest.py",
        "trials/verified.py",
        "text/quoted.py",
        "prompts/__init__.py",
        "prompts/methods/__init__.py",
        "mappings/__init__.py",
        "datasets/adapters/letters.py",
        "networks/sources/__init__.py",
        "networks/libraries/__init__.py",
        "networks/libraries/timm_models.py",
        "networks/sources/trained.py",
        "networks/sources/timm.py",
    ],
)
def test_an_edit_of_what_no_result_depends_on_changes_none(package, file):
    assert with_a_new_constant(package / file) == set()


TRAINING = Path("training/trainer.py")


@pytest.mark.parametrize(
    ("file", "edit"),
    [
        (TRAINING, lambda text: "# a comment\n" + text),
        (TRAINING, lambda text: text.replace("\n\n\n", "\n\n\n\n# a comment\n\n\n")),
        (TRAINING, lambda text: text.replace('"""', '"""Other words. ', 1)),
        (
            "training/evaluation.py",
            lambda text: text.replace("    model.eval()", "    model.eval()  # here"),
        ),
        (TRAINING, lambda text: text.replace("def fit(\n    model", "def fit(\n\n        model")),
        ("training/totals.py", lambda text: text.replace("zeros(2,", "zeros((\n    0x2\n),")),
        (TRAINING, lambda text: text.replace("\n", "\r\n")),
    ],
    ids=["comment", "lines", "docstring", "end of line", "indent", "spelling", "line ends"],
)
def test_comments_formatting_and_docstrings_do_not_count(package, file, edit):
    text = (package / file).read_text()
    assert edit(text) != text
    assert changed(package / file, edit(text)) == set()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("no code was published", "some code was published"),
        ("differs=(", "differs=() and ("),
        ("origin: ClassVar[Origin] = Origin(", "origin: ClassVar[Origin] = None and Origin("),
    ],
)
def test_where_a_method_comes_from_does_not_count(package, old, new):
    """Words on a paper and on what differs from it; nobody computes with them."""
    file = package / "prompts/methods/adavipro.py"
    text = file.read_text()
    assert text.count(old) == 1
    assert changed(file, text.replace(old, new)) == set()
    assert changed(file, text.replace("ClassVar[Origin] =", "ClassVar[object] =")) == {"adavipro"}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("training/totals.py", "zeros(2,", "zeros(3,"),
        ("training/lanes.py", "optimizer.zero_grad()", "optimizer.zero_grad(False)"),
        ("training/evaluation.py", "self.loss_N.double().mean()", "self.loss_N.mean()"),
        ("training/lanes.py", "lane.model.prompt.end_epoch()", "{}"),
        ("training/evaluation.py", "@torch.inference_mode()\ndef predict", "def predict"),
    ],
)
def test_what_runs_does_count(package, file, old, new):
    text = (package / file).read_text()
    assert text.count(old) == 1
    assert changed(package / file, text.replace(old, new)) == EVERY


def test_code_counts_by_file_and_not_by_place(package):
    """The same statement in another module is another code."""
    first = code_digest.digest_of(["lorvp.training.trainer"])
    text = (package / "networks/interface.py").read_text()
    (package / "networks/interface.py").write_text((package / "images.py").read_text())
    (package / "images.py").write_text(text)
    code_digest.forget()
    assert code_digest.digest_of(["lorvp.training.trainer"]) != first


@pytest.mark.parametrize(
    "line",
    [
        "from lorvp import newly",
        "import lorvp.newly",
        "from lorvp.newly import THING",
        "def late():\n    from lorvp.newly import THING\n    return THING",
        "try:\n    import lorvp.newly\nexcept ImportError:\n    pass",
    ],
)
def test_every_form_of_import_is_followed(package, line):
    (package / "newly.py").write_text("THING = 1\n")
    text = (package / TRAINING).read_text()
    (package / TRAINING).write_text(f"{text}\n{line}\n")
    assert with_a_new_constant(package / "newly.py") == EVERY


def test_imports_for_types_only_are_not_followed(package):
    assert "lorvp.experiment.trial" not in code_digest.closure(["lorvp.trials.run"])
    assert "lorvp.training.trainer" in code_digest.closure(["lorvp.trials.run"])


def test_same_digest_in_another_order_or_with_repeats(package):
    first = code_digest.digest_of(["lorvp.training.model", "lorvp.training.trainer"])
    assert (
        code_digest.digest_of(
            ["lorvp.training.trainer", "lorvp.training.model", "lorvp.training.model"]
        )
        == first
    )
