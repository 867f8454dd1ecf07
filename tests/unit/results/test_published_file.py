"""published.csv: the numbers as the papers print them, and settings that ours can have."""

import json

import polars as pl
import pytest
from pydantic import TypeAdapter

from lorvp.datasets.adapters import DatasetConfig
from lorvp.mappings import MappingConfig
from lorvp.networks.sources.clip import ClipConfig
from lorvp.networks.sources.timm import TimmConfig
from lorvp.networks.sources.torchvision import TorchvisionConfig
from lorvp.prompts.methods import MethodConfig
from lorvp.results.tables.published import read

R18 = "torchvision:ResNet18_Weights.IMAGENET1K_V1"
R50 = "torchvision:ResNet50_Weights.IMAGENET1K_V2"
IG = "timm:resnext101_32x8d.fb_wsl_ig1b_ft_in1k"
VIT = "file:ViT-B_32.npz"
CLIP_32 = "open_clip:ViT-B-32-quickgelu/openai"
CLIP_16 = "open_clip:ViT-B-16-quickgelu/openai"
CLIP_R50 = "open_clip:RN50-quickgelu/openai"
CLIP_R101 = "open_clip:RN101-quickgelu/openai"
IN_WORDS = "ViT-B/16 ImageNet-21k"

FRAME_32 = {"kind": "ilm_vp", "form": "expansive", "image_size": 32}
FRAME_128 = {"kind": "ilm_vp", "form": "expansive", "image_size": 128}
NARROW = {"kind": "ilm_vp", "form": "additive", "width": 28}
MEDIUM = {"kind": "ilm_vp", "form": "additive", "width": 56}
SMM = {"kind": "smm", "layers": 5, "patch": 8, "colours": "each"}
SMM_VIT = SMM | {"layers": 6}
AUTOVP = {"kind": "autovp", "convention": "pixel"}
ADAVIPRO = {"kind": "adavipro", "width": 30, "side": 32}
FRAME_192 = {"kind": "ilm_vp", "form": "expansive", "image_size": 192}
BORDER = {"kind": "ilm_vp", "form": "additive", "width": 30}
AUTOVP_CLIP = {"kind": "autovp", "convention": "clip", "scale": 1.5}
NONE, FULL, TUNED = {"kind": "none"}, {"kind": "full"}, {"kind": "full_finetune"}

