"""The published numbers that made-up results are compared with."""

import json
from pathlib import Path

import polars as pl
import pytest

from lorvp.datasets.adapters.cifar import Cifar10Config, Cifar100Config
from lorvp.datasets.adapters.digits import DigitsConfig
from lorvp.datasets.adapters.dtd import DtdConfig
from lorvp.experiment import params
from lorvp.experiment.trial import Point, Trial
from lorvp.networks.manifest import Facts
from lorvp.results.tables import results, section_markdown
from lorvp.results.tables.published import Networks, compare
from tasks.stages.tables import beside_published

R18 = "torchvision:ResNet18_Weights.IMAGENET1K_V1"
CLIP_16 = "open_clip:ViT-B-16-quickgelu/openai"

EPOCH = (
    "the epoch is chosen on validation images, which are not trained on, and not by the best test "
    "accuracy"
)
AUTOCAST = "fp32, not fp16 autocast with scaled gradients"
UNLIKE = "epochs, batch_size, optimizer, lr, schedule other than in the method's recipe"
"""Trials of these tests have the default settings and no paper's."""
FRAME_32 = {"kind": "ilm_vp", "image_size": 32}
DATASETS = {"mine": Cifar10Config()}
SOURCES = {"net": R18, "big": "torchvision:ResNet50_Weights.IMAGENET1K_V2"}


def trial(method, mapping, accuracy, *, seed=0, best=None, epochs=20, network="net",
          training=""):  # fmt: skip
    """A point of the dataset "mine" and what its trial.json would hold."""
    settings = Trial(dataset="mine", network=network, seed=seed, method=method, mapping=mapping)
    summary = {
        "val_accuracy": 0.5,
        "test_accuracy": accuracy,
        "epochs": epochs,
        "test_accuracy_of_best_test_epoch": best,
        "mapping_values": 0,
        "trained_values": 3,
        "seconds": 1.0,
        "wall_seconds": 1.0,
        "prompt_linf": None,
    }
    facts = {"fingerprint": f"{method} {mapping} {seed}", "summary": summary}
    return Point(settings, settings.method.kind, settings.mapping.kind, training), facts


def found(*trials, datasets=DATASETS, sources=SOURCES) -> list[tuple[str, str]]:
    """Published number and paper of each row of the comparison."""
    table = compare(results(trials), datasets, Networks(sources))
    return list(zip(table["published"], table["paper"], strict=True))


def test_a_row_has_ours_and_the_published_number():
    trials = [trial(FRAME_32, "rlm", accuracy, seed=s) for s, accuracy in enumerate([0.5, 0.7])]
    assert compare(results(trials), DATASETS, Networks(SOURCES)).to_dicts() == [
        {
            "dataset": "mine",
            "network": "net",
            "method": "ilm_vp",
            "mapping": "rlm",
            "ours": "60.0 ± 14.1",  # 100 * sqrt(0.02)
            "seeds": 2,
            "epochs": 20,
            "published": "63.0 ± 0.1",
            "paper": "ILM-VP, CVPR 2023",
            "where": "Table 1",
            "note": "best test epoch",
            "differs": [EPOCH, AUTOCAST, UNLIKE],
        }
    ]


def test_every_paper_that_has_it_has_a_row():
    assert found(trial(FRAME_32, "ilm", 0.6)) == [
        ("65.5 ± 0.1", "ILM-VP, CVPR 2023"),
        ("65.5", "AutoVP, ICLR 2024"),
        ("65.5", "SMM, ICML 2024"),
    ]


def test_the_network_is_told_by_its_weights_and_not_by_its_name():
    ours = trial({"kind": "none"}, "lp", 0.6)
    assert found(ours) == [("85.9 ± 0.5", "ILM-VP, CVPR 2023")]
    assert found(ours, sources={"net": "timm:resnet18.tv_in1k"}) == found(ours)
    assert found(ours, sources={"net": SOURCES["big"]}) == [("90.1 ± 0.1", "ILM-VP, CVPR 2023")]
    for other in ("timm:resnet18.a1_in1k", "resnet18", "trained here on letters", ""):
        assert found(ours, sources={"net": other}) == []


def test_the_dataset_is_told_by_its_kind():
    ours = trial({"kind": "none"}, "lp", 0.6)
    assert found(ours, datasets={"mine": Cifar100Config()}) == [("63.3 ± 0.8", "ILM-VP, CVPR 2023")]
    assert found(ours, datasets={"mine": DigitsConfig()}) == []


