"""The ready-made experiments in data/presets can be read, and hold what their names say."""

import re
from functools import cache
from pathlib import Path

import pytest
from dvc.utils.serialize import load_yaml

from lorvp.datasets.image_files import TestOnly
from lorvp.experiment import yaml_file
from lorvp.networks.sources.trained import TrainedConfig
from tasks import settings
from tests.benchmarks.preset_costs import cost_lines

FOLDER = Path("data/presets")
PRESETS = sorted(path.stem for path in FOLDER.glob("*.yaml"))
STARTS = {"zero", "normal", "standard_normal", "uniform", "xavier", "kaiming"}

every_preset = pytest.mark.parametrize("name", PRESETS)

read = cache(lambda name: settings.read(FOLDER / f"{name}.yaml"))


def trials(name):
    return [point.trial for point in read(name).points]


def head(name: str) -> str:
    """The comment before the first key, in one line."""
    lines = (FOLDER / f"{name}.yaml").read_text().split("\n\n")[0].splitlines()
    assert all(line.startswith("#") for line in lines)
    return " ".join(line.lstrip("# ") for line in lines)


def test_there_are_presets():
    assert {"quickstart", "own_images", "lorvp_main", "adavipro", "ilm_vp", "smm"} <= set(PRESETS)


@every_preset
def test_a_preset_says_how_to_run_it_what_it_costs_and_how_many_trials_it_has(name):
    assert f"cp data/presets/{name}.yaml params.yaml && uv run dvc repro" in head(name)
    assert re.findall(r"(\d+) trials", head(name)) == [str(len(trials(name)))]
    text = (FOLDER / f"{name}.yaml").read_text()
    for word in ("Cost", "Data"):
        assert len(re.findall(f"^# {word}: ", text, re.MULTILINE)) == 1


@every_preset
def test_dvc_reads_what_we_read(name):
    path = FOLDER / f"{name}.yaml"
    assert load_yaml(str(path)) == yaml_file.read(path).data


@every_preset
def test_every_dataset_and_network_is_used(name):
    sections, found = read(name).params, trials(name)
    networks = {trial.network for trial in found}
    assert networks == set(sections.checkpoints)
    datasets = {trial.dataset for trial in found}
    trained = [c for c in sections.checkpoints.values() if isinstance(c, TrainedConfig)]
    datasets |= {config.dataset for config in trained}
    tests = {n: d for n, d in sections.datasets.items() if isinstance(d, TestOnly)}
    datasets |= {name for name, config in tests.items() if config.of in datasets}
    assert datasets == set(sections.datasets)


@every_preset
def test_the_readers_table_has_a_line_for_it(name):
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (FOLDER / "README.md").read_text().splitlines()
        if line.startswith(f"| [{name}]")
    ]
    ((link, _, number, data),) = rows
    assert (link, number) == (f"[{name}]({name}.yaml)", str(len(trials(name))))
    rooted = {d.kind for d in read(name).params.datasets.values() if getattr(d, "root", None)}
    files = [c for c in read(name).params.checkpoints.values() if getattr(c, "file", None)]
    assert len(re.findall(r"\*[^*]+\*", data)) == len(rooted) + len(files)


