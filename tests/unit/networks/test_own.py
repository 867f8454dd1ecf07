"""Networks of users' own code: their features are found, named, or told to be missing."""

import copy

import pytest
import torch
from torch import nn

import lorvp
from lorvp.deployment.classifier import Classifier
from lorvp.deployment.fold import with_prompt
from lorvp.deployment.graphs import graph_of
from lorvp.errors import InputError
from lorvp.mappings.linear import LpConfig
from lorvp.networks import checkpoint
from lorvp.networks.acceleration.engine import engine
from lorvp.networks.libraries.splitting import Split, Tapped, Whole
from lorvp.networks.sources.python import PythonConfig
from lorvp.networks.sources.torchvision import TorchvisionConfig
from lorvp.trials.run import build, run
from tests.support.networks import own
from tests.support.networks.samples import saved
from tests.support.tiny import dataset, trial

OWN = "tests.support.networks.own"


@pytest.fixture(autouse=True)
def allowed(monkeypatch):
    monkeypatch.setenv("LORVP_CODE", "something, tests")


def config(build: str, size: int = 32, classes: int = 10, **settings) -> PythonConfig:
    plain = {
        "build": f"{OWN}:{build}", "input_size": size, "mean": (0.4, 0.5, 0.6),
        "std": (0.2, 0.3, 0.4), "class_names": [f"kind {n}" for n in range(classes)],
    }  # fmt: skip
    return PythonConfig(**(plain | settings))


def stored(folder, settings: PythonConfig):
    made = settings.make(folder)
    whole = copy.deepcopy(made.network).eval()
    checkpoint.write(folder / "net", made.network, made.facts)
    return whole, checkpoint.load(folder / "net")


def images() -> torch.Tensor:
    return torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(1))


def before_classifier(whole: nn.Module, x_BCHW: torch.Tensor) -> torch.Tensor:
    """By the definition of each network, without its last layer."""
    if isinstance(whole, own.CifarResNet):
        hidden = torch.relu(whole.bn(whole.conv(x_BCHW)))
        return whole.blocks(hidden).mean((2, 3))
    if isinstance(whole, own.PooledSegmentation):
        return torch.relu(whole.up(whole.down(x_BCHW))).mean((2, 3))
    assert isinstance(whole, own.Flattening)
    hidden = torch.relu(whole.bn(whole.conv(x_BCHW)))
    return torch.relu(whole.hidden(hidden.flatten(1)))


FOUND = {
    "CifarResNet": 64,
    "PooledSegmentation": 8,
    "Flattening": 12,
}


@pytest.mark.parametrize("build", FOUND)
@torch.no_grad()
def test_features_are_what_the_last_linear_layer_reads(tmp_path, build):
    whole, network = stored(tmp_path, config(build))
    x_BCHW = images()
    torch.testing.assert_close(network(x_BCHW), whole(x_BCHW))
    features_BD = network(x_BCHW, "features")
    torch.testing.assert_close(features_BD, before_classifier(whole, x_BCHW))
    assert network.features == features_BD.shape[1] == FOUND[build]
    assert isinstance(network.network, Split)
    manifest, _ = config(build).sketch()
    assert manifest.features == FOUND[build]
    cheaper = engine(network, "fp32")
    torch.testing.assert_close(cheaper(x_BCHW), whole(x_BCHW), rtol=1e-4, atol=1e-4)
    assert "nothing folded" not in cheaper.account()["folding"]


@torch.no_grad()
def test_a_network_that_reaches_into_its_layers_is_run_as_it_is(tmp_path):
    whole, network = stored(tmp_path, config("Asking"))
    cheaper = engine(network, "fp32")
    torch.testing.assert_close(cheaper(images()), whole(images()))
    assert "has no attribute 'out_channels'" in cheaper.account()["folding"]


@pytest.mark.parametrize("build", ["LogProbabilities", "Shared"])
@torch.no_grad()
def test_without_such_a_layer_there_are_logits_alone(tmp_path, build):
    whole, network = stored(tmp_path, config(build))
    torch.testing.assert_close(network(images()), whole(images()))
    assert (network.features, type(network.network)) == (0, Whole)
    told = r"mapping 'lp' reads what the network's last layer reads, and this network's logits are"
    with pytest.raises(InputError, match=told):
        LpConfig().build(checkpoint.read_manifest(tmp_path / "net").ends(["a", "b"]))


