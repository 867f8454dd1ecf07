"""What the form in Prefect's UI offers to choose from."""

from importlib import import_module

from prefect.utilities.callables import parameter_schema

from lorvp.experiment.overrides import MAPPINGS, METHODS
from tasks import settings


def test_each_list_offers_its_own_names(flow):
    form = import_module("flows.form")
    form.offer(settings.read())
    fields = parameter_schema(form.train_grid).properties
    offered = {name: fields[name]["items"]["enum"] for name in FIELDS}
    assert offered == FIELDS


FIELDS = {
    "datasets": ["letters", "digits"],
    "networks": ["letters_resnet"],
    "methods": list(METHODS),
    "mappings": list(MAPPINGS),
}
