"""Which combinations of content, placement and fit are refused, and that all others work."""

from itertools import product

import pytest
import torch
from pydantic import TypeAdapter

from lorvp.errors import InputError
from lorvp.networks.interface import Canvas
from lorvp.prompts.methods import MethodConfig
from lorvp.prompts.methods.compose import ComposeConfig

# Small enough for every pair; patches of 8 tile it.
SIZE = (32, 48)
CANVAS = Canvas(SIZE, mean=(0.4, 0.5, 0.6), patch=8)
CONTENTS = {
    "free": {"kind": "free"},
    "sigmoid": {"kind": "sigmoid"},
    "low_rank": {"kind": "low_rank", "rank": 3},
    "tile": {"kind": "tile"},
    "gain": {"kind": "gain"},
}
CHOICES = {
    "regions": {"kind": "regions", "side": 16, "hidden": 2},
    "sample_mask": {"kind": "sample_mask"},
}
PLACES = {
    "border": {"kind": "border", "width": 9},
    "corner": {"kind": "corner", "width": 9},
    "outside": {"kind": "outside"},
}
PLACEMENTS = (
    {"everywhere": {"kind": "everywhere"}, "random_square": {"kind": "random_square", "width": 9}}
    | {"colours": {"kind": "colours"}}
    | PLACES
    | CHOICES
    | {
        f"{choice} in {place}": {
            "kind": "product",
            "place": PLACES[place],
            "choice": CHOICES[choice],
        }
        for place in PLACES
        for choice in CHOICES
    }
)
FITS = {
    "resize": {"kind": "resize"},
    "frame": {"kind": "frame", "image_size": 12},
    "cover": {"kind": "cover", "image_size": 12},
    "scaled_frame": {"kind": "scaled_frame", "base": 8},
    "shrunken_patches": {"kind": "shrunken_patches"},
    "affine": {"kind": "affine"},
}
EVERY = list(product(CONTENTS, PLACEMENTS, FITS))


def refusal(content: str, placement: str, fit: str) -> str | None:
    """The only three reasons there are among these."""
    if "outside" in placement and fit == "resize":
        return "`outside` has nowhere to go: this fit lays the image on the whole canvas"
    if content == "tile" and "outside" in placement and fit == "shrunken_patches":
        return "36 of the 64 pixels of a tile of side 8 are never shown by this placement"
    if placement == "regions in corner" and fit in ("frame", "cover", "scaled_frame"):
        # The image begins in column 18; the one region that holds the corner ends in column 15.
        return "`regions` has nothing to choose by in this `corner`"
    return None


def compose(content, placement="everywhere", fit="resize", **others) -> ComposeConfig:
    parts = {"content": content, "placement": placement, "fit": fit}
    return ComposeConfig.model_validate(parts | others)


REFUSED = [row for row in EVERY if refusal(*row)]
ACCEPTED = [row for row in EVERY if not refusal(*row)]


def test_most_combinations_are_accepted():
    assert len(EVERY) == 5 * 14 * 6
    assert len(REFUSED) == 5 * 3 + 3 + 5 * 3


@pytest.mark.parametrize("row", REFUSED, ids=" + ".join)
def test_what_cannot_work_is_refused_with_its_reason(row):
    content, placement, fit = row
    method = compose(CONTENTS[content], PLACEMENTS[placement], FITS[fit])
    with pytest.raises(InputError) as refused:
        method.build(CANVAS)
    assert refusal(*row) in str(refused.value)


@pytest.mark.parametrize("row", ACCEPTED, ids=" + ".join)
def test_all_others_lay_prompt_and_train(row):
    """Every trained value takes a gradient through an image of any size."""
    content, placement, fit = row
    torch.manual_seed(0)
    prompt = compose(CONTENTS[content], PLACEMENTS[placement], FITS[fit]).build(CANVAS)
    raw = torch.randint(0, 256, (4, 20, 30, 3), dtype=torch.uint8)
    with torch.no_grad():
        for parameter in prompt.content.parameters():
            parameter.normal_()
    got = prompt(prompt.fit(raw))
    assert got.shape == (4, 3, *SIZE)
    (got * torch.rand_like(got)).sum().backward()
    for name, parameter in prompt.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


