"""Two names of the same trials: nobody looks for a row that is not there, and is not told why."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from flows import costs, prompts
from lorvp.experiment.params import Experiment, read
from tasks.jobs import Plan
from tests.support.experiments import block, params

ROOT = Path(__file__).parent.parents[2]
TWIN = "  twin: {kind: trained, dataset: letters, architecture: test_resnet}\n"
SAME = "{there} has the same settings as {here}, so they name the same trials; "
ONCE = "the tables have them once, as {here}."


def experiment(folder: Path, *blocks: str, twin: str = "") -> Experiment:
    (folder / "params.yaml").write_text(params(*blocks).replace("grid:\n", f"{twin}grid:\n"))
    return read(folder / "params.yaml")


def said(here: str, there: str) -> str:
    return (SAME + ONCE).format(here=here, there=there)


CASES = {
    "methods": ([block(method="{lor_vp: , mine: {kind: lor_vp, rank: 4}}", mapping="[lp, fm]",
                       seed="[0, 1]")], ("lor_vp r=4", "mine r=4")),
    "mappings": ([block(mapping="{one: {kind: ilm}, two: {kind: ilm, interval: 1}}")],
                 ("one", "two")),
    "recipes": ([block(method="lor_vp", training="[paper, {recipe: paper, warmup_steps: 0}]")],
                ("training=paper", "recipe=paper warmup_steps=0")),
    "one of a sweep": ([block("a", training="{lr: 0.1}"), block("b", training="{lr: [0.1, 0.2]}")],
                       ("none · lp", "none · lp · lr=0.1")),
    "both": ([block("a", method="full", mapping="lp"),
              block("b", method="{x: full}", mapping="{y: lp}")], ("full · lp", "x · y")),
    "some seeds only": ([block("a", method="full", seed="[0, 1]"),
                         block("b", method="{x: full}", seed="[1, 2]")], ("full", "x")),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_two_names_are_told_in_one_sentence(case, tmp_path):
    blocks, names = CASES[case]
    assert experiment(tmp_path, *blocks).shared == (said(*names),)


def test_nothing_is_said_of_what_only_is_written_twice(tmp_path):
    blocks = [block("a", seed="[3, 3]"), block("b", seed="[3, 4]"), block("c", method="full")]
    assert experiment(tmp_path, *blocks, twin=TWIN).shared == (), "twin is in no block"


@pytest.mark.parametrize("path", [ROOT / "params.yaml", *(ROOT / "data/presets").glob("*.yaml")])
def test_our_own_experiments_have_no_two_names_of_one_trial(path):
    assert read(path).shared == ()


def test_networks_and_datasets_under_two_names(tmp_path):
    text = params(block(network="[net, twin]", dataset="[digits, again]"))
    text = text.replace("grid:\n", f"{TWIN}grid:\n").replace("  letters: letters\n",
        "  letters: letters\n  again: {kind: digits, seed: 0}\n")  # fmt: skip
    (tmp_path / "params.yaml").write_text(text)
    found = read(tmp_path / "params.yaml")
    assert len(found.points) == 4, "each name has its row"
    rows = "have the same settings, so their rows show the same trials."
    assert found.shared == (
        f"The datasets again and digits {rows}",
        f"The checkpoints net and twin {rows}",
    )


def test_of_many_a_few_are_told(tmp_path):
    methods = ", ".join(f"m{n}: lor_vp" for n in range(20))
    told = experiment(tmp_path, block(method=f"{{{methods}}}")).shared
    assert told[0] == said("m0 r=4", "m1 r=4")
    assert len(told) == 9
    assert told[-1] == "And 11 more names have the same settings."


def test_the_plan_says_so(tmp_path, monkeypatch, capsys):
    experiment(tmp_path, *CASES["methods"][0])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LORVP_STORE", str(tmp_path / "store"))
    costs.main(tmp_path / "params.yaml")
    assert f"note: {said(*CASES['methods'][1])}\n" in capsys.readouterr().out


def test_the_run_says_so_before_it_trains(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(prompts, "TrialStore", lambda root: SimpleNamespace(
        tidy=lambda: None, show=lambda *what: None))  # fmt: skip
    monkeypatch.setattr(prompts, "make_plan", lambda *what: Plan([], []))
    assert prompts.train(experiment(tmp_path, *CASES["methods"][0])) == 0
    assert f"note: {said(*CASES['methods'][1])}\n" in capsys.readouterr().out