@torch.no_grad()
def test_a_layer_that_is_named_is_taken(tmp_path):
    whole, network = stored(tmp_path, config("LogProbabilities", features="fc"))
    assert isinstance(network.network, Tapped)
    torch.testing.assert_close(network(images()), whole(images()))
    found = network(images(), "features")
    torch.testing.assert_close(found, before_classifier(whole, images()))
    assert engine(network, "fp32").account()["folding"] == "1 of 1 BatchNorms folded"
    _, network = stored(tmp_path, config("PooledSegmentation", features="up"))
    assert (network.features, isinstance(network.network, Tapped)) == (16, True)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("zzz", r"features: the network has no layer .zzz.; similar: .*fc"),
        ("hiden", r"features: the network has no layer 'hiden'; similar: \['hidden'\]"),
    ],
)
def test_a_layer_that_is_not_there_is_told(layer, message):
    with pytest.raises(InputError, match=message):
        config("Flattening", features=layer).sketch()


@torch.no_grad()
def test_what_looks_at_numbers_is_trained_but_not_counted_beforehand(tmp_path):
    whole, network = stored(tmp_path, config("Looking"))
    torch.testing.assert_close(network(images()), whole(images()))
    with pytest.raises(InputError, match="Looking looks at numbers while it computes") as told:
        config("Looking").sketch()
    assert "\n" not in str(told.value)


@torch.no_grad()
def test_squeezenet_has_logits_alone(tmp_path):
    """Between its convolution and the mean over places stands a ReLU."""
    settings = TorchvisionConfig(weights="SqueezeNet1_1_Weights.IMAGENET1K_V1", input_size=64)
    manifest, network = settings.sketch()
    assert (manifest.features, network.source_classes) == (0, 1000)
    assert network(torch.rand(1, 3, 64, 64, device="meta")).shape == (1, 1000)


def test_a_module_in_memory_trains_the_same_bits(tmp_path):
    whole, network = stored(tmp_path, config("CifarResNet"))
    before = {name: tensor.clone() for name, tensor in whole.state_dict().items()}
    frozen = lorvp.freeze(
        whole, input_size=32, mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.4),
        class_names=network.class_names,
    )  # fmt: skip
    data = dataset(tmp_path / "noise")
    one, two = (run(trial(epochs=1), each, data) for each in (frozen, network))
    assert one.state.keys() == two.state.keys()
    assert all(torch.equal(tensor, two.state[name]) for name, tensor in one.state.items())
    assert all(torch.equal(tensor, before[name]) for name, tensor in whole.state_dict().items())
    assert all(parameter.requires_grad for parameter in whole.parameters())
    with pytest.raises(InputError, match="CifarResNet gives 10 logits for an image where 2 are"):
        lorvp.freeze(whole, input_size=32, mean=[0] * 3, std=[1] * 3, class_names=["a", "b"])


def test_a_graph_of_a_network_that_reaches_into_its_layers(tmp_path):
    _, network = stored(tmp_path, config("Asking"))
    model = build(trial(), network, ["a", "b", "c"])
    with pytest.raises(InputError, match="asks its first layer for what another lacks"):
        with_prompt(model)
    graph = graph_of(Classifier(model, ["a", "b", "c"])).module()
    images = torch.randint(0, 256, (3, 32, 32, 3), dtype=torch.uint8)
    found = graph(images.permute(0, 3, 1, 2) / 255)
    torch.testing.assert_close(found, model(images), rtol=1e-4, atol=1e-4)


def test_weights_come_from_a_file(tmp_path):
    torch.manual_seed(5)
    path = saved(own.CifarResNet(1), tmp_path / "w.pt")
    whole, _ = stored(tmp_path, config("resnet", kwargs={"n": 1}, file=str(path)))
    expected = torch.load(path)
    assert all(torch.equal(tensor, expected[name]) for name, tensor in whole.state_dict().items())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"build": "InADict"}, "InADict gives a dict for images, and not logits alone"),
        ({"build": "unlucky"}, "unlucky fails: there is no '10 classes'"),
        ({"build": "restless"}, "gives other logits when it is built again"),
        ({"build": "Flattening", "size": 64}, "cannot read images of 64x64: .*shapes cannot be"),
        ({"build": "Flattening", "classes": 9}, "gives 10 logits for an image where 9"),
        ({"build": "Flattening", "kwargs": {"depth": 3}}, "Flattening fails: .*'depth'"),
    ],
    ids=str,
)
def test_what_is_no_such_network_is_told_in_a_line(tmp_path, settings, message):
    with pytest.raises(InputError, match=message) as told:
        config(**settings).make(tmp_path)
    assert "\n" not in str(told.value)
