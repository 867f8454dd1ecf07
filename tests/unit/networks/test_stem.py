"""The layer that reads the image, in two parts: which layer it is, and what both parts give."""

import pytest
import torch
from timm.layers import Conv2dSame, StdConv2d
from torch import Tensor, nn
from torch.nn import functional as F

from lorvp.networks.acceleration.account import in_a_line
from lorvp.networks.acceleration.engine import Engine
from lorvp.networks.acceleration.stem import NoStemError, Split, find_stem, split
from tests.support.layers import frozen, going, noise, whole
from tests.support.tiny import MEAN, STD

pytestmark = pytest.mark.usefixtures("float64")

X_BCHW = noise(2, 3, 15, 18)
MEAN_C11, STD_C11 = (torch.tensor(v, dtype=torch.float64)[:, None, None] for v in (MEAN, STD))


def conv(**settings) -> nn.Conv2d:
    return nn.Conv2d(3, 6, **({"kernel_size": 3} | settings))


STEMS = {
    "with bias": lambda: conv(),
    "without bias": lambda: conv(bias=False),
    "padded": lambda: conv(padding=1, stride=2),
    "padded unevenly": lambda: conv(kernel_size=(5, 3), padding=(2, 0), stride=(1, 2)),
    "padded as words say": lambda: conv(padding="same"),
    "padded as in TensorFlow": lambda: Conv2dSame(3, 6, 3, stride=2),
    "padded with its edge": lambda: conv(padding=2, padding_mode="replicate"),
    "patches": lambda: conv(kernel_size=5, stride=5),
    "dilated": lambda: conv(dilation=2, padding=2),
}


@torch.no_grad()
@pytest.mark.parametrize("size", [(15, 18), (16, 16), (21, 7)], ids=str)
@pytest.mark.parametrize("layer", STEMS)
def test_both_parts_together_are_the_convolution_of_the_normalised_sum(layer, size):
    network = whole(STEMS[layer]())
    convolution = network.body[0]
    parts = split(network, noise(2, 3, *size), STD_C11)
    stem, prompt_part = parts.stem, parts.prompt_part
    assert network.body[0] is stem
    assert parts.why_not is None
    levels_BCHW = torch.randint(0, 256, (4, 3, *size)).double()
    added_1CHW = noise(1, 3, *size, seed=1) - 0.5
    stem.term = prompt_part(added_1CHW - MEAN_C11)
    expected = convolution((levels_BCHW / 255 + added_1CHW - MEAN_C11) / STD_C11)
    torch.testing.assert_close(stem(levels_BCHW), expected, rtol=1e-12, atol=1e-12)


@torch.no_grad()
def test_weights_are_those_of_the_formula():
    network = whole(conv()).requires_grad_(False)
    weight, bias = network.body[0].weight.clone(), network.body[0].bias.clone()
    parts = split(network, X_BCHW, STD_C11)
    stem, prompt_part = parts.stem, parts.prompt_part
    assert stem.of_image.bias is None
    torch.testing.assert_close(prompt_part.bias.data, bias)
    for c, std in enumerate(STD):
        torch.testing.assert_close(stem.of_image.weight[:, c], weight[:, c] / std / 255)
        torch.testing.assert_close(prompt_part.weight[:, c], weight[:, c] / std)
    parts = [*stem.parameters(), *prompt_part.parameters()]
    assert not any(parameter.requires_grad for parameter in parts)


def read_twice(part, x: Tensor) -> Tensor:
    return part.conv(x) + part.conv(x)


def two_read(part, x: Tensor) -> Tensor:
    return part.conv(x) + part.other(x)


def pooled_besides(part, x: Tensor) -> Tensor:
    return part.conv(x) + part.other(x).mean()


def again_later(part, x: Tensor) -> Tensor:
    return part.conv(part.conv(x)[:, :3])


def nothing_reads(part, x: Tensor) -> Tensor:
    return part.conv(x * 2 - 1)


# With what the record of a trial says of it.
KIND = "the layer that reads the image is no plain convolution but"
ONE = "the convolution that reads the image"
NO_STEM = {
    "read twice": (lambda: going(read_twice, conv=conv()), "2 layers read the image"),
    "two convolutions": (
        lambda: going(two_read, conv=conv(), other=conv()), "2 layers read the image",
    ),
    "a pool besides": (
        lambda: going(pooled_besides, conv=conv(), other=nn.MaxPool2d(2)),
        "2 layers read the image",
    ),
    "used again": (lambda: going(again_later, conv=conv()), f"{ONE} is used again"),
    "another input range": (
        lambda: going(nothing_reads, conv=conv()), "no plain layer is given the image as it is",
    ),
    "batchnorm first": (lambda: whole(nn.BatchNorm2d(3), conv()), f"{KIND} BatchNorm2d"),
    "standardised weights": (lambda: whole(StdConv2d(3, 6, 3)), f"{KIND} StdConv2d"),
    "a layer for each colour": (lambda: whole(nn.Conv2d(3, 6, 3, groups=3)), f"{ONE} has groups"),
    "a linear layer": (lambda: whole(nn.Linear(16, 16), conv()), f"{KIND} Linear"),
    "parametrised weights": (
        lambda: whole(nn.utils.parametrizations.weight_norm(conv())),
        "no plain layer is given the image as it is",
    ),
}  # fmt: skip
ELSEWHERE = {
    "its mean besides": (
        lambda: going(lambda part, x: part.conv(x) + x.mean(), conv=conv()), "apart",
    ),
    "its copy besides": (
        lambda: going(
            lambda part, x: part.conv(x) + F.avg_pool2d(x, 3, 1).repeat(1, 2, 1, 1), conv=conv()
        ),
        "apart",
    ),
}  # fmt: skip


