"""Broken params.yaml texts; for each, where its messages have to point and what they say.

The head of ``experiments.py`` is 9 lines long, so a block ``a`` begins in line 10 and has its
keys dataset, network, method and mapping in lines 11 to 14; others follow.
"""

from dataclasses import dataclass

import pytest

from tests.support.experiments import HEAD, block, params


@dataclass(frozen=True)
class Broken:
    """A broken text, how its messages start (LINE:COLUMN: KEY), and words that they contain."""

    text: str
    starts: tuple[str, ...]
    words: tuple[str, ...]


def case(name: str, text: str, start: str | tuple[str, ...], *words: str):
    starts = (start,) if isinstance(start, str) else start
    return pytest.param(Broken(text, starts, words), id=name)


def training(text: str) -> str:
    return params(block(training=text))


GOOD = params()

UNKNOWN_KEYS = [
    case("top", GOOD + "gird: 1\n", "16:1: gird", "'gird'", "'grid'"),
    case("dataset", GOOD.replace("kind: digits", "kind: digits\n    tset: 3"),
         "5:5: datasets.digits.tset", "'test'"),
    case("checkpoint", GOOD.replace("architecture: test_resnet", "architecture: x\n    epoch: 1"),
         "10:5: checkpoints.net.epoch", "'epochs'"),
    case("block", params(block(sead="0")), "16:5: grid.a.sead", "'seed'"),
    case("training", training("{epoch: 3}"), "16:16: grid.a.training.epoch", "'epochs'"),
    case("training, swept", training("{epoch: [3, 4]}"), "16:16: grid.a.training.epoch", "epochs"),
    case("method", params(block(method="{lor_vp: {rnak: 3}}")),
         "14:23: grid.a.method.lor_vp.rnak", "'rank'"),
    case("content", params(block(method="{x: {kind: compose, content: {kind: low_rank, r: 3}}}")),
         "14:59: grid.a.method.x.content.r", "rank"),
    case("mapping", params(block(mapping="{ilm: {every: 2}}")),
         "15:21: grid.a.mapping.ilm.every", "interval"),
    case("augmentation", training("{augmentation: {crop: true}}"),
         "16:31: grid.a.training.augmentation.crop", "enlarge, centre, crop_scale"),
    case("training, like a recipe", training("{recip: paper}"), "16:16: grid.a.training.recip",
         "did you mean 'recipe'"),
    case("beside a recipe", training("{recipe: paper, epoch: 3}"),
         "16:31: grid.a.training.epoch", "'epochs'"),
    case("setting of another mapping", params(block(mapping="{evp_index: {per_target: 2}}")),
         "15:27: grid.a.mapping.evp_index.per_target", "kind"),
    case("schedule", training("{schedule: {kind: multistep, milestone: [[0.5]]}}"),
         "16:44: grid.a.training.schedule.milestone", "'milestones'"),
    case("compute", GOOD + "compute: {worker: 3}\n", "16:11: compute.worker", "'workers'"),
    case("tracking", GOOD + "tracking: {wand: offline}\n", "16:12: tracking.wand", "'wandb'"),
]  # fmt: skip

