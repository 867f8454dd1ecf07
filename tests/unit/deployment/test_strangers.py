"""Networks in bundles from strangers: their settings reach no file, no address and no memory."""

import pytest
import torch

import lorvp
from lorvp.errors import InputError
from lorvp.networks import checkpoint
from tests.support.bundles import edit
from tests.support.networks.hub import serving
from tests.support.networks.samples import built, clip, saved


def test_loading_opens_no_connection(bundle, calls):
    assert lorvp.load(bundle).class_names == ("class 0", "class 1", "class 2")
    assert calls == []


URL = {"url": "http://localhost:1/weights.pth"}
HOSTILE = [
    {"pretrained": True},
    {"pretrained": True, "pretrained_cfg": URL},
    {"pretrained_cfg": {"file": "/etc/passwd"}},
    {"pretrained_cfg_overlay": URL},
    {"checkpoint_path": "/etc/passwd"},
    {"cache_dir": "/tmp/elsewhere"},
    {"features_only": True},
    {"scriptable": True},
    {"device": "cuda"},
    {"img_size": 10**9},
    {"norm_layer": "os.system"},
    {"act_layer": ["relu"]},
    {"act_layer": "no such"},
    {"embed_dim": 10**12},
    {"depth": 10**9},
    {"depth": -1},
    {"depth": 2.0},
    {"num_heads": 0},
    {"num_heads": 5},
    {"block_fn": "Block"},
    {"__class__": "x"},
    {"drop_rate": 1e9},
    {"mlp_ratio": "4"},
    {"global_pool": "nowhere"},
]


@pytest.mark.parametrize("kwargs", HOSTILE, ids=str)
def test_a_networks_settings_reach_no_file_and_no_address(bundle, calls, kwargs):
    edit(bundle, model_kwargs=kwargs)
    with pytest.raises(InputError) as told:
        lorvp.load(bundle)
    assert calls == []
    assert len(str(told.value).splitlines()) == 1
    assert any(key in str(told.value) for key in [*kwargs, "test_vit"])


def test_what_would_be_downloaded_is_not_asked_for(bundle, tmp_path):
    """Over a real connection: the server counts what it is asked."""
    weights = saved(torch.nn.Linear(1, 1), tmp_path / "weights.pth")
    asked = []

    class Files(dict):
        def __contains__(self, path):
            asked.append(path)
            return super().__contains__(path)

    with serving(Files({"/weights.pth": weights})) as address:
        cfg = {"url": f"{address}/weights.pth"}
        edit(bundle, model_kwargs={"pretrained": True, "pretrained_cfg": cfg})
        with pytest.raises(InputError, match="pretrained has no place here"):
            lorvp.load(bundle)
    assert asked == []


ARCHITECTURES = [
    ("timm", "hf-hub:someone/x"), ("timm", "local-dir:/tmp"), ("timm", "hf_hub:a/b"),
    ("timm", "test_vit.r160_in1k"), ("timm", "../test_vit"), ("timm", ""), ("timm", "x" * 9999),
    ("torchvision", "fasterrcnn_resnet50_fpn"), ("torchvision", "deeplabv3_resnet50"),
    ("torchvision", "quantized_resnet18"), ("torchvision", "hf-hub:someone/x"),
    ("open_clip", "hf-hub:someone/x"), ("open_clip", "local-dir:/tmp"),
    ("open_clip", "ViT-B-16-SigLIP"), ("open_clip", "roberta-ViT-B-32"), ("open_clip", "RN5"),
    ("os", "system"),
]  # fmt: skip


@pytest.mark.parametrize("named", ARCHITECTURES, ids=str)
def test_an_architecture_is_one_of_the_librarys_own(bundle, calls, named):
    edit(bundle, library=named[0], architecture=named[1])
    with pytest.raises(InputError) as told:
        lorvp.load(bundle)
    assert calls == []
    assert len(str(told.value)) < 1000


TOWERS = [
    {"vision_cfg": {"timm_model_name": "resnet18", "timm_model_pretrained": True}},
    {"text_cfg": {"hf_model_name": "someone/x"}},
    {"text_cfg": {"hf_tokenizer_name": "someone/x"}},
    {"text_cfg": {"tokenizer_kwargs": {"clean": "x"}}},
    {"multimodal_cfg": {}},
    {"cast_dtype": "float16"},
]


@pytest.mark.parametrize("kwargs", TOWERS, ids=str)
def test_clips_towers_are_open_clips_own(tmp_path, calls, kwargs):
    own = clip().facts()
    checkpoint.write(tmp_path / "network", built(own), own)
    assert checkpoint.load(tmp_path / "network")
    edit(tmp_path, model_kwargs=own.model_kwargs | kwargs)
    with pytest.raises(InputError, match="model_kwargs"):
        checkpoint.load(tmp_path / "network")
    assert calls == []


def test_sizes_that_the_weights_do_not_have_take_no_memory(bundle):
    import resource

    edit(bundle, model_kwargs={"embed_dim": 65536, "depth": 50})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match=r"does not fit test_vit: .*another shape"):
        lorvp.load(bundle)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 500_000, "kilobytes; the weights would be 8 TB"


FACTS = [
    {"std": [0, 1, 1]}, {"std": [1]}, {"mean": []}, {"mean": ["0.5"] * 3}, {"input_size": [0, 32]},
    {"input_size": [10**9, 32]}, {"input_size": [32]}, {"input_size": "32"}, {"patch": 0},
    {"features": "5"}, {"tokens": [1]}, {"weights_sha256": "x"}, {"class_names": "abc"},
    {"class_names": ["a"]}, {"interpolation": "nearest"}, {"more": 1}, {"library": None},
    {"accuracy": 2}, {"templates": ["a"]}, {"crop": -1}, {"model_kwargs": []},
]  # fmt: skip


@pytest.mark.parametrize("facts", FACTS, ids=str)
def test_every_fact_has_a_type_and_bounds(bundle, facts):
    edit(bundle, **facts)
    with pytest.raises(InputError) as told:
        lorvp.load(bundle)
    assert len(str(told.value).splitlines()) == 1