CELLS = [
    ("ILM-VP", "flowers102", R18, FRAME_128, "ilm", 27.9, 0.7),
    ("ILM-VP", "cifar100", R18, FRAME_32, "rlm", 12.9, 0.1),
    ("ILM-VP", "gtsrb", R18, FRAME_32, "ilm", 52.0, 1.2),
    ("ILM-VP", "stanford_cars", R18, FRAME_128, "rlm", 0.9, 0.1),
    ("ILM-VP", "svhn", R18, NONE, "lp", 65.0, 0.2),
    ("ILM-VP", "oxford_pets", R18, TUNED, "identity", 87.8, 0.5),
    ("ILM-VP", "cifar10", R18, FRAME_32, "flm", 65.7, 0.6),
    ("ILM-VP", "sun397", R50, FRAME_128, "flm", 19.8, 0.1),
    ("ILM-VP", "dtd", R50, NONE, "lp", 67.6, 0.3),
    ("ILM-VP", "ucf101", R50, TUNED, "identity", 78.0, 0.8),
    ("ILM-VP", "food101", IG, FRAME_128, "ilm", 23.0, 0.4),
    ("ILM-VP", "eurosat", IG, NONE, "lp", 93.4, 0.3),
    ("ILM-VP", "cifar100", IG, TUNED, "identity", 84.6, 1.2),
    ("ILM-VP", "abide", R18, {**FRAME_32, "image_size": 200}, "ilm", 76.9, 2.1),
    ("AutoVP", "flowers102", R18, AUTOVP, "fm", 85.4, None),
    ("AutoVP", "food101", R18, AUTOVP, "fm", 54.1, None),
    ("AutoVP", "isic2018", R18, {"kind": "ilm_vp", "form": "expansive"}, "ilm", 57.5, None),
    ("SMM", "gtsrb", R18, SMM, "ilm", 80.4, None),
    ("SMM", "oxford_pets", R18, NARROW, "ilm", 73.7, None),
    ("SMM", "dtd", R18, FRAME_128, "ilm", 35.3, None),
    ("SMM", "svhn", R18, FULL, "ilm", 78.3, None),
    ("SMM", "cifar100", R50, MEDIUM, "ilm", 43.8, None),
    ("SMM", "flowers102", R50, SMM, "ilm", 35.9, None),
    ("SMM", "eurosat", R50, FULL, "ilm", 86.9, None),
    ("SMM", "food101", VIT, SMM_VIT, "ilm", 64.8, None),
    ("SMM", "cifar10", VIT, FRAME_32, "ilm", 62.4, None),
    ("SMM", "ucf101", VIT, NARROW, "ilm", 44.5, None),
    ("AdaViPro", "eurosat", CLIP_32, ADAVIPRO, "text", 96.8, None),
    ("AdaViPro", "ucf101", CLIP_32, {"kind": "pad", "width": 112}, "text", 54.5, None),
    ("InsVP", "svhn", IN_WORDS, NONE, "lp", 36.6, None),
    ("InsVP", "gtsrb", IN_WORDS, {"kind": "vpt"}, "lp", 90.7, None),
    ("InsVP", "stanford_dogs", IG, {"kind": "ilm_vp", "form": "expansive"}, "ilm", 87.6, None),
    ("InsVP", "cub200", IN_WORDS, {"kind": "insvp"}, "lp", 89.3, None),
    ("RVP", "stanford_cars", CLIP_16, FRAME_192, "rvp", 84.8, None),
    ("RVP", "flowers102", CLIP_16, BORDER, "text", 82.5, None),
    ("RVP", "eurosat", CLIP_16, FRAME_192, "text", 93.4, None),
    ("RVP", "resisc45", CLIP_16, FRAME_192, "attrvr", 82.6, None),
    ("RVP", "fgvc_aircraft", CLIP_R50, BORDER, "text", 16.2, None),
    ("RVP", "resisc45", CLIP_R50, FRAME_192, "rvp", 72.9, None),
    ("RVP", "sun397", CLIP_R101, {"kind": "dvp"}, "prm", 63.7, None),
    ("RVP", "caltech101", CLIP_32, FRAME_192, "attrvr", 92.0, None),
    ("DGA", "imagenet", CLIP_16, FRAME_192, "attrvr", 69.4, None),
    ("DGA", "flowers102", CLIP_16, BORDER, "text", 82.5, None),
    ("VP-LLR", "ucf101", "", NONE, "lp", 83.3, None),
    ("VP-LLR", "svhn", "", AUTOVP_CLIP | {"scale": 1.0}, "fm", 93.1, None),
    ("VP-LLR", "isic2018", "", AUTOVP_CLIP, "fm", 74.1, None),
]


@pytest.fixture(scope="module")
def published():
    rows = read().to_dicts()
    for row in rows:
        row["method"] = json.loads(row["method"])
        row["mapping"] = json.loads(row["mapping"] or "null")
        row["network"] = (row["network"] or "").split("|")
    return rows


@pytest.mark.parametrize(
    ("paper", "dataset", "network", "method", "mapping", "accuracy", "std"), CELLS
)
def test_cell(published, paper, dataset, network, method, mapping, accuracy, std):
    (found,) = [
        (row["accuracy"], row["std"])
        for row in published
        if row["paper"].split(",")[0] == paper
        and (row["dataset"], row["method"]) == (dataset, method)
        and row["mapping"]
        and row["mapping"]["kind"] == mapping
        and network in row["network"]
    ]
    assert found == (accuracy, std)


@pytest.mark.parametrize(
    ("paper", "rows"),
    [
        ("LoR-VP, ICLR 2025", 5),
        ("ILM-VP, CVPR 2023", 13 * 5 + 13 * 4 + 13 * 4),  # rlm for ResNet-18 only
        ("AutoVP, ICLR 2024", 12 * 2),
        ("SMM, ICML 2024", 11 * 5 * 3),
        ("AdaViPro, ICIP 2024", 2 + 2 + 1),
        ("InsVP, ACM MM 2024", 11 * 10),
        ("RVP", 4 * 5 * 11),
        ("DGA, CVPR 2026", 4 * 6),
        ("VP-LLR, ICASSP 2025", 2 * 12),
    ],
)
def test_rows_of_a_table(paper, rows):
    assert read().filter(paper=paper).height == rows


@pytest.mark.parametrize(
    ("network", "layers", "printed"),
    [
        (R18, 5, [43.91, 43.48, 45.04, 46.85, 52.53]),
        (R50, 5, [49.15, 46.76, 49.39, 52.10, 56.35]),
        (VIT, 6, [53.1, 63.7, 65.2, 64.7, 72.4]),
    ],
)
def test_smm_prints_the_averages_of_its_columns(published, network, layers, printed):
    """So no digit was lost when the table was copied."""
    pad = [FRAME_32, FRAME_128]
    columns = [pad, [NARROW], [MEDIUM], [FULL], [SMM | {"layers": layers}]]
    for column, average in zip(columns, printed, strict=True):
        cells = [
            row["accuracy"]
            for row in published
            if row["paper"] == "SMM, ICML 2024"
            and network in row["network"]
            and row["method"] in column
        ]
        assert len(cells) == 11
        assert sum(cells) / 11 == pytest.approx(average, abs=0.06)


