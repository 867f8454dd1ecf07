"""Counts without arithmetic against torch's own counter, and shapes against torch's own."""

import pytest
import timm
import torch
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from lorvp.performance.counting import counted, one_more
from lorvp.performance.shapes import ShapesAlone, Undrawn

ARCHITECTURES = ["test_resnet", "test_vit", "test_convnext", "test_efficientnet", "test_nfnet"]
CPU, META = torch.device("cpu"), torch.device("meta")


def there_and_back(network, device, images=2):
    def work():
        x = torch.zeros(images, 3, 64, 64, device=device, requires_grad=True)
        network(x).sum().backward()
        return x

    return work


def by_torch(work):
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()


def made(architecture, device):
    with device:
        network = timm.create_model(architecture, img_size=64) if architecture == "test_vit" else \
            timm.create_model(architecture)  # fmt: skip
    return network.eval().requires_grad_(False)


@pytest.mark.parametrize("device", [CPU, META], ids=str)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_network_costs_what_torch_counts(architecture, device):
    network = made(architecture, device)
    work = there_and_back(network, device)
    assert counted(work) == by_torch(work) > 1e6
    fixed = counted(work)
    network.requires_grad_(True)
    assert counted(work) == by_torch(work) > 1.3 * fixed


def test_one_more_image_costs_the_third():
    network = made("test_vit", META)
    more, two = one_more(lambda images: network(torch.zeros(images, 3, 64, 64, device="meta")))
    of = [by_torch(lambda n=n: network(torch.zeros(n, 3, 64, 64, device="meta"))) for n in (2, 3)]
    assert (two.look, more.look) == (of[0], of[1] - of[0])


def test_numbers_elsewhere_are_what_they_are():
    """On a CPU nothing is left out: gradients are the same to the last bit."""
    network, found = made("test_vit", CPU), []
    torch.manual_seed(0)
    noise = torch.rand(2, 3, 64, 64)
    for block in (torch.no_grad(), ShapesAlone()):
        x = noise.clone().requires_grad_()
        with block, torch.enable_grad():
            network(x).square().sum().backward()
        found.append(x.grad)
    assert torch.equal(*found)


def _layer_norm(x):
    return F.layer_norm(x, x.shape[-1:], torch.ones(x.shape[-1]).to(x), torch.zeros_like(x[0, 0]))


def _batch_norm(x):
    ones = torch.ones(x.shape[1]).to(x)
    return F.batch_norm(x, ones, ones, ones, ones)


CASES = {
    "layer_norm": _layer_norm,
    "batch_norm": _batch_norm,
    "gelu": F.gelu,
    "relu": F.relu,
    "softmax": lambda x: x.softmax(-1),
    "attention": lambda x: F.scaled_dot_product_attention(x[None], x[None], x[None]),
    "linear": lambda x: F.linear(x.flatten(0, 1), torch.ones(5, 8).to(x), x[0, 0, 0].expand(5)),
    "sum": lambda x: x + x.transpose(0, 0),
    "sum of others": lambda x: x + x[:1],
    "whole numbers": lambda x: (x.detach() > 0).long() * 0.5 + x,
    "product": lambda x: x * x * 2.0,
    "roll": lambda x: x.roll(1, 1),
    "clamp": lambda x: (x * 1).clamp_(0, 1),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_shapes_types_and_layouts_are_torchs(case):
    def facts(block):
        x = torch.rand(4, 6, 8, device="meta").transpose(0, 1).requires_grad_()
        with block:
            y = CASES[case](x)
            y.sum().backward()
        return [(t.shape, t.dtype, t.is_contiguous()) for t in (y, x.grad)]

    assert facts(ShapesAlone()) == facts(torch.enable_grad())


WRONG = {
    "addmm": lambda x: F.linear(x, torch.ones(3, 7, device="meta"), torch.ones(3, device="meta")),
    "its bias": lambda x: F.linear(x, torch.ones(3, 8, device="meta"), x[0, :2]),
    "layer_norm": lambda x: F.layer_norm(x, (7,)),
    "batch_norm": lambda x: F.batch_norm(x, *[torch.ones(5, device="meta")] * 4),
    "add": lambda x: x + x[:, :3],
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_refused_in_torchs_words(case):
    x, said = torch.zeros(4, 8, device="meta"), []
    for block in (torch.enable_grad(), ShapesAlone()):
        with pytest.raises(RuntimeError) as caught, block:
            WRONG[case](x)
        said.append(str(caught.value))
    assert said[0] == said[1]


def test_what_is_only_counted_draws_no_numbers():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    with Undrawn():
        layer = torch.nn.Linear(7, 5)
    assert sum(p.numel() for p in layer.parameters()) == 7 * 5 + 5
    assert torch.equal(torch.get_rng_state(), before)