WRONG_VALUES = [
    case("word for a number", training("{epochs: three}"), "16:16: grid.a.training.epochs",
         "integer", "'three'"),
    case("number in quotes", training("{lr: '0.1'}"), "16:16: grid.a.training.lr", "number"),
    case("fraction of an epoch", training("{epochs: 2.5}"), "16:16: grid.a.training.epochs",
         "integer"),
    case("word for yes or no", training("{test_every_epoch: 'yes'}"),
         "16:16: grid.a.training.test_every_epoch", "boolean"),
    case("rate below 0", training("{lr: [0.1, -1]}"), "16:26: grid.a.training.lr.1",
         "greater than 0"),
    case("rank 0", params(block(method="{lor_vp: {rank: [1, 0]}}")),
         "14:33: grid.a.method.lor_vp.rank.1", "equal to 1"),
    case("momentum 1", training("{optimizer: {kind: sgd, momentum: 1.0}}"),
         "16:39: grid.a.training.optimizer.momentum", "less than 1"),
    case("negative seed", params(block(seed="[0, -1]")), "16:15: grid.a.seed.1", "equal to 0"),
    case("huge seed", params(block(seed="4294967296")), "16:5: grid.a.seed", "less than"),
    case("seed without value", params(block(seed="")), "16:5: grid.a.seed", "integer"),
    case("no source for a target", params(block(mapping="{flm: {per_target: 0}}")),
         "15:21: grid.a.mapping.flm.per_target", "equal to 1"),
    case("no smoothing", params(block(mapping="{blm: {smoothing: [1.0, 0.0]}}")),
         "15:38: grid.a.mapping.blm.smoothing.1", "greater than 0"),
    case("more than all classes", params(block(mapping="{blm_plus: {share: 1.5}}")),
         "15:26: grid.a.mapping.blm_plus.share", "equal to 1"),
    case("template without a place", params(block(mapping="{text: {template: a photo}}")),
         "15:22: grid.a.mapping.text.template", "{}"),
    case("template with two places", params(block(mapping="{semantic: {template: '{} {}'}}")),
         "15:26: grid.a.mapping.semantic.template", "{}"),
    case("smaller images", training("{augmentation: {enlarge: 0.9}}"),
         "16:31: grid.a.training.augmentation.enlarge", "equal to 1"),
    case("not a number", training("{lr: .nan}"), "16:16: grid.a.training.lr", "finite"),
    case("infinite", training("{lr: .inf}"), "16:16: grid.a.training.lr", "finite"),
    case("infinite decay", training("{optimizer: {kind: sgd, weight_decay: .inf}}"),
         "16:39: grid.a.training.optimizer.weight_decay", "finite"),
    case("too small a test split", GOOD.replace("kind: digits", "kind: digits\n    test: 5"),
         "5:5: datasets.digits.test", "equal to 10"),
    case("device", GOOD + "compute: {device: gpu}\n", "16:11: compute.device", "'cuda'"),
    case("workers", GOOD + "compute: {workers: two}\n", "16:11: compute.workers", "'auto'"),
    case("no workers", GOOD + "compute: {workers: 0}\n", "16:11: compute.workers", "equal to 1"),
    case("tracker", GOOD + "tracking: {wandb: offlin}\n", "16:12: tracking.wandb", "'offline'"),
    case("milestones without an inner list",
         training("{schedule: {kind: multistep, milestones: [0.5, 0.7]}}"),
         ("16:57: grid.a.training.schedule.milestones.0",
          "16:62: grid.a.training.schedule.milestones.1"), "list"),
    case("no milestones", training("{schedule: {kind: multistep, milestones: [[]]}}"),
         "16:57: grid.a.training.schedule.milestones.0", "at least 1"),
    case("milestones in words", training("{schedule: {kind: multistep, milestones: [[half]]}}"),
         "16:57: grid.a.training.schedule.milestones.0", "number"),
    case("milestones in epochs", training("{schedule: {kind: multistep, milestones: [[100]]}}"),
         "16:57: grid.a.training.schedule.milestones.0", "1"),
]  # fmt: skip

