"""CLIP: texts are classes, in the order of the papers, and logits are cosines times a scale."""

import math

import open_clip
import pytest
import torch
from torch.nn import functional as F

from lorvp.errors import InputError
from lorvp.networks import checkpoint
from lorvp.networks.libraries.open_clip_models import build, frozen
from lorvp.networks.sources.clip import ClipConfig
from tests.support.networks.samples import built, clip, saved

NAMES = ["Great_Dane", "T-shirt", "sea"]
TEXTS = ("a great dane", "a t shirt", "a sea", "no great dane.", "no t shirt.", "no sea.")


@pytest.fixture(scope="module")
def whole():
    """open_clip's own network."""
    network = built(clip().facts())
    network.logit_scale.data.fill_(3.0)
    return network


@pytest.fixture
def network(whole):
    return frozen(whole, clip().facts())


def test_classes_are_all_names_in_the_first_template_then_in_the_next(network):
    assert network.class_names == ()
    assert network.for_targets(NAMES).class_names == TEXTS
    manifest, _ = clip().sketch()
    ends = manifest.ends(NAMES)
    assert ends.source_names == TEXTS
    assert ends.target_names == tuple(NAMES)
    assert ends.text


@torch.no_grad()
def test_logits_are_open_clips_own(whole, network):
    x_BCHW = torch.rand(2, 3, 32, 32)
    tokens = open_clip.tokenize(list(TEXTS))
    expected, _ = whole.get_logits(x_BCHW, tokens)
    bound = network.for_targets(NAMES)
    torch.testing.assert_close(bound(x_BCHW), expected, rtol=1e-4, atol=1e-5)
    assert expected.std() > 0
    features_BD = bound(x_BCHW, "features")
    torch.testing.assert_close(features_BD, whole.encode_image(x_BCHW))
    text_ND = whole.encode_text(tokens)
    by_hand = math.exp(3.0) * F.cosine_similarity(features_BD[:, None], text_ND[None], dim=2)
    torch.testing.assert_close(bound(x_BCHW), by_hand, rtol=1e-4, atol=1e-5)


def test_texts_are_encoded_once_and_only_when_logits_are_asked_for(network):
    asked = []
    encode = network.text.tower.encode_text
    network.text.tower.encode_text = lambda tokens: (asked.append(len(tokens)), encode(tokens))[1]
    bound = network.for_targets(NAMES)
    bound(torch.rand(1, 3, 32, 32), "features")
    assert asked == []
    for _ in range(3):
        bound(torch.rand(1, 3, 32, 32))
    assert network.for_targets(NAMES) is bound
    assert asked == [6]


def test_texts_first_asked_for_without_gradients_can_be_trained_through_later(network):
    bound = network.for_targets(NAMES)
    with torch.inference_mode():
        bound(torch.rand(1, 3, 32, 32))
    x_BCHW = torch.rand(1, 3, 32, 32, requires_grad=True)
    bound(x_BCHW).max().backward()
    assert x_BCHW.grad.abs().max() > 0


def test_two_tasks_share_their_weights_and_nothing_of_the_text(network):
    one, other = network.for_targets(NAMES), network.for_targets(["x"])
    assert one.class_names != other.class_names
    own = dict(network.named_parameters())
    for bound in (one, other):
        assert {name: id(p) for name, p in bound.named_parameters()} == {
            name: id(p) for name, p in own.items()
        }
    assert all(name.startswith("network.visual.") for name in own)


@torch.no_grad()
def test_many_texts_are_encoded_in_parts(whole, network):
    texts = [f"number {n}" for n in range(300)]
    expected = whole.encode_text(open_clip.tokenize(texts))
    torch.testing.assert_close(network.text.encode(texts), expected, rtol=1e-4, atol=1e-5)


def test_openai80_is_the_plain_sentence_and_their_eighty():
    templates = clip(templates="openai80").facts().templates
    assert len(templates) == len(set(templates)) == 81
    assert templates[0] == "This is a photo of a {}."
    assert templates[1] == "a bad photo of a {}."
    assert templates[80] == "a tattoo of the {}."
    assert all(template.count("{}") == 1 for template in templates)


