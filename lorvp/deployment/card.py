"""The model card of a bundle: what the prompt is, its accuracy, how to install and use it."""

from __future__ import annotations

from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from lorvp.errors import InputError
from lorvp.networks.libraries.own_code import VARIABLE
from lorvp.networks.manifest import CheckpointManifest
from lorvp.results.tables import in_markdown
from lorvp.text.quoted import shown

EXTRAS = {"open_clip": "clip", "transformers": "transformers"}
"""The extra that installs a library which builds networks; the others come with lorvp."""


def card(record: dict[str, Any], network: CheckpointManifest) -> ModelCard:
    """README.md, which the hub shows."""
    task, summary = record["task"], record["summary"]
    result = EvalResult(
        task_type="image-classification",
        dataset_type=task["dataset"],
        dataset_name=task["dataset"],
        metric_type="accuracy",
        metric_value=round(summary["test_accuracy"], 4),
    )
    licence = network.licence
    data = ModelCardData(
        model_name=record["name"],
        library_name="lorvp",
        tags=["visual-prompting", "image-classification"],
        pipeline_tag="image-classification",
        license="other" if licence else None,
        license_name=licence,
        eval_results=[result],
    )
    return ModelCard(f"---\n{data.to_yaml()}\n---\n{_text(record)}{_use(record, network)}")


def _text(record: dict[str, Any]) -> str:
    task, summary = record["task"], record["summary"]
    settings = record["identity"]["settings"]
    text = in_markdown  # every word may come from a stranger
    names = ", ".join(map(text, task["class_names"][:20]))
    architecture, source = (text(record["network"][key]) for key in ("architecture", "source"))
    return f"""
# {text(record["name"])}

A visual prompt: {summary["trained_values"]:,} trained values before and behind a frozen \
network, {architecture} ({source}), which was not changed.

| | |
| --- | --- |
| classes | {names}{" …" if len(task["class_names"]) > 20 else ""} |
| method | {text(settings["method"]["kind"])} |
| mapping | {text(settings["mapping"]["kind"])} |
| test accuracy | {summary["test_accuracy"]:.2%} (one seed; validation chose epoch \
{summary["best_epoch"]}) |
| trained with | lorvp {text(record["environment"]["lorvp"])}, torch \
{text(record["environment"]["torch"])} |
"""


def _use(record: dict[str, Any], network: CheckpointManifest) -> str:
    extra = EXTRAS.get(network.library)
    package = f"lorvp[{extra}]" if extra else "lorvp"
    return f"""
## Use

```sh
pip install '{package}'
```
{_own_code(network)}
```python
import lorvp

classifier = lorvp.load("PATH OR user/name")
print(classifier.predict(["image.jpg"]))
```

In a pipeline of transformers (`pip install 'lorvp[transformers]'`), with the bundle in a folder:

```python
from transformers import AutoImageProcessor, pipeline

from lorvp.deployment.for_transformers import for_transformers

classify = pipeline(
    "image-classification",
    model=for_transformers(classifier),
    image_processor=AutoImageProcessor.from_pretrained("PATH"),
)
```
"""


def _own_code(network: CheckpointManifest) -> str:
    """Which package of somebody's own is needed, which no bundle brings."""
    if network.library != "python":
        return ""
    module = network.architecture.partition(":")[0]
    package = module.partition(".")[0]
    if not package.isidentifier():  # a stranger's words, which a reader may paste into a shell
        raise InputError(f"the network's code has no name of a package: {shown(package)}")
    modules = ", ".join(map(in_markdown, network.own_code))
    return f"""
The network is built by code that is not in this bundle: {in_markdown(module)}. Install the package
{in_markdown(package)} in the version that the network was made with: the hashes of {modules} in
network/manifest.json are compared before anything of it is run. Then allow it, if you trust it:

```sh
export {VARIABLE}={package}
```
"""