def test_the_readers_table_has_no_other_line():
    listed = re.findall(r"^\| \[(\w+)\]", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert sorted(listed) == PRESETS


@every_preset
def test_networks_are_those_of_the_fragment(name):
    """What is known of a network stands in one place; here it is copied from there."""
    known = yaml_file.read(FOLDER / "fragments/networks.yaml").data["checkpoints"]
    own = yaml_file.read(FOLDER / f"{name}.yaml").data["checkpoints"]
    for network in known.keys() & own.keys():
        assert own[network] == known[network]


@pytest.mark.parametrize(
    ("name", "kind", "field", "values"),
    [
        ("lorvp_rank", "lor_vp", "rank", {1, 2, 4, 8, 16, 32, 64}),
        ("lorvp_init", "lor_vp", "left", STARTS),
        ("lorvp_init", "lor_vp", "right", STARTS),
        ("lorvp_main", "lor_vp", "rank", {4}),
        ("adavipro", "adavipro", "width", {30}),
        ("adavipro_sizes", "adavipro", "width", {5, 60, 90, 112}),
        ("adavipro_sizes", "pad", "width", {5, 60, 90, 112}),
        ("adavipro_regions", "adavipro", "side", {8, 16, 32, 56}),
        ("adavipro_temperature", "adavipro", "decay", {0.90, 0.94, 0.98, 0.99}),
        ("ilm_vp", "ilm_vp", "image_size", {32, 128}),
        ("smm", "ilm_vp", "width", {28, 56}),
        ("blm", "ilm_vp", "image_size", {32, 128}),
        ("autovp", "autovp", "scale", {0.5, 1.0, 1.5}),
        ("evp", "evp", "image_size", {164}),
        ("smm", "smm", "layers", {5, 6}),
    ],
)
def test_a_sweep_has_the_published_values(name, kind, field, values):
    assert values <= {getattr(t.method, field) for t in trials(name) if t.method.kind == kind}


@pytest.mark.parametrize(
    ("name", "datasets", "networks", "pairs"),
    [
        ("lorvp_main", 4, 7, {("none", "lp"), ("autovp", "fm"), ("ilm_vp", "ilm")}),
        ("lorvp_main", 4, 7, {("lor_vp", mapping) for mapping in ("lp", "fm", "ilm", "flm")}),
        ("lorvp_main", 4, 1, {("pad", "text")}),
        ("lorvp_designs", 2, 2, {("lor_vp", "fm"), ("patch_same", "fm"), ("patch_pad", "fm")}),
        ("lorvp_ood", 1, 2, {("lor_vp", "lp"), ("none", "lp")}),
        ("adavipro", 9, 1, {(method, "text") for method in ("none", "pad", "adavipro")}),
        ("ilm_vp", 12, 3, {("ilm_vp", mapping) for mapping in ("ilm", "rlm", "flm")}),
        ("ilm_vp", 12, 3, {("none", "lp"), ("full_finetune", "identity")}),
        ("smm", 11, 3, {(method, "ilm") for method in ("ilm_vp", "full", "smm")}),
        (
            "blm",
            12,
            2,
            {
                (method, mapping)
                for method in ("ilm_vp", "full")
                for mapping in ("rlm", "flm", "ilm", "blm", "blm_plus")
            },
        ),
        ("autovp", 10, 4, {("autovp", "fm"), ("none", "lp")}),
        ("autovp", 10, 3, {("autovp", "ilm")}),
        ("fewshot_clip", 11, 4, {("ilm_vp", mapping) for mapping in ("text", "attrvr", "rvp")}),
        ("fewshot_clip", 11, 4, {(method, "text") for method in ("none", "lor_vp", "adavipro")}),
        ("fewshot_clip", 11, 4, {("dvp", "prm"), ("none", "lp")}),
        ("evp", 11, 1, {("evp", "text"), ("pad", "text"), ("none", "lp"), ("none", "text")}),
    ],
)
def test_a_table_is_asked_for_whole(name, datasets, networks, pairs):
    """Every method with its mapping on every dataset with every network."""
    kind_of = {n: d.kind for n, d in read(name).params.datasets.items()}
    for pair in pairs:
        found = {
            (kind_of[t.dataset], t.network)
            for t in trials(name)
            if (t.method.kind, t.mapping.kind) == pair
        }
        assert len({dataset for dataset, _ in found}) == datasets
        assert len({network for _, network in found}) == networks
        assert len(found) == datasets * networks


def test_the_preliminary_designs_are_four_and_lor_vp():
    kinds = {trial.method.kind for trial in trials("lorvp_designs")}
    assert kinds == {"autovp", "patch_pad", "patch_free", "patch_same", "lor_vp"}
    assert len({trial.training.model_dump_json() for trial in trials("lorvp_designs")}) == 1


def test_ranks_are_tried_on_two_pairs_with_a_probe_and_with_ilm():
    pairs = {(t.dataset, t.network, t.mapping.kind) for t in trials("lorvp_rank")}
    assert {mapping for *_, mapping in pairs} == {"lp", "ilm"}
    assert {pair[:2] for pair in pairs} == {
        ("tiny_imagenet", "vit_b_16_miil_21k"), ("cifar100", "vit_b_32_1k"),
    }  # fmt: skip


SECONDARY = {
    "lorvp_main": lambda trial: trial.method.kind == "autovp" and trial.training.epochs == 100,
    "lorvp_rank": lambda trial: True,
    "lorvp_designs": lambda trial: True,
}
"""Trials with values that stand in a review of the paper only."""


@pytest.mark.parametrize("name", SECONDARY)
def test_values_from_a_secondary_source_say_so(name):
    points = [point for point in read(name).points if SECONDARY[name](point.trial)]
    assert points
    assert all("a secondary source" in " ".join(point.differs) for point in points)
    assert "secondary source" in head_and_about(name)


@every_preset
def test_the_best_test_epoch_is_recorded_where_the_text_says_so(name):
    recorded = any(trial.training.test_every_epoch for trial in trials(name))
    assert recorded == ("recorded beside ours" in head_and_about(name))


def head_and_about(name: str) -> str:
    """All comments before the first key, in one line."""
    text = (FOLDER / f"{name}.yaml").read_text().split("\ndatasets:")[0]
    return " ".join(line.lstrip("# ") for line in text.splitlines())


def test_vtab_has_each_task_with_each_method():
    found = {(t.dataset, t.method.kind) for t in trials("vtab_1k")}
    tasks = {dataset.task for dataset in read("vtab_1k").params.datasets.values()}
    assert len(tasks) == 19
    assert len(found) == 19 * len({"vpt", "lor_vp", "none", "full_finetune"})


def test_few_shots_are_the_protocol_of_the_papers():
    sets = read("fewshot_clip").params.datasets.values()
    assert {(dataset.shots, dataset.seed) for dataset in sets} == {(16, 0)}
    kinds = ("attrvr", "prm", "rvp")
    found = [t.training for t in trials("fewshot_clip") if t.mapping.kind in kinds]
    protocol = {(t.epochs, t.batch_size, t.lr, t.augmentation.crop_scale) for t in found}
    assert protocol == {(200, 64, 40.0, 0.08)}


def test_prompts_of_imagenet_are_tested_on_four_sets():
    sets = read("lorvp_ood").params.datasets.values()
    tested = {d.kind for d in sets if isinstance(d, TestOnly)}
    assert tested == {"imagenet_r", "imagenet_sketch", "imagenet_a", "imagenet_v2"}


@pytest.mark.parametrize("name", [name for name in PRESETS if "PFLOP" in head(name)])
def test_the_cost_is_what_is_counted(name, tmp_path, monkeypatch):
    """`python -m tests.benchmarks.preset_costs` writes all of them."""
    path = (FOLDER / f"{name}.yaml").resolve()
    monkeypatch.chdir(tmp_path)  # where nothing is prepared
    monkeypatch.setenv("LORVP_STORE", str(tmp_path))
    assert cost_lines(path) in path.read_text()


@every_preset
def test_no_cost_is_left_open(name):
    assert "PFLOP" in head(name) or "depends on how many images" in head(name)


@pytest.mark.parametrize(
    "name", ["lorvp_main", "adavipro", "ilm_vp", "smm", "blm", "autovp", "evp"]
)
def test_a_search_stands_beside_a_papers_recipe(tmp_path, name):
    """In a comment, which can be taken away."""
    text = (FOLDER / f"{name}.yaml").read_text()
    before, comment, after = text.partition("    # tune:\n")
    assert comment
    lines, rest = re.match(r"((?:    #   [^\n]*\n)+)(.*)", after, re.DOTALL).groups()
    path = tmp_path / "params.yaml"
    path.write_text(before + "    tune:\n" + lines.replace("    # ", "    ") + rest)
    tuned = settings.read(path)
    assert tuned.searches
    assert len(tuned.points) < len(trials(name))
