"""Networks of transformers: read from their folder as the library reads them, and no more."""

import json
from pathlib import Path

import pytest
import torch

from lorvp.errors import InputError
from lorvp.networks import checkpoint
from lorvp.networks.acceleration.engine import engine
from lorvp.networks.sources.transformers import TransformersConfig
from tests.support.networks.hugging_face import NAMES, TINY, saved
from tests.support.watched import LEAVING, watched

transformers = pytest.importorskip("transformers")


def edit(path: Path, **changes) -> None:
    content = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: v for key, v in content.items() if v is not ...}))


def stored(folder: Path):
    made = TransformersConfig(name=str(folder)).make(folder)
    checkpoint.write(folder / "net", made.network, made.facts)
    return checkpoint.load(folder / "net")


@pytest.mark.parametrize("architecture", TINY)
@torch.no_grad()
def test_the_library_gives_the_same_logits(tmp_path, architecture):
    folder = saved(tmp_path, architecture)
    expected = transformers.AutoModelForImageClassification.from_pretrained(folder).eval()
    x_BCHW = torch.randn(3, 3, 32, 32)
    network = stored(folder)
    torch.testing.assert_close(network(x_BCHW), expected(pixel_values=x_BCHW).logits)
    width = getattr(expected.config, "hidden_size", 16)
    assert network(x_BCHW, "features").shape == (3, width) == (3, network.features)
    head = [tensor for name, tensor in expected.named_parameters() if name.startswith("classifier")]
    weight, bias = sorted(head, key=torch.Tensor.dim, reverse=True)
    features_BD = network(x_BCHW, "features")
    torch.testing.assert_close(features_BD @ weight.T + bias, network(x_BCHW))
    manifest, _ = TransformersConfig(name=str(folder)).sketch()
    real = checkpoint.read_manifest(folder / "net")
    told = {key: getattr(real, key) for key in ("weights_sha256", "source_sha256")}
    assert manifest.model_copy(update=told) == real
    assert (real.class_names, real.input_size) == (NAMES, (32, 32))
    assert (real.mean, real.interpolation) == ([0.4, 0.5, 0.6], "bicubic")
    assert "nothing folded" not in engine(network, "fp32").account()["folding"]


def refused(folder: Path) -> str:
    with pytest.raises(InputError) as told:
        stored(folder)
    assert "\n" not in str(told.value)
    return str(told.value)


def test_what_is_missing_or_other_is_told(tmp_path):
    folder = saved(tmp_path / "vit")
    edit(folder / "preprocessor_config.json", size=...)
    assert "preprocessor_config.json tells no size of images; write `input_size`" in refused(folder)
    edit(folder / "preprocessor_config.json", size={"shortest_edge": 40}, resample=0)
    assert "resample 0; write `interpolation`" in refused(folder)
    edit(folder / "preprocessor_config.json", crop_size=32, do_center_crop=True, resample=2)
    facts = TransformersConfig(name=str(folder)).facts()
    assert (facts.input_size, facts.interpolation) == ((32, 32), "bilinear")
    edit(folder / "config.json", id2label={"0": "a", "2": "b"})
    assert "id2label is no list of names by number" in refused(folder)
    edit(folder / "config.json", id2label={"0": "a", "1": "b"})
    assert "vit does not fit ViTForImageClassification" in refused(folder)
    (folder / "model.safetensors").unlink()
    assert "has no model.safetensors; pickles are not read here" in refused(folder)
    edit(folder / "config.json", model_type="vits")
    assert "transformers has no image classifier 'vits'; similar: ['vit'" in refused(folder)
    edit(folder / "config.json", model_type="timm_wrapper")
    assert "write `kind: timm`" in refused(folder)
    assert "no folder here, and no organisation/name" in refused(tmp_path / "nowhere")


HOSTILE = {
    "auto_map": {"AutoModelForImageClassification": "evil.Evil"},
    "attn_implementation": "someone/kernel",
    "_attn_implementation": "someone/kernel",
    "quantization_config": {"quant_method": "bitsandbytes"},
}


def test_what_a_strangers_configuration_adds_is_not_looked_at(tmp_path):
    folder = saved(tmp_path)
    edit(folder / "config.json", **HOSTILE)
    (folder / "evil.py").write_text("raise SystemExit")
    facts = TransformersConfig(name=str(folder)).facts()
    assert not facts.model_kwargs.keys() & HOSTILE.keys()
    with watched() as seen:
        stored(folder)
    assert not {event for event, _ in seen} & LEAVING
    manifest = folder / "net/manifest.json"
    given = json.loads(manifest.read_text())["model_kwargs"]
    for key, value in (HOSTILE | {"num_labels": 3, "hidden_size": {"x": 1}}).items():
        edit(manifest, model_kwargs=given | {key: value})
        with pytest.raises(InputError, match="model_kwargs: "):
            checkpoint.load(folder / "net")
    edit(manifest, model_kwargs=given | {"hidden_act": "os.system"})
    with watched() as seen, pytest.raises(InputError, match="cannot build ViTForImageClass"):
        checkpoint.load(folder / "net")
    assert seen == []