@torch.no_grad()
@pytest.mark.parametrize("case", NO_STEM)
def test_a_layer_that_does_not_read_the_image_alone_and_once_is_no_stem(case):
    make, reason = NO_STEM[case]
    network = make()
    x_BCHW = X_BCHW[..., :16].contiguous()
    expected, layers = network.body(x_BCHW), list(network.modules())
    with pytest.raises(NoStemError, match=f"^{reason}$"):
        find_stem(network, x_BCHW)
    assert split(network, x_BCHW, STD_C11) == Split(why_not=reason)
    assert list(network.modules()) == layers
    assert torch.equal(network.body(x_BCHW), expected)


@torch.no_grad()
@pytest.mark.parametrize("case", NO_STEM | ELSEWHERE)
def test_outputs_are_right_without_a_stem(case):
    make, reason = (NO_STEM | ELSEWHERE)[case]
    network = frozen(make())
    made = Engine(network)
    assert reason in in_a_line(made.account())
    assert (made.stem, made.prompt_part) == (None, None)
    canvas_BCHW, added_1CHW = noise(3, 3, 16, 16), noise(1, 3, 16, 16, seed=1)
    found = made.run(canvas_BCHW, added_1CHW, "logits")
    expected = network.run(canvas_BCHW, added_1CHW, "logits")
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def test_the_name_is_that_of_the_layer():
    network = whole(nn.Sequential(nn.Identity(), nn.Sequential(conv())), nn.ReLU())
    with pytest.raises(NoStemError, match="2 layers"):  # an Identity reads the image first
        find_stem(network, X_BCHW)
    assert find_stem(whole(nn.Sequential(nn.Sequential(conv()))), X_BCHW) == "body.0.0.0"


def test_a_stem_without_its_term_says_so():
    network = whole(conv())
    stem = split(network, X_BCHW, STD_C11).stem
    with pytest.raises(AssertionError, match="the prompt's part comes first"):
        stem(X_BCHW)


@torch.no_grad()
def test_the_term_is_gone_after_a_run_and_after_a_failure():
    def way(part, x: Tensor) -> Tensor:
        y = part.conv(x)
        if len(x) == 3:
            raise RuntimeError("three are too many")
        return y

    made = Engine(frozen(going(way, conv=conv())))
    added_1CHW = noise(1, 3, 16, 16)
    made.run(noise(2, 3, 16, 16), added_1CHW, "logits")
    assert made.stem.term is None
    with pytest.raises(RuntimeError, match="three are too many"):
        made.run(noise(3, 3, 16, 16), added_1CHW, "logits")
    assert made.stem.term is None


@pytest.mark.parametrize("own", [False, True], ids=["shared", "each its own"])
def test_prompts_get_gradients_of_their_own_shape(own):
    network = frozen(whole(conv(stride=2, padding=1), nn.BatchNorm2d(6), nn.GELU()))
    made = Engine(network)
    canvas_BCHW = noise(3, 3, 16, 16)
    gradients = []
    for one in (made, network):
        added = noise(3 if own else 1, 3, 16, 16, seed=1).requires_grad_(True)
        one.run(canvas_BCHW, added, "logits").square().sum().backward()
        gradients.append(added.grad)
    assert gradients[0].shape == (3 if own else 1, 3, 16, 16)
    torch.testing.assert_close(*gradients, rtol=1e-11, atol=1e-13)


def test_a_colour_for_all_pixels_gets_one_gradient():
    """Such as the zero that stands for no prompt, which broadcasts."""
    network = frozen(whole(conv(padding=1), nn.GELU()))
    gradients = []
    for one in (Engine(network), network):
        added_1C11 = noise(1, 3, 1, 1, seed=1).requires_grad_(True)
        one.run(noise(3, 3, 16, 16), added_1C11, "features").square().sum().backward()
        gradients.append(added_1C11.grad)
    torch.testing.assert_close(*gradients, rtol=1e-11, atol=1e-13)


def test_the_gradient_of_the_two_parts_is_that_of_finite_differences():
    made = Engine(frozen(whole(conv(padding=1, stride=2), nn.BatchNorm2d(6), nn.GELU()), (6, 6)))
    added = noise(1, 3, 6, 6, seed=1).requires_grad_(True)
    canvas_BCHW = noise(2, 3, 6, 6)
    assert torch.autograd.gradcheck(lambda p: made.run(canvas_BCHW, p, "logits"), (added,))


def test_images_take_no_gradient_of_the_first_layer_where_none_is_asked_for():
    """Only the prompt's part goes back through a convolution, once for all images."""
    made, calls = Engine(frozen(whole(conv(), nn.GELU()))), []
    made.prompt_part.register_forward_hook(lambda m, given, gives: calls.append(len(gives)))
    added_1CHW = noise(1, 3, 16, 16, seed=1).requires_grad_(True)
    images = []
    made.stem.of_image.register_forward_hook(lambda m, g, out: images.append(out.requires_grad))
    made.run(noise(5, 3, 16, 16), added_1CHW, "logits").sum().backward()
    assert (calls, images) == ([1], [False])
