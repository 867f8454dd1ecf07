"""Full fine-tuning: a copy of the network is trained, and the network itself is not."""

import hashlib

import pytest
import torch
from torch import Tensor

from lorvp.mappings.linear import FmConfig, LpConfig
from lorvp.mappings.selection import IdentityConfig
from lorvp.networks.frozen import FrozenNetwork
from lorvp.prompts.methods.full_finetune import FullFinetuneConfig
from lorvp.training.model import PromptedNetwork
from lorvp.training.trainer import fit
from lorvp.trials.run import build
from tests.support.prompted import seen_by_network
from tests.support.tiny import TARGET_NAMES, images, tiny_network, training, trial

ALL = [IdentityConfig(), FmConfig(), LpConfig()]
mappings = pytest.mark.parametrize("mapping", ALL, ids=lambda mapping: mapping.kind)


def model(mapping, network: FrozenNetwork | None = None) -> PromptedNetwork:
    torch.manual_seed(0)
    return build(trial(FullFinetuneConfig(), mapping), network or tiny_network(), TARGET_NAMES)


def seen(network: FrozenNetwork, given_NHWC: Tensor) -> Tensor:
    return network.normalise(given_NHWC.permute(0, 3, 1, 2) / 255)


def digest(network: torch.nn.Module) -> dict[str, str]:
    state = network.state_dict()
    return {k: hashlib.sha256(v.numpy().tobytes()).hexdigest() for k, v in state.items()}


@torch.no_grad()
@mappings
def test_it_starts_as_the_bare_network(mapping):
    network, given = tiny_network(), images(4).images_NHWC
    whole = model(mapping).eval()
    assert torch.equal(seen_by_network(whole, given), seen(network, given))
    expected = network(seen(network, given), whole.mapping.reads)
    assert torch.equal(whole.outputs(given), expected)


@mappings
def test_training_changes_the_copy_and_not_a_byte_of_the_network(mapping):
    network = tiny_network()
    whole = model(mapping, network)
    before, start = digest(network), digest(whole.prompt.network)
    for _ in fit(whole, images(12), images(6, seed=1), training(epochs=2, lr=0.01)):
        pass
    assert digest(network) == before
    after = digest(whole.prompt.network)
    assert all(after[name] != start[name] for name in start)
    assert not any(p.requires_grad for p in network.parameters())
    assert not any(part.training for part in network.modules())


def test_the_copy_follows_the_statistics_of_the_batches_it_is_trained_on():
    network, given = tiny_network(), images(4).images_NHWC
    whole = model(IdentityConfig(), network).train()
    before = network.network.patch_embed.norm
    assert whole.prompt.network.training
    whole(given)
    convolved_BDRR = network.network.patch_embed.proj(seen(network, given))
    values_ND = convolved_BDRR.transpose(0, 1).flatten(1).T
    after = whole.prompt.network.patch_embed.norm
    mean_D, variance_D = values_ND.mean(0), values_ND.var(0)
    torch.testing.assert_close(after.running_mean, 0.9 * before.running_mean + 0.1 * mean_D)
    torch.testing.assert_close(after.running_var, 0.9 * before.running_var + 0.1 * variance_D)


@torch.no_grad()
def test_evaluation_leaves_the_statistics_alone_and_repeats():
    whole, given = model(IdentityConfig()).eval(), images(4).images_NHWC
    before = digest(whole.prompt.network)
    assert torch.equal(whole(given), whole(given))
    assert digest(whole.prompt.network) == before


def sizes(whole: PromptedNetwork) -> dict[str, int]:
    groups = whole.parameter_groups()
    return {role: sum(p.numel() for p in group) for role, group in groups.items()}


def test_every_weight_is_trained_and_the_classifier_only_where_it_is_read():
    every = sum(p.numel() for p in tiny_network().parameters())
    classifier = 5 * 7 + 7
    assert sizes(model(IdentityConfig())) == {"network": every}
    assert sizes(model(FmConfig())) == {"network": every, "mapping": 7 * 3 + 3}
    assert sizes(model(LpConfig())) == {"network": every - classifier, "mapping": 5 * 3 + 3}


@mappings
def test_every_weight_takes_a_gradient(mapping):
    whole = model(mapping).train()
    whole(images(6).images_NHWC).square().sum().backward()
    for name, parameter in whole.prompt.network.named_parameters():
        assert parameter.grad is not None, name


@torch.no_grad()
@mappings
def test_its_state_brings_all_of_it_back(mapping):
    whole, given = model(mapping), images(12)
    with torch.enable_grad():
        for _ in fit(whole, given, images(6, seed=1), training(epochs=1, lr=0.01)):
            pass
    other = model(mapping).eval()
    assert not torch.equal(other(given.images_NHWC), whole.eval()(given.images_NHWC))
    other.load_trained_state(whole.trained_state())
    assert torch.equal(other(given.images_NHWC), whole(given.images_NHWC))


def test_two_trials_on_one_network_have_copies_of_their_own():
    network = tiny_network()
    first, second = model(LpConfig(), network), model(LpConfig(), network)
    before = digest(second.prompt.network)
    for _ in fit(first, images(12), images(6, seed=1), training(epochs=1, lr=0.01)):
        pass
    assert digest(second.prompt.network) == before
