"""Networks that no library has, and logits alone: from params.yaml to tables, predictions, graphs.

A CIFAR ResNet with option-A shortcuts, a segmentation network with a pooled head, SqueezeNet and a
tiny ViT of transformers, all with random weights.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import lorvp
from lorvp.datasets import prepared
from lorvp.deployment import bundle, graphs
from lorvp.errors import InputError
from lorvp.experiment.trial import Point
from lorvp.networks import checkpoint
from lorvp.results import tables
from lorvp.trials.finish import Files, Finished, Order, finish_together
from lorvp.trials.identity import fingerprint, identity
from lorvp.trials.store import TrialStore
from lorvp.trials.verified import read_record
from lorvp.trials.versions import environment
from tasks import jobs
from tasks.jobs import make_plan
from tasks.settings import read
from tasks.stages.prepare import prepare_checkpoint
from tests.support.networks import hugging_face, own
from tests.support.networks.samples import built, saved, torchvision_facts
from tests.support.tiny import dataset

OWN = """
    kind: python
    build: tests.support.networks.own:{build}
    kwargs: {{classes: 7}}
    file: {build}.pt
    input_size: 32
    mean: [0.4, 0.5, 0.6]
    std: [0.2, 0.3, 0.4]
    class_names: [a, b, c, d, e, f, g]"""
ENTRIES = {
    "CifarResNet": OWN.format(build="CifarResNet"),
    "PooledSegmentation": OWN.format(build="PooledSegmentation"),
    "squeezenet": """
    kind: torchvision
    weights: SqueezeNet1_1_Weights.IMAGENET1K_V1
    file: squeezenet.pt
    input_size: 64""",
    "transformers": """
    kind: transformers
    name: vit""",
}
PARAMS = """
datasets:
  digits: digits
checkpoints:
  net:{entry}
grid:
  all:
    dataset: digits
    network: net
    method: {{lor_vp: {{rank: 2}}}}
    mapping: [{mappings}]
    training: {{epochs: 1, batch_size: 4, optimizer: adam, lr: 0.05}}
"""


@dataclass
class Trained:
    """A project whose grid is trained."""

    name: str
    root: Path
    points: list[Point]
    folders: list[Path]
    finished: list[Finished]


def weights(name: str, root: Path) -> None:
    """The files that the entries name."""
    torch.manual_seed(0)
    if name == "transformers":
        hugging_face.saved(root / "vit")
    elif name == "squeezenet":
        facts = torchvision_facts("SqueezeNet1_1_Weights.IMAGENET1K_V1", 64, classes=1000)
        saved(built(facts), root / "squeezenet.pt")
    else:
        network = getattr(own, name)(classes=7)
        torch.save({"net": network.state_dict(), "acc": np.float64(0.9)}, root / f"{name}.pt")


@pytest.fixture(scope="module", params=ENTRIES)
def trained(request, tmp_path_factory):
    name, root = request.param, tmp_path_factory.mktemp("own")
    mappings = "fm, ilm" if name == "squeezenet" else "lp, fm"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LORVP_CODE", "tests")
        patch.chdir(root)
        weights(name, root)
        Path("params.yaml").write_text(PARAMS.format(entry=ENTRIES[name], mappings=mappings))
        experiment = read(Path("params.yaml"))
        dataset(Path("data/datasets/digits"))
        prepare_checkpoint("net", experiment.params)
        files = Files(*(Path("data", *at) for at in PLACES))
        data, manifest = prepared.read(files.dataset), checkpoint.read_manifest(files.checkpoint)
        trials = [point.trial for point in experiment.points]
        identities = [identity(t, data.digest, checkpoint.digest(manifest)) for t in trials]
        store, folders, finished = TrialStore(root / "data/prompts"), [], []
        for point, named in zip(experiment.points, identities, strict=True):
            facts = {"name": point.mapping, "environment": dict(environment("cpu", "python"))}
            orders = [Order(point.trial, named, facts)]
            [end] = [found[0] for found in finish_together(orders, files) if found]
            assert isinstance(end, Finished), end
            store.put(fingerprint(named), end.files)
            folders.append(store.folder(fingerprint(named)))
            finished.append(end)
        yield Trained(name, root, list(experiment.points), folders, finished)


PLACES = [("datasets", "digits"), ("checkpoints", "net"), ("outputs",), ("notes",)]


def test_tables_have_a_cell_for_each(trained):
    records = [(p, read_record(f)) for p, f in zip(trained.points, trained.folders, strict=True)]
    shown = tables.markdown(tables.comparison(tables.chosen(tables.results(records))))
    for end in trained.finished:
        assert f"{100 * end.result.summary['test_accuracy']:.1f}" in shown


def test_a_bundle_predicts_what_the_trial_predicted(trained, tmp_path):
    test = prepared.read(trained.root / "data/datasets/digits").split("test")
    for number, (folder, end) in enumerate(zip(trained.folders, trained.finished, strict=True)):
        bundle.bundle(folder, tmp_path / str(number), trained.root / "data/checkpoints")
        classifier = lorvp.load(tmp_path / str(number))
        pictures = [Image.fromarray(image.numpy()) for image in test.images_NHWC]
        answers = classifier.predict(pictures)
        names = [f"class {k}" for k in end.result.test.predicted_N.tolist()]
        assert [answer.name for answer in answers] == names


def test_onnx_and_torch_give_the_same_logits(trained, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime", reason="uv sync --group dev")
    classifier = lorvp.load(trained.folders[0], trained.root / "data/checkpoints")
    height, width = classifier.model.network.input_size
    images = torch.randint(0, 256, (5, height, width, 3), dtype=torch.uint8)
    with torch.inference_mode():
        expected = classifier(images).numpy()
    canvas_BCHW = images.permute(0, 3, 1, 2) / 255
    graphs.write_onnx(classifier, tmp_path / "graph.onnx")
    graphs.write_torch(classifier, tmp_path / "graph.pt2")
    session = onnxruntime.InferenceSession(tmp_path / "graph.onnx")
    (found,) = session.run(["logits"], {"images": canvas_BCHW.numpy()})
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    ran = torch.export.load(tmp_path / "graph.pt2").module()
    np.testing.assert_allclose(ran(canvas_BCHW).detach(), expected, rtol=1e-4, atol=1e-4)
    assert expected.std() > 1e-3


def test_a_mapping_that_reads_features_is_refused_by_name_before_any_work(trained, monkeypatch):
    """At the plan, if the network has none."""
    monkeypatch.chdir(trained.root)
    jobs.manifest_of.cache_clear()  # of the folder before, which had the same name
    text = PARAMS.format(entry=ENTRIES[trained.name], mappings="lp")
    Path("other.yaml").write_text(text.replace("lr: 0.05", "lr: 0.06"))
    if checkpoint.read_manifest(Path("data/checkpoints/net")).features:
        assert len(make_plan(read(Path("other.yaml")), TrialStore(Path("none"))).missing) == 1
        return
    with pytest.raises(InputError, match=r"grid: lor_vp r=2 · lp: mapping 'lp' reads what the"):
        make_plan(read(Path("other.yaml")), TrialStore(Path("none")))