UNKNOWN_NAMES = [
    case("method", params(block(method="lorvp")), "14:5: grid.a.method", "'lor_vp'"),
    case("method in a list", params(block(method="[none, lorvp]")),
         "14:20: grid.a.method.1", "did you mean 'lor_vp'", "adavipro"),
    case("method with settings", params(block(method="{lorvp: {rank: 3}}")),
         "14:14: grid.a.method.lorvp", "'lor_vp'"),
    case("method like no other", params(block(method="zzz")), "14:5: grid.a.method",
         "'zzz'. Allowed: none"),
    case("mapping", params(block(mapping="lm")), "15:5: grid.a.mapping", "ilm"),
    case("dataset kind", GOOD.replace("kind: digits", "kind: digit"), "3:3: datasets.digits",
         "'digits'"),
    case("dataset kind alone", GOOD.replace("letters: letters", "letters: leters"),
         "2:3: datasets.letters", "'letters'"),
    case("checkpoint kind", GOOD.replace("kind: trained", "kind: traned"),
         "6:3: checkpoints.net", "'trained'", "torchvision"),
    case("optimizer", training("{optimizer: adamm}"), "16:16: grid.a.training.optimizer",
         "'adam'"),
    case("schedule in a list", training("{schedule: [cosine, cosin]}"),
         "16:35: grid.a.training.schedule.1", "'cosine'"),
    case("recipe", training("papr"), "16:5: grid.a.training", "'papr'", "there is: paper"),
    case("recipe in a list", training("[{epochs: 1}, papr]"), "16:29: grid.a.training.1", "'papr'"),
    case("recipe with changes", training("{recipe: papr, epochs: 3}"), "16:5: grid.a.training",
         "'papr'", "paper"),
    case("recipe of what no paper has", params(block(training="paper",
         method="{x: {kind: compose, content: free}}")), "16:5: grid.a.training", "from no paper",
         "write its training settings"),
    case("dataset", params(block(dataset="digit")), "12:5: grid.a.dataset", "'digit'", "digits"),
    case("network", params(block(network="nat")), "13:5: grid.a.network", "'nat'", "net"),
    case("network in a list", params(block(network="[net, nat]")), "13:20: grid.a.network.1",
         "'nat'"),
    case("dataset of a checkpoint", GOOD.replace("dataset: letters", "dataset: leters"),
         "8:5: checkpoints.net.dataset", "'leters'", "letters"),
]  # fmt: skip

MISSING = [
    case("dataset of a block", params(block(dataset=None)), "11:3: grid.a", "'dataset'", "missing"),
    case("method of a block", params(block(method=None)), "11:3: grid.a", "'method'"),
    case("architecture", GOOD.replace("    architecture: test_resnet\n", ""),
         "6:3: checkpoints.net", "'architecture'"),
    case("content", params(block(method="{x: {kind: compose}}")), "14:14: grid.a.method.x",
         "'content'"),
    case("kind of a content", params(block(method="{x: {kind: compose, content: {rank: 3}}}")),
         "14:33: grid.a.method.x.content", "'kind'"),
    case("kind of a dataset", GOOD.replace("kind: digits", "seed: 0"), "3:3: datasets.digits",
         "'kind'"),
    case("datasets", "grid: {}\n", "1:1: the file", "the key 'datasets' is missing"),
]  # fmt: skip

WRONG_SHAPES = [
    case("empty file", "", "1:1: the file", "mapping"),
    case("only a comment", "# nothing\n", "1:1: the file", "mapping"),
    case("a list as the file", "- 1\n", "1:1: the file", "mapping"),
    case("a word as the file", "hello\n", "1:1: the file", "mapping"),
    case("a list as the grid", HEAD + "  - a: 1\n", "10:1: grid", "mapping"),
    case("a list as a block", HEAD + "  a:\n    - dataset: digits\n", "11:3: grid.a", "mapping"),
    case("an empty block", HEAD + "  a:\n", "11:3: grid.a", "mapping"),
    case("a list as datasets", GOOD.replace("  letters: letters\n  digits:\n    kind: digits",
         "  - letters\n  - digits"), "1:1: datasets", "mapping"),
    case("a word as datasets", "datasets: digits\n" + GOOD[GOOD.index("checkpoints"):],
         "1:1: datasets", "mapping"),
    case("a number as datasets", "datasets: 5\n" + GOOD[GOOD.index("checkpoints"):],
         "1:1: datasets", "mapping"),
    case("a checkpoint by its kind alone", GOOD.replace("  net:\n    kind: trained\n"
         "    dataset: letters\n    architecture: test_resnet\n", "  net: trained\n"),
         "6:3: checkpoints.net", "mapping", "'trained'"),
    case("a dataset without settings", GOOD.replace("letters: letters", "letters:"),
         "2:3: datasets.letters", "mapping"),
    case("a number as training", training("3"), "16:5: grid.a.training", "mapping"),
    case("a list below a method", params(block(method="{lor_vp: [1, 2]}")),
         "14:14: grid.a.method.lor_vp", "mapping"),
    case("kind where a name belongs", params(block(method="{kind: lor_vp, rank: 4}")),
         "14:14: grid.a.method.kind", "name"),
    case("kind where a name belongs, alone", params(block(mapping="{kind: ilm}")),
         "15:15: grid.a.mapping.kind", "name"),
    case("a mapping as a dataset", params(block(dataset="{digits: letters}")),
         "12:5: grid.a.dataset", "string", "{'digits': 'letters'}"),
    case("a mapping in a list of networks", params(block(network="[net, {net: 1}]")),
         "13:20: grid.a.network.1", "string"),
    case("a list of lists of datasets", params(block(dataset="[[digits]]")),
         "12:15: grid.a.dataset.0", "string"),
    case("settings in a list of methods", params(block(method="[none, {lor_vp: {rank: 1}}]")),
         "14:20: grid.a.method.1", "mapping"),
    case("no seed", params(block(seed="[]")), "16:5: grid.a.seed", "empty"),
    case("no method", params(block(method="[]")), "14:5: grid.a.method", "empty"),
    case("no mapping", params(block(mapping="{}")), "15:5: grid.a.mapping", "empty"),
    case("method without value", params(block(method="")), "14:5: grid.a.method", "empty"),
    case("no rank", params(block(method="{lor_vp: {rank: []}}")),
         "14:23: grid.a.method.lor_vp.rank", "empty"),
]  # fmt: skip

