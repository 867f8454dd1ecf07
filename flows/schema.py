"""`python -m flows.schema > data/params.schema.json`: what editors know of params.yaml."""

from lorvp.experiment.json_schema import schema
from lorvp.files.whole import to_json
from tasks.settings import RunParams

if __name__ == "__main__":
    print(to_json(schema(RunParams)), end="")
