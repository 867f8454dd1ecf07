"""config.json of a repository that anybody may have written: typed, or refused with its name."""

import json

import pytest

from lorvp.errors import InputError
from lorvp.networks.sources.timm import TimmConfig
from lorvp.networks.sources.timm_weights import find

GOOD = {
    "architecture": "test_resnet",
    "num_classes": 3,
    "label_names": ["a", "b", "c"],
    "model_args": {"drop_rate": 0.1, "in_chans": 3},
    "pretrained_cfg": {
        "input_size": [3, 64, 64], "mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6],
        "url": "http://localhost:1/x.pth", "file": "/etc/passwd", "source": "url",
        "hf_hub_id": "someone/else", "something_new": 1,
    },
}  # fmt: skip


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A repository with this config.json."""

    def holds(content: str) -> None:
        (tmp_path / "config.json").write_text(content)

    for place in ("huggingface_hub.hf_hub_download", "timm.models._hub.hf_hub_download"):
        monkeypatch.setattr(place, lambda *_, **__: str(tmp_path / "config.json"))
    return holds


def test_weights_come_from_the_repository_whatever_else_its_description_names(hub):
    hub(json.dumps(GOOD))
    source = find("hf-hub:someone/tiny")
    assert (source.cfg.hf_hub_id, source.cfg.source) == ("someone/tiny", "hf-hub")
    assert (source.cfg.url, source.cfg.file, source.cfg.state_dict) == (None, None, None)
    assert source.model_kwargs == {"drop_rate": 0.1}
    facts = TimmConfig(name="hf-hub:someone/tiny").facts()
    assert (facts.class_names, facts.input_size) == (["a", "b", "c"], (64, 64))


def cfg(**changes) -> str:
    return json.dumps(GOOD | {"pretrained_cfg": GOOD["pretrained_cfg"] | changes})


BAD = [
    (cfg(custom_load=True), "custom_load"),
    (cfg(hf_hub_filename="../../x"), "hf_hub_filename"),
    (cfg(std=[0, 1, 1]), "std"),
    (json.dumps(GOOD | {"model_args": {"in_chans": 1}}), "input_size"),
    (cfg(input_size=[3, 10**9, 64]), "input_size"),
    (cfg(mean="grey"), "mean"),
    (json.dumps(GOOD | {"model_args": {"pretrained_cfg": {"url": "x"}}}), "pretrained_cfg"),
    (json.dumps(GOOD | {"model_args": {"checkpoint_path": "/etc/passwd"}}), "checkpoint_path"),
    (json.dumps(GOOD | {"model_args": {"depth": 10**9}}), "depth"),
    (json.dumps(GOOD | {"model_args": [1]}), "describes no network"),
    (json.dumps(GOOD | {"architecture": "hf-hub:a/b"}), "no architecture 'hf-hub:a/b'"),
    (json.dumps(GOOD | {"architecture": ["x"]}), "architecture is no name"),
    (json.dumps(GOOD | {"label_names": [1]}), "label_names"),
    (json.dumps(GOOD | {"num_classes": 10**12}), "num_classes"),
    ("[]", "describes no network"),
    ("{}", "describes no network"),
    ("{", "no JSON"),
    ("[" * 100_000, "nested too deeply"),
    ('{"a": 1, "a": 2}', "twice"),
]


@pytest.mark.parametrize(("content", "said"), BAD, ids=[said for _, said in BAD])
def test_what_it_should_not_say_is_refused_by_name(hub, content, said):
    hub(content)
    with pytest.raises(InputError) as told:
        find("hf-hub:someone/tiny")
    assert said in str(told.value)
    assert len(str(told.value).splitlines()) == 1
