"""What `Classifier.forward` takes: uint8 or floats, channels first or last, and what it refuses."""

import numpy as np
import pytest
import torch

import lorvp
from lorvp.errors import InputError

KIND = ("resnet", "lor_vp", "lp")


@pytest.fixture(scope="module")
def classifier(project):
    return lorvp.load(project.train(*KIND)[0])


@pytest.fixture(scope="module")
def images(project):
    """Every grey level, at a size that has to be resized."""
    levels = np.random.default_rng(0).permutation(2 * 40 * 48 * 3) % 256
    return torch.from_numpy(levels.astype(np.uint8).reshape(2, 40, 48, 3))


@pytest.fixture(scope="module")
def expected(classifier, images):
    with torch.inference_mode():
        return classifier.model(images)


FORMS = {
    "uint8": lambda x: x,
    "float32": lambda x: x.float() / 255,
    "float64": lambda x: x.double() / 255,
    "float16": lambda x: (x.float() / 255).half(),
}


@pytest.mark.parametrize("first", [False, True], ids=["last", "first"])
@pytest.mark.parametrize("form", FORMS)
def test_the_same_images_have_the_same_logits(classifier, images, expected, form, first):
    given = FORMS[form](images)
    with torch.inference_mode():
        found = classifier(given.permute(0, 3, 1, 2) if first else given)
    assert torch.equal(found, expected)
    assert expected.std() > 1e-3


def test_what_resizing_overshoots_is_black_or_white(classifier):
    white = torch.full((1, 3, 32, 32), 1.0)
    assert torch.equal(classifier(white * 1.05), classifier(white))
    assert torch.equal(classifier(white - 1.05), classifier(white - 1))


REFUSED = {
    "0 to 255": (torch.full((2, 3, 32, 32), 200.0), "float32 of the shape (2, 3, 32, 32) with "
                 "values from 200 to 200"),
    "normalised": (torch.linspace(-2, 2, 32 * 32 * 3).view(1, 32, 32, 3), "from -2 to 2"),
    "nan": (torch.full((1, 3, 32, 32), torch.nan), "values from nan to nan"),
    "int64": (torch.zeros(1, 32, 32, 3, dtype=torch.int64), "got int64 of the shape"),
    "bool": (torch.zeros(1, 32, 32, 3, dtype=torch.bool), "got bool of the shape"),
    "one image": (torch.zeros(32, 32, 3), "got float32 of the shape (32, 32, 3)"),
    "grey": (torch.zeros(1, 1, 32, 32), "got float32 of the shape (1, 1, 32, 32)"),
    "both": (torch.zeros(1, 3, 32, 3, dtype=torch.uint8), "uint8 of the shape (1, 3, 32, 3) may "
             "be either"),
    "none": (torch.zeros(0, 3, 32, 32), "got float32 of the shape (0, 3, 32, 32)"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_all_else_is_refused_in_one_line(classifier, case):
    given, said = REFUSED[case]
    with pytest.raises(InputError) as told:
        classifier(given)
    assert isinstance(told.value, ValueError)
    assert str(told.value).startswith("images should be uint8 (0 to 255) or floats in [0, 1]")
    assert said in str(told.value)
    assert "\n" not in str(told.value)


def test_a_graph_of_it_takes_floats_in_either_order(classifier, images, expected):
    for given in (images.float() / 255, images.permute(0, 3, 1, 2).float() / 255):
        program = torch.export.export(classifier, (given,), strict=False)
        found = program.module()(given)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


class Elsewhere(torch.Tensor):
    """Numbers of the CPU that say they are on another device, and refuse to be asked for."""

    @property
    def device(self):
        return torch.device("meta")

    def __bool__(self):
        raise AssertionError("waits for the device")


def test_on_other_devices_only_the_first_batch_is_waited_for(classifier, images):
    """Of a later one that is wrong all logits are NaN."""
    again = lorvp.Classifier(classifier.model, classifier.class_names)
    floats = images.float() / 255
    again(floats)
    found = again(floats.as_subclass(Elsewhere)).as_subclass(torch.Tensor)
    torch.testing.assert_close(found, again(floats), rtol=0, atol=0.01)  # resized another way
    wrong = again((255 * floats).as_subclass(Elsewhere)).as_subclass(torch.Tensor)
    assert wrong.isnan().all()