NAMES = [
    case("dataset", GOOD.replace("digits:\n    kind", "../x:\n    kind"),
         ("3:3: datasets.../x", "12:5: grid.a.dataset"), "'../x'", "name"),
    case("dataset with a dot", GOOD.replace("digits:\n    kind", "cifar10.1:\n    kind"),
         ("3:3: datasets.cifar10.1", "12:5: grid.a.dataset"), "'cifar10.1'", "name"),
    case("checkpoint with a dot", GOOD.replace("  net:", "  net.v2:"),
         ("6:3: checkpoints.net.v2", "13:5: grid.a.network"), "'net.v2'", "name"),
    case("block", params(block("../x")), "11:3: grid.../x", "name"),
    case("hidden", params(block(".a")), "11:3: grid..a", "name"),
    case("with a space", params(block("a b")), "11:3: grid.a b", "name"),
    case("number", params(block("1")), "11:3: grid.1", "string"),
    case("number as a method", params(block(method="{1.5: {kind: none}}")),
         "14:14: grid.a.method.1.5", "1.5 is not a name"),
    case("nothing as a mapping", params(block(mapping="{null: {kind: lp}}")),
         "15:5: grid.a.mapping.None", "None is not a name"),
    case("braces in a method", params(block(method="{'a{0.x}': {kind: none}}")),
         "14:14: grid.a.method.a{0.x}", "'a{0.x}' is not a name"),
    case("use of one", params(block(dataset="../x")), "12:5: grid.a.dataset", "'../x'"),
]  # fmt: skip

NOT_YAML = [
    case("open bracket", GOOD + "x: [1, 2\n", "17:1: not valid YAML", "']'"),
    case("two colons", GOOD + "x: a: b\n", "16:5: not valid YAML", "mapping values"),
    case("key twice", params(block(seed="0\n    seed: 1")), "17:5: not valid YAML",
         "duplicate key", "seed"),
    case("section twice", GOOD + "grid: {}\n", "16:1: not valid YAML", "duplicate key"),
    case("tab", GOOD.replace("    mapping", "\tmapping"), "15:1: not valid YAML", r"'\t'"),
    case("two documents", GOOD + "---\na: 1\n", "16:1: not valid YAML", "document"),
    case("code", GOOD + "x: !!python/object:os.system []\n", "16:4: not valid YAML", "tag"),
    case("control character", GOOD + "x: \x00\n", "16:4: not valid YAML", "character"),
]  # fmt: skip

ALL = {
    "unknown key": UNKNOWN_KEYS,
    "wrong value": WRONG_VALUES,
    "unknown name": UNKNOWN_NAMES,
    "missing": MISSING,
    "wrong shape": WRONG_SHAPES,
    "name": NAMES,
    "not YAML": NOT_YAML,
}