@pytest.mark.parametrize(
    ("network", "printed"),
    [
        (CLIP_R50, [53.5, 60.4, 64.6, 66.0, 72.3]),
        (CLIP_R101, [57.5, 62.7, 67.2, 68.8, 73.0]),
        (CLIP_32, [68.3, 66.3, 69.8, 71.0, 75.8]),
        (CLIP_16, [74.4, 76.5, 78.5, 79.7, 82.7]),
    ],
)
def test_rvp_prints_the_averages_of_its_rows(published, network, printed):
    rows = [r for r in published if r["paper"] == "RVP" and network in r["network"]]
    settings = [(BORDER, "text"), (FRAME_192, "text"), (FRAME_192, "attrvr"),
                ({"kind": "dvp"}, "prm"), (FRAME_192, "rvp")]  # fmt: skip
    for (method, mapping), average in zip(settings, printed, strict=True):
        cells = [r["accuracy"] for r in rows
                 if (r["method"], r["mapping"]["kind"]) == (method, mapping)]  # fmt: skip
        assert len(cells) == 11
        assert sum(cells) / 11 == pytest.approx(average, abs=0.06)


def test_only_what_is_stated_is_filled_in():
    table = read()
    spread, few = (table.filter(pl.col(name).is_not_null()) for name in ("std", "shots"))
    assert set(spread["paper"]) == {"ILM-VP, CVPR 2023"}
    assert (set(few["paper"]), set(few["shots"])) == ({"RVP", "DGA, CVPR 2026"}, {16})
    doubtful = table.filter(paper="LoR-VP, ICLR 2025")
    assert doubtful["network"].null_count() == 5
    assert doubtful["note"].str.contains("whose run this is is not known").all()
    assert table["accuracy"].is_between(0, 100).all()
    assert not any(table[name].null_count() for name in ("paper", "where", "read_from", "method"))


@pytest.mark.parametrize(
    ("column", "union", "others"),
    [
        (
            "method",
            MethodConfig,
            {"e2vpt", "transhp", "bias", "insvp", "dga"},
        ),
        ("mapping", MappingConfig, set()),
    ],
)
def test_settings_are_ours_where_the_kind_is(published, column, union, others):
    """A key that we do not have would never match."""
    ours = TypeAdapter(union)
    texts = {json.dumps(row[column]) for row in published if row[column]}
    for settings in map(json.loads, texts):
        assert settings["kind"] in others or ours.validate_python(settings)


def test_datasets_are_ours_or_known_not_to_be(published):
    defined = TypeAdapter(DatasetConfig).json_schema()["$defs"].values()
    ours = {d["properties"]["kind"]["const"] for d in defined if "kind" in d["properties"]}
    foreign = {"abide", "isic2018", "fmow"}
    assert {row["dataset"] for row in published} - ours == foreign


@pytest.mark.parametrize(
    ("network", "also"),
    [
        (TorchvisionConfig(weights="ResNet18_Weights.IMAGENET1K_V1"), "resnet18.tv_in1k"),
        (TorchvisionConfig(weights="ResNet50_Weights.IMAGENET1K_V2"), "resnet50.tv2_in1k"),
        (TimmConfig(name="resnext101_32x8d.fb_wsl_ig1b_ft_in1k"), None),
        (TimmConfig(name="vit_base_patch32_384", file="data/weights/ViT-B_32.npz"), None),
        (ClipConfig(name="ViT-B-32-quickgelu"), None),
        (ClipConfig(name="ViT-B-16-quickgelu"), None),
        (ClipConfig(name="RN50-quickgelu"), None),
        (ClipConfig(name="RN101-quickgelu"), None),
    ],
    ids=lambda value: getattr(value, "name", getattr(value, "weights", "")),
)
def test_networks_are_called_as_manifests_call_them(published, network, also):
    with_it = [row["network"] for row in published if network.facts().source in row["network"]]
    assert with_it
    if also:
        same = TimmConfig(name=also).facts().source
        assert all(same in names for names in with_it)


def test_no_network_is_called_otherwise(published):
    also = {"timm:resnet18.tv_in1k", "timm:resnet50.tv2_in1k", "", IN_WORDS}
    known = {R18, R50, IG, VIT, CLIP_32, CLIP_16, CLIP_R50, CLIP_R101} | also
    assert {name for row in published for name in row["network"]} == known
