"""``training: paper``: each method's published settings, and where such a recipe may stand."""

from typing import get_args

import pytest
from ruamel.yaml import YAML

from lorvp.experiment.params import check
from lorvp.prompts.methods import MethodConfig
from lorvp.prompts.methods.base import Method
from lorvp.recipe import TrainingConfig
from lorvp.trials.identity import fingerprint, identity
from tasks.settings import RunParams
from tests.support.experiments import block, params

SGD = {"kind": "sgd", "momentum": 0.9, "weight_decay": 0.0}
ADAM = {"kind": "adam", "weight_decay": 0.0}
DROPS = {"kind": "multistep", "milestones": (0.5, 0.72), "gamma": 0.1}
COSINE = {"kind": "cosine"}
SPSA = {"kind": "spsa", "pairs": 5, "perturbation": 0.01, "perturbation_decay": 0.1,
        "rate_decay": 0.4, "offset": 1.0, "momentum": 0.9}  # fmt: skip
STILL = {"enlarge": 1.0, "centre": False, "crop_scale": None, "crop_ratio": 4 / 3, "flip": False,
         "trivial": False}  # fmt: skip
FLIPPED = STILL | {"flip": True}
CROPPED = FLIPPED | {"crop_scale": 0.08}


def recipe(optimizer: dict, lr: float, schedule: dict, epochs: int, batch_size: int, **more):
    """All that a recipe says; a group without a rate of its own has the common one."""
    rest = {
        "lr_placement": None,
        "lr_mapping": None,
        "warmup_steps": 0,
        "precision": "fp32",
        "compile": "auto",
        "augmentation": STILL,
        "test_every_epoch": False,
    }
    said = {"optimizer": optimizer, "lr": lr, "schedule": schedule}
    return rest | said | {"epochs": epochs, "batch_size": batch_size} | more


LOR_VP = recipe(SGD | {"weight_decay": 1e-4}, 0.02, COSINE, 20, 256)
VP = recipe(SGD, 40.0, COSINE, 1000, 256, warmup_steps=1000)
FRAME = recipe(ADAM, 0.01, DROPS, 200, 128)
CLIP_FRAME = recipe(SGD, 40.0, COSINE, 200, 128)

# Method, recipe, and where it was read.
PAPERS = [
    ("lor_vp", LOR_VP, "LoR-VP run/run_lorvp.sh"),
    ("patch_free", LOR_VP, "not published; LoR-VP's"),
    ("patch_pad", LOR_VP, "not published; LoR-VP's"),
    ("patch_same", LOR_VP, "not published; LoR-VP's"),
    ("pad", VP, "visual_prompting main_clip.py"),
    ("fixed_patch", VP, "visual_prompting main_clip.py"),
    ("random_patch", VP, "visual_prompting main_clip.py"),
    ("adavipro", VP | {"lr_placement": 1.0}, "arXiv 2403.13282; the rest is VP's"),
    ("autovp", recipe(ADAM, 0.001, DROPS, 200, 128), "AutoVP, not for CLIP"),
    ("{autovp: {convention: clip}}", CLIP_FRAME, "AutoVP, for CLIP"),
    ("ilm_vp", FRAME, "ILM-VP experiments, expansive"),
    ("{ilm_vp: {form: additive}}", CLIP_FRAME, "ILM-VP data/prepare_data.py, for CLIP"),
    ("none", FRAME | {"lr": 0.1}, "ILM-VP's linear probe"),
    (
        "evp",
        recipe({"kind": "normalised_gradient"}, 70.0, COSINE, 1000, 256,
               augmentation=STILL | {"enlarge": 1.0, "flip": True}),
        "EVP main.py",
    ),
    (
        "smm",
        recipe(ADAM, 0.01, DROPS, 200, 256, lr_placement=0.01,
               augmentation=STILL | {"enlarge": (224 + 32) / 224, "flip": True}),
        "SMM instancewise_vp.py, for ResNets: drops at epochs 100 and 144 of 200",
    ),
    (
        "full",
        recipe(ADAM, 0.01, DROPS, 200, 256,
               augmentation=STILL | {"enlarge": 228 / 224, "flip": True}),
        "BayesianLM cfg.py and reprogramming.py (watermarking)",
    ),
    (
        "vpt",
        recipe(SGD | {"weight_decay": 1e-4}, 0.5, COSINE, 100, 128),
        "VPT configs/base-prompt.yaml; the rate is searched for",
    ),
    (
        "acavp",
        recipe(SGD, 40.0, COSINE, 1000, 256, augmentation=FLIPPED | {"trivial": True}),
        "ACAVP main.py and configs/ACAVP.yaml; its TrivialAugment and crops are not in it",
    ),
    (
        "dam_vp",
        recipe(SGD, 10_000.0, COSINE, 50, 128, lr_mapping=0.1),
        "DAM-VP arguments.py, task_adapting/adapter.py",
    ),
    (
        "dvp",
        recipe(SGD, 40.0, COSINE, 200, 64, augmentation=CROPPED),
        "DecoupledVP cfg.py, experiments/fs_dvp_cls.py",
    ),
    (
        "blackvip",
        recipe(SPSA, 0.01, {"kind": "constant"}, 1000, 128, augmentation=CROPPED),
        "BlackVIP configs/trainers/BLACKVIP/vit_b16.yaml",
    ),
    (
        "full_finetune",
        recipe(ADAM | {"weight_decay": 5e-4}, 1e-4, COSINE, 200, 128,
               augmentation=STILL | {"enlarge": 256 / 224, "flip": True}),
        "ILM-VP's full fine-tuning",
    ),
]  # fmt: skip


def trials(*blocks: str) -> list:
    experiment, problems = check(YAML(typ="safe", pure=True).load(params(*blocks)), RunParams)
    assert problems == []
    return [point.trial for point in experiment.points]