@pytest.mark.parametrize(
    ("content", "placement", "fit", "reason"),
    [
        ("free", {"kind": "border", "width": 17}, "resize", "width 17 .* 32x48 .* at most 16"),
        ("free", {"kind": "corner", "width": 33}, "resize", "width 33 .* 32x48 .* at most 32"),
        ("free", {"kind": "random_square", "width": 32}, "resize", "no room to move.* at most 31"),
        ("free", {"kind": "regions", "side": 20}, "resize", "side 20 do not tile .* 32x48"),
        ("free", {"kind": "sample_mask", "patch": 32}, "resize", "patch of 32 needs 6 layers"),
        (
            "free",
            {"kind": "sample_mask", "patch": 32, "layers": 6},
            "resize",
            "side 32 do not tile",
        ),
        ("free", "everywhere", {"kind": "frame", "image_size": 32}, "32 leaves no frame"),
        ("free", "everywhere", {"kind": "cover", "image_size": 40}, "40 leaves no frame"),
        ("free", "everywhere", {"kind": "scaled_frame", "base": 32}, "32 leaves no frame"),
        ("free", "everywhere", {"kind": "shrunken_patches", "width": 4}, "width 4 .* at most 3"),
        ("free", "everywhere", {"kind": "shrunken_patches", "side": 5}, "side 5 do not tile"),
        ({"kind": "low_rank", "rank": 33}, "everywhere", "resize", "rank 33 is more than the 32"),
        ({"kind": "low_rank", "rank": 4}, {"kind": "corner", "width": 3}, "resize", "a 3x3 has"),
        ({"kind": "low_rank", "rank": 4}, {"kind": "random_square", "width": 3}, "resize", "3x3"),
        ("tile", {"kind": "corner", "width": 7}, "resize", "15 of the 64 pixels of a tile"),
        ("tile", {"kind": "border", "width": 3}, "resize", "4 of the 64 pixels of a tile"),
        ({"kind": "tile", "side": 6}, "everywhere", "resize", "side 6 do not tile"),
        ("free", {"kind": "product", "place": "outside"}, "resize", "nowhere to go"),
    ],
)
def test_values_that_do_not_fit_are_refused_with_their_reason(content, placement, fit, reason):
    with pytest.raises(InputError, match=reason):
        compose(content, placement, fit).build(CANVAS)


@pytest.mark.parametrize(
    "part", [{"content": "tile"}, {"content": "free", "fit": "shrunken_patches"}]
)
def test_parts_that_follow_patches_need_a_network_that_has_some(part):
    with pytest.raises(InputError, match="no patches, so `side` has to be given"):
        compose(**part).build(Canvas(SIZE))


def test_a_low_rank_gain():
    """A point that nobody has published: colours multiplied by a matrix of low rank."""
    torch.manual_seed(0)
    prompt = compose({"kind": "low_rank", "rank": 2, "left": "normal"}, "colours").build(CANVAS)
    canvas_BCHW = torch.rand(2, 3, *SIZE)
    factor_CHW = 1 + prompt.content.left @ prompt.content.right
    torch.testing.assert_close(prompt(canvas_BCHW), factor_CHW * canvas_BCHW)


@pytest.mark.parametrize("space", ["pixel", "normalised"])
def test_the_space_is_the_one_that_was_asked_for(space):
    assert compose("free", space=space).build(CANVAS).space == space


def test_a_composition_of_a_published_methods_parts_is_that_method():
    """ILM-VP's expansive form, down to the last bit."""
    torch.manual_seed(0)
    raw = torch.randint(0, 256, (2, 20, 30, 3), dtype=torch.uint8)
    method = TypeAdapter(MethodConfig).validate_python({"kind": "ilm_vp", "image_size": 12})
    published = method.build(CANVAS)
    own = compose("sigmoid", "outside", {"kind": "frame", "image_size": 12}).build(CANVAS)
    with torch.no_grad():
        published.content.values.normal_()
    own.load_state_dict(published.state_dict())
    assert torch.equal(own(own.fit(raw)), published(published.fit(raw)))
    assert own.space == published.space
