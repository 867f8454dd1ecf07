"""What each trial of an experiment costs; what several of them share is counted once."""

from __future__ import annotations

from collections import abc
from collections.abc import Sequence
from dataclasses import dataclass

from lorvp.datasets.source import Sizes
from lorvp.errors import InputError
from lorvp.experiment.trial import Point, Trial
from lorvp.files.whole import canonical
from lorvp.images import Size
from lorvp.mappings.base import Mapping
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Canvas, Ends
from lorvp.networks.manifest import CheckpointManifest
from lorvp.networks.sources.trained import threads
from lorvp.performance.flops import Alone, Cost, PerImage, alone, of_trial, per_image
from lorvp.performance.shapes import Undrawn
from lorvp.prompts.methods.base import Method


@dataclass(frozen=True)
class Dataset:
    """What has to be known of a dataset; it need not be prepared."""

    sizes: Sizes
    class_names: Sequence[str]
    """Of the target classes."""
    stored: Size
    """Height and width of its images on disk."""


@dataclass(frozen=True)
class Network:
    """A checkpoint whose weights need not be there."""

    manifest: CheckpointManifest
    sketch: FrozenNetwork
    """The network on the meta device."""


class TrialCosts:
    """The costs of trials on these datasets and networks."""

    def __init__(
        self, datasets: abc.Mapping[str, Dataset], networks: abc.Mapping[str, Network]
    ) -> None:
        self._datasets, self._networks = datasets, networks
        self._costs: dict[bytes, Cost] = {}
        self._per_image: dict[bytes, PerImage] = {}
        self._alone: dict[tuple[bytes, Canvas], Alone] = {}
        self._mappings: dict[tuple[str, str, bytes], Mapping] = {}
        self._ends: dict[tuple[str, str], Ends] = {}

    def of(self, point: Point) -> Cost:
        """Seeds do not matter.

        Raises:
            InputError: the parts of the trial do not fit each other.
        """
        key = canonical(point.trial.model_dump(mode="json", exclude={"seed"}))
        if key not in self._costs:
            try:
                with threads(1):  # all of it is small, and several would wait for each other
                    self._costs[key] = self._cost_of(point.trial)
            except InputError as error:
                raise InputError(f"{point.method} · {point.mapping}: {error}") from error
        return self._costs[key]

    def outputs(self, trial: Trial) -> bytes:
        """What decides the outputs of a network without a prompt."""
        method = trial.method.model_dump(mode="json")
        reads = self._mapping_of(trial).reads
        computed = trial.training.precision, trial.training.compile
        return canonical([trial.dataset, trial.network, method, reads, *computed])

    def _cost_of(self, trial: Trial) -> Cost:
        data, network = self._datasets[trial.dataset], self._networks[trial.network]
        ends, mapping = self._ends_of(trial), self._mapping_of(trial)
        settings = [trial.method.model_dump(mode="json"), mapping.reads, ends.source_classes]
        key = canonical([trial.network, *settings])
        if key not in self._per_image:
            own = self._alone_on(network.manifest.canvas, trial.method)
            given = network.manifest, network.sketch, data.class_names, mapping.reads
            self._per_image[key] = per_image(trial.method, *given, own)
        return of_trial(trial, mapping, data.sizes, self._per_image[key])

    def _ends_of(self, trial: Trial) -> Ends:
        pair = trial.network, trial.dataset
        if pair not in self._ends:
            names = self._datasets[trial.dataset].class_names
            self._ends[pair] = self._networks[trial.network].manifest.ends(names)
        return self._ends[pair]

    def _mapping_of(self, trial: Trial) -> Mapping:
        """The trial's mapping, without its values."""
        settings = canonical(trial.mapping.model_dump(mode="json"))
        key = trial.network, trial.dataset, settings
        if key not in self._mappings:
            with Undrawn():
                self._mappings[key] = trial.mapping.build(self._ends_of(trial)).to("meta")
        return self._mappings[key]

    def _alone_on(self, canvas: Canvas, method: Method) -> Alone:
        key = canonical(method.model_dump(mode="json")), canvas
        if key not in self._alone:
            self._alone[key] = alone(method, canvas)
        return self._alone[key]