@pytest.mark.parametrize(("method", "expected", "source"), PAPERS)
def test_paper_stands_for_the_published_settings(method, expected, source):
    (only,) = trials(block(method=method, training="paper"))
    assert only.training.model_dump() == expected, source


@pytest.mark.parametrize(("method", "expected", "source"), PAPERS)
def test_what_is_written_beside_a_recipe_replaces_its_own(method, expected, source):
    text = "{recipe: paper, epochs: 3, schedule: constant, lr_mapping: 0.5}"
    (only,) = trials(block(method=method, training=text))
    own = {"epochs": 3, "schedule": {"kind": "constant"}, "lr_mapping": 0.5}
    assert only.training.model_dump() == expected | own, source


def test_every_recipe_stands_in_the_table_above():
    """A method may come without one; a recipe may not come without its source."""
    told = {method.strip("{").split(":")[0] for method, _, _ in PAPERS}
    classes = get_args(get_args(MethodConfig)[0])
    own = [cls for cls in classes if cls.paper is not Method.paper]
    with_recipe = {cls.model_fields["kind"].default for cls in own}
    assert told == with_recipe


def test_each_method_of_a_block_has_its_own():
    found = trials(block(method="[lor_vp, pad, evp]", training="paper"))
    assert [(t.method.kind, t.training.lr) for t in found] == [
        ("lor_vp", 0.02),
        ("pad", 40.0),
        ("evp", 70.0),
    ]


def test_a_recipe_is_no_other_trial_than_its_values_written_out():
    by_name = trials(block(method="smm", training="paper"))
    text = """
      epochs: 200
      batch_size: 256
      optimizer: adam
      lr: 0.01
      lr_placement: 0.01
      schedule: {kind: multistep, milestones: [[0.5, 0.72]], gamma: 0.1}
      augmentation: {enlarge: 1.1428571428571428, flip: true}"""
    by_hand = trials(block(method="smm", training=text))
    assert by_name == by_hand
    names = {fingerprint(identity(t, "data", "weights")) for t in (*by_name, *by_hand)}
    assert len(names) == 1
    assert len(trials(block("a", method="smm", training="paper"),
                      block("b", method="smm", training=text))) == 1  # fmt: skip


def test_a_recipe_of_which_nothing_is_changed_is_the_recipe():
    first, second = (
        trials(block(method="pad", training=text)) for text in ("paper", "{recipe: paper}")
    )
    assert first == second


def test_without_a_recipe_the_defaults_hold():
    (only,) = trials(block(method="pad", training="{epochs: 3}"))
    assert only.training == TrainingConfig(epochs=3)


@pytest.mark.parametrize(
    ("training", "labels"),
    [
        ("paper", [""]),
        ("[paper]", [""]),
        ("{recipe: paper, epochs: 3}", [""]),
        ("[paper, {epochs: 3}]", ["training=paper", "epochs=3"]),
        ("[paper, {recipe: paper, epochs: 3}]", ["training=paper", "recipe=paper epochs=3"]),
        ("{recipe: paper, epochs: [3, 4]}", ["epochs=3", "epochs=4"]),
        ("[{recipe: paper, lr: [1.0, 2.0]}, {lr: 1.0}]",
         ["recipe=paper lr=1.0", "recipe=paper lr=2.0", "lr=1.0"]),
    ],
)  # fmt: skip
def test_a_sweep_with_recipes_names_each_of_its_trials(points, training, labels):
    found = points(block(method="lor_vp", training=training))
    assert [point.training for point in found] == labels
    assert len({point.name for point in found}) == len(labels)


COMPOSE = "{mine: {kind: compose, content: free}}"


@pytest.mark.parametrize("training", ["paper", "{recipe: paper}", "{recipe: paper, epochs: 3}"])
def test_compose_has_no_paper(message, training):
    told = message(params(block(method=COMPOSE, training=training)))
    assert told == (
        "params.yaml:16:5: grid.a.training: compose is from no paper; write its training settings"
    )


def test_compose_is_told_once_for_all_of_a_sweep(message):
    text = block(method=COMPOSE, mapping="[fm, lp]", seed="[0, 1]", training="[{epochs: 1}, paper]")
    assert message(params(text)).startswith("params.yaml:17:29: grid.a.training.1: compose")


@pytest.mark.parametrize(
    ("training", "where"),
    [("papr", "16:5: grid.a.training"), ("{recipe: papr}", "16:5: grid.a.training"),
     ("[paper, papr]", "16:23: grid.a.training.1")],
)  # fmt: skip
def test_an_unknown_recipe_is_told_with_those_there_are(message, training, where):
    told = message(params(block(training=training)))
    assert told == f"params.yaml:{where}: there is no recipe 'papr'; there is: paper"


def test_values_beside_a_recipe_are_checked_as_others_are(message):
    told = message(params(block(training="{recipe: paper, lr: -1, epoch: 3}")))
    assert [line.split(": ")[1] for line in told.splitlines()] == [
        "grid.a.training.lr",
        "grid.a.training.epoch",
    ]


@pytest.mark.parametrize("training", ["paper", "{recipe: paper}"])
def test_a_wrong_method_is_not_blamed_on_its_recipe(message, training):
    told = message(params(block(method="lorvp", training=training)))
    assert told.startswith("params.yaml:14:5: grid.a.method: unknown kind")
    assert len(told.splitlines()) == 1


def test_a_misspelt_recipe_key_is_told_with_the_right_one(message):
    told = message(params(block(training="{recipee: paper}")))
    assert told.startswith("params.yaml:16:16: grid.a.training.recipee: ")
    assert "did you mean 'recipe'?" in told
    assert "epochs, batch_size" in told
