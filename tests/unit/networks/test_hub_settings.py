"""Names, sizes and other settings of timm's and torchvision's networks; no weights are read."""

import pytest
import torch
from pydantic import ValidationError

from lorvp.errors import InputError
from lorvp.networks.sources.timm import TimmConfig
from lorvp.networks.sources.torchvision import TorchvisionConfig
from tests.support.networks.samples import built, torchvision_facts


def test_a_files_images_may_be_unlike_the_architectures(tmp_path):
    given = {"mean": [0.0, 0, 0], "std": [1, 1.0, 1], "interpolation": "bilinear"}
    own = TimmConfig.model_validate(
        {"name": "resnet50", "file": "x.pth", "model_kwargs": {"num_classes": 11221}} | given
    ).facts()
    assert (own.mean, own.std, own.interpolation) == ([0, 0, 0], [1, 1, 1], "bilinear")
    assert len(own.class_names) == 11221


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mean": [0.5] * 3}, "mean can only be given for a `file`"),
        ({"sha256": "0" * 64}, "sha256 can only be given for a `file`"),
        (
            {"model_kwargs": {"num_classes": 7}},
            "num_classes of the hub's weights cannot be changed",
        ),
        ({"model_kwargs": {"img_size": 64}}, "img_size has no place here"),
        ({"model_kwargs": {"in_chans": 1}, "file": "x"}, "in_chans has no place here"),
        ({"model_kwargs": {"pad_type": [1]}}, "model_kwargs: pad_type: should be a valid string"),
        ({"model_kwargs": {"pretrained": True}}, "pretrained has no place here; weights come from"),
        ({"model_kwargs": {"checkpoint_path": "x"}}, "checkpoint_path has no place here"),
        ({"model_kwargs": {"pad_typ": "same"}}, "did you mean 'pad_type'"),
        ({"std": [0.0, 1, 1], "file": "x"}, "greater than 0"),
        ({"mean": [0.5] * 2, "file": "x"}, "required"),
        ({"sha256": "abc", "file": "x"}, "pattern"),
        ({"interpolation": "nearest", "file": "x"}, "bilinear"),
    ],
    ids=str,
)
def test_settings_that_contradict_each_other_are_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        TimmConfig.model_validate({"name": "resnet18"} | settings)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("resnet81", "no architecture 'resnet81'; similar: .*'resnet18'"),
        ("resnet18.a1_in2k", "did you mean resnet18.a1_in1k"),
        ("timm/resnet18.a1_in1k", "write hf-hub:timm/resnet18.a1_in1k"),
        ("ig_resnext101_32x8d", "is now called resnext101_32x8d.fb_wsl_ig1b_ft_in1k"),
        ("vit_small_patch14_dinov2.lvd142m", "is no classifier: its weights have no classes"),
    ],
)
def test_names_that_timm_does_not_know(name, message):
    with pytest.raises(InputError, match=message):
        TimmConfig(name=name).facts()


@pytest.mark.parametrize(
    ("name", "size", "message"),
    [
        ("mixer_b16_224", 256, "mixer_b16_224 reads images of 224x224 and no others"),
        ("vit_tiny_patch16_224", 230, "patches of side 16 do not tile an input of 230x230"),
    ],
)
def test_sizes_that_a_network_cannot_have(name, size, message):
    with pytest.raises(InputError, match=message):
        TimmConfig(name=name, input_size=size).sketch()


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "swin_tiny_patch4_window7_224"])
def test_a_transformers_size_can_be_changed_where_timm_can(name):
    manifest, network = TimmConfig(name=name, input_size=256).sketch()
    assert manifest.input_size == (256, 256)
    assert network(torch.rand(1, 3, 256, 256, device="meta")).shape == (1, 1000)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"weights": "ResNet18_Weights.V1"}, "similar: .*'ResNet18_Weights.IMAGENET1K_V1'"),
        ({"weights": "ResNet18_Weights.DEFAULT"}, "no classifier's weights 'ResNet18_Weights.DEF"),
        ({"weights": "FCN_ResNet50_Weights.COCO_WITH_VOC_LABELS_V1"}, "no classifier's weights"),
        ({"weights": "VGG16_Weights.IMAGENET1K_FEATURES"}, "is no classifier"),
        (
            {"weights": "ViT_B_16_Weights.IMAGENET1K_V1", "input_size": 256},
            "vit_b_16 cannot read images of 256x256: Wrong image height! Expected 224",
        ),
        (
            {"weights": "AlexNet_Weights.IMAGENET1K_V1", "input_size": 32},
            "alexnet cannot read images of 32x32: ",
        ),
    ],
    ids=str,
)
def test_what_torchvision_does_not_have_or_cannot_do(settings, message):
    with pytest.raises(InputError, match=message):
        TorchvisionConfig(**settings).sketch()


def test_torchvisions_networks_keep_the_size_their_weights_were_trained_for():
    manifest, _ = TorchvisionConfig(weights="ViT_B_16_Weights.IMAGENET1K_SWAG_E2E_V1").sketch()
    assert (manifest.input_size, manifest.patch) == ((384, 384), 16)
    assert manifest.licence == "https://github.com/facebookresearch/SWAG/blob/main/LICENSE"


def test_inception_normalises_by_itself_as_its_weights_want():
    """torchvision sets transform_input with these weights, and only with them."""
    own = torchvision_facts("Inception_V3_Weights.IMAGENET1K_V1")
    assert built(own).transform_input is True