def test_sizes_and_colours_are_clips():
    """OpenAI's, quoted in the table of constants of every paper's code."""
    facts = ClipConfig(name="ViT-B-32-quickgelu").facts()
    assert facts.input_size == (224, 224)
    assert facts.mean == pytest.approx([0.48145466, 0.4578275, 0.40821073])
    assert facts.std == pytest.approx([0.26862954, 0.26130258, 0.27577711])
    assert facts.interpolation == "bicubic"
    assert facts.crop == 1, "the short side becomes 224 pixels, and the middle is kept"


def test_weights_of_squashed_images_look_at_no_middle(monkeypatch):
    """As SigLIP's."""
    own = ClipConfig(name="ViT-B-32-quickgelu")
    squashed = own._tag() | {"resize_mode": "squash"}
    monkeypatch.setattr(ClipConfig, "_tag", lambda self: squashed)
    assert own.facts().crop is None


def test_another_input_size_resamples_the_positions(tmp_path, whole):
    path = saved(whole, tmp_path / "clip.safetensors")
    made = clip(file=str(path), input_size=48).make(tmp_path)
    checkpoint.write(tmp_path / "net", made.network, made.facts)
    loaded = checkpoint.load(tmp_path / "net")
    assert loaded.input_size == (48, 48)
    assert loaded(torch.rand(1, 3, 48, 48), "features").shape == (1, 16)
    assert loaded.network.visual.positional_embedding.shape == (1 + 36, 32)


def test_quickgelu_is_in_the_network_that_openais_weights_get():
    """x sigmoid(1.702 x) in both encoders, told by the name of the architecture."""
    made = build(clip().facts())
    acts = [part for name, part in made.named_modules() if name.endswith("mlp.gelu")]
    assert len(acts) == 3  # two blocks for images, one for texts
    x = torch.linspace(-3, 3, 7)
    for act in acts:
        torch.testing.assert_close(act(x), x * torch.sigmoid(1.702 * x))
    assert open_clip.get_pretrained_cfg("ViT-B-32-quickgelu", "openai")["quick_gelu"] is True


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "ViT-B-32"}, "QuickGELU; write ViT-B-32-quickgelu"),
        ({"name": "ViT-B-33"}, "no architecture 'ViT-B-33'; similar: .*'ViT-B-32'"),
        ({"weights": "laion2b_e16"}, "no weights 'laion2b_e16' of ViT-B-32-quickgelu: openai, "),
        ({"name": "ViT-B-16-SigLIP", "weights": "webli"}, "needs the tokenizer timm/ViT-B-16"),
        ({"name": "coca_ViT-B-32", "weights": "laion2b_s13b_b90k"}, "needs a text decoder"),
    ],
    ids=["activation", "architecture", "weights", "tokenizer", "decoder"],
)
def test_what_does_not_go_together_is_refused(settings, message):
    with pytest.raises(InputError, match=message):
        ClipConfig(**({"name": "ViT-B-32-quickgelu"} | settings)).sketch()


def test_weights_trained_with_gelu_are_refused_for_quickgelu():
    small = clip().model_kwargs | {"quick_gelu": True}
    config = clip(name="ViT-B-32", weights="laion2b_e16", model_kwargs=small)
    with pytest.raises(InputError, match=r"trained with GELU, not QuickGELU; write ViT-B-32$"):
        config.sketch()


def test_without_open_clip_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "open_clip", None)
    with pytest.raises(InputError, match=r"uv sync --extra clip.*pip install 'lorvp\[clip\]'"):
        clip().facts()


def test_a_file_of_another_network_is_refused(tmp_path, whole):
    path = saved(whole.visual, tmp_path / "half.safetensors")
    with pytest.raises(InputError, match=r"half.safetensors does not fit ViT-B-32-quickgelu: "):
        clip(file=str(path)).make(tmp_path)
