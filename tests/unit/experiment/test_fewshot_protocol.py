"""The preset of 16 shots from raw files to the table beside published numbers, on a small scale.

A CLIP with random weights of a tiny configuration, sentences of our own, tiny copies of the real
layouts; every method and mapping of the preset. Accuracies mean nothing here.
"""

from pathlib import Path

import pytest

from lorvp.networks import checkpoint
from lorvp.results.tables import results, section_markdown
from lorvp.results.tables.published import DIFFERS, Networks, compare, read, section
from lorvp.trials.run import run
from tests.support.networks.samples import built, clip, saved
from tests.support.small_preset import experiment, made, part_of, shrunk

PRESET = Path("data/presets/fewshot_clip.yaml").resolve()
NETWORK = "clip_vit_b_16"
EVERY = [
    "fgvc_aircraft", "caltech101", "stanford_cars", "dtd", "eurosat", "flowers102", "food101",
    "oxford_pets", "sun397", "ucf101", "resisc45",
]  # fmt: skip
ROWS = {("vp", "text"), ("ar", "text"), ("ar", "attrvr"), ("dvp", "prm"), ("ar", "rvp")}
"""Methods and mappings of which RVP prints numbers."""


@pytest.mark.parametrize(
    "datasets",
    [["dtd", "eurosat"], pytest.param(EVERY, marks=pytest.mark.slow)],
    ids=["two", "eleven"],
)
def test_every_method_of_the_preset_stands_beside_its_published_number(
    tmp_path, monkeypatch, datasets
):
    monkeypatch.chdir(tmp_path)
    raw = part_of(PRESET, NETWORK, datasets)
    published, small = experiment(raw), experiment(shrunk(raw, tmp_path))
    config = clip()
    file = saved(built(config.facts()), tmp_path / "clip.safetensors")
    ready = clip(file=str(file)).make(tmp_path)
    checkpoint.write(tmp_path / "net", ready.network, ready.facts)
    network = checkpoint.load(tmp_path / "net")
    data = dict(made(small.params, tmp_path))

    records = []
    for whole, point in zip(published.points, small.points, strict=True):
        result = run(point.trial, network, data[point.trial.dataset])
        records.append((whole, {"fingerprint": point.name, "summary": result.summary}))
    table = results(records)
    assert table["test_accuracy"].is_between(0, 1).all()
    methods = set(zip(table["method"], table["mapping"], strict=True))
    assert {mapping for _, mapping in methods} == {"text", "attrvr", "prm", "rvp", "lp"}

    source = published.params.checkpoints[NETWORK].facts().source
    declared = {facts["fingerprint"]: point.differs for point, facts in records}
    networks = Networks({NETWORK: source}, {NETWORK: "bicubic"})
    found = compare(table, published.params.datasets, networks, declared)
    rvp = found.filter(paper="RVP")
    kinds = {
        (method.split()[0], mapping) for method, mapping in rvp.select("method", "mapping").rows()
    }
    assert kinds == ROWS
    assert rvp.height == len(ROWS) * len(datasets)
    printed = read().filter(paper="RVP", network=source)
    wanted = printed.filter(printed["dataset"].is_in(datasets))["accuracy"]
    assert sorted(map(float, rvp["published"])) == sorted(wanted)

    assert all("the epoch is chosen on validation images" in row[0] for row in rvp[DIFFERS])
    text = section_markdown(section(found))
    assert "random crops are taken from the stored middle of an image" in text
    assert "prm: " in text