@pytest.mark.parametrize(
    ("method", "mapping"),
    [
        ({"kind": "ilm_vp", "image_size": 64}, "ilm"),
        ({"kind": "ilm_vp", "form": "additive", "width": 30}, "ilm"),
        ({"kind": "ilm_vp", "image_size": 32}, "lp"),
        ({"kind": "none"}, "fm"),
        ({"kind": "smm", "patch": 4}, "ilm"),
        ({"kind": "full_finetune"}, "lp"),
        ({"kind": "lor_vp"}, "lp"),  # published, but for a network that nobody names
    ],
)
def test_other_settings_have_no_number(method, mapping):
    assert found(trial(method, mapping, 0.6)) == []


def test_settings_that_the_number_does_not_depend_on_may_differ():
    smm = {"kind": "smm", "patch": 8, "layers": 5}
    assert found(trial(smm, {"kind": "ilm", "interval": 1}, 0.6)) == [("72.8", "SMM, ICML 2024")]


BORDER = {"kind": "ilm_vp", "form": "additive", "width": 30}
SENTENCE = {"kind": "text", "template": "This is a photo of {}."}


@pytest.mark.parametrize(
    ("given", "numbers"),
    [
        ({"shots": 16}, [("61.4", "RVP"), ("61.4", "DGA, CVPR 2026")]),
        ({"shots": 8}, []),
        ({}, []),
    ],
)
def test_few_shots_are_compared_with_as_many(given, numbers):
    ours = trial(BORDER, SENTENCE, 0.6)
    sources = {"net": CLIP_16}
    assert found(ours, datasets={"mine": DtdConfig(**given)}, sources=sources) == numbers


def test_the_sentence_around_a_class_name_counts():
    sources, datasets = {"net": CLIP_16}, {"mine": DtdConfig(shots=16)}
    assert found(trial(BORDER, "text", 0.6), datasets=datasets, sources=sources) == []
    pad = trial({"kind": "pad"}, SENTENCE, 0.6)
    assert found(pad, datasets=datasets, sources=sources) == []


@pytest.mark.parametrize("given", [{"shots": 16}, {"fraction": 0.5}])
def test_a_number_for_all_images_is_not_compared_with_ours_for_fewer(given):
    ours = trial({"kind": "none"}, "lp", 0.6)
    assert found(ours, datasets={"mine": Cifar10Config(**given)}) == []


def test_our_best_test_epoch_where_it_was_asked_for():
    trials = [trial(FRAME_32, "rlm", 0.5, seed=s, best=best) for s, best in enumerate([0.6, 0.7])]
    (row,) = compare(results(trials), DATASETS, Networks(SOURCES)).to_dicts()
    assert (row["ours"], row["best test epoch"]) == ("50.0 ± 0.0", "65.0 ± 7.1")


def test_a_sweep_over_training_is_told_apart():
    trials = [
        trial(FRAME_32, "rlm", 0.5, training="epochs=3", epochs=3),
        trial(FRAME_32, "rlm", 0.6, training="epochs=9", epochs=9),
    ]
    table = compare(results(trials), DATASETS, Networks(SOURCES))
    assert table.select("training", "epochs", "ours").rows() == [
        ("epochs=3", 3, "50.0"),
        ("epochs=9", 9, "60.0"),
    ]


def test_without_a_published_number_the_table_is_empty():
    table = compare(results([trial({"kind": "lor_vp"}, "fm", 0.5)]), DATASETS, Networks(SOURCES))
    assert table.height == 0
    assert table.schema["published"] == pl.String


PARAMS = f"""\
datasets: {{mine: cifar10}}
checkpoints: {{net: {{kind: torchvision, weights: {R18.partition(":")[2]}}}}}
grid: {{all: {{dataset: mine, network: net, method: none, mapping: lp}}}}
"""


@pytest.mark.parametrize(
    ("mapping", "said"), [("lp", "85.9 ± 0.5"), ("fm", "No published number that is known here")]
)
def test_the_source_is_the_manifests(tmp_path, monkeypatch, mapping, said):
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(PARAMS)
    folder = Path("data/checkpoints/net")
    folder.mkdir(parents=True)
    facts = Facts(library="torchvision", architecture="resnet18", input_size=(224, 224),
                  mean=[0.0] * 3, std=[1.0] * 3, interpolation="bilinear", class_names=["A"],
                  source=R18)  # fmt: skip
    made = {"features": 512, "tokens": None, "made_from": "", "weights_sha256": ""}
    (folder / "manifest.json").write_text(json.dumps(facts.model_dump() | made))
    section = beside_published(results([trial({"kind": "none"}, mapping, 0.8)]), params.read(), [])
    text = section_markdown(section)
    assert said in text
    assert (f"differs from the papers: {EPOCH}; {AUTOCAST}" in text) == (mapping == "lp")
    assert section.numbers.height == (mapping == "lp")
