"""Trainings side by side: several trials share each pass through their frozen network.

All trials of a grid share a frozen network, and a GPU is far from busy with one of them. As lanes
they go through it as one batch, each with its own prompt, mapping, optimiser, random numbers and
order of images. Rows of a batch do not touch each other in a frozen network, so that no lane sees
another: one that diverges or fails leaves, and the others' bits stay as they are.

Bits of a product depend on the batch's size, though. So a batch is filled up with empty rows to a
number of lanes (``width``) that does not depend on how many trials there happen to be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor
from torch.nn import functional as F

from lorvp.datasets.labelled_images import LabelledImages
from lorvp.training.evaluation import Score
from lorvp.training.memory import ran_out_of_memory
from lorvp.training.passes import Pass, Place
from lorvp.training.sharing import captures, nothing_drawn_in_secret, shared, shares
from lorvp.training.timing import Stopwatch

if TYPE_CHECKING:
    from lorvp.training.epoch import Epoch
    from lorvp.training.trainer import Training

T = TypeVar("T")
Batches = dict["Training", tuple[Tensor, Tensor]]
"""images_BHWC and labels_B of each lane."""


class Lanes:
    """Trainings on the same images with batches of one size, through the same frozen network."""

    def __init__(
        self, trainings: Sequence[Training], width: int = 1, replays: bool | None = None
    ) -> None:
        """``width``: the number of lanes to which a batch is filled up; ``replays``: see `Pass`."""
        self.running = [each for each in trainings if not each.over]
        self.width, self._replays = max(width, len(trainings)), replays
        first, *_ = trainings
        assert all(each.sizes == first.sizes for each in trainings), "lanes take the same steps"
        self.width = self.width if shares(first.model) else 1
        assert self.width >= len(trainings), "what reaches inside the network is trained alone"
        self.device = first.train.device
        self.failed: dict[Training, Exception] = {}
        if not first.train.on_device:  # batches come from memory that a graph does not reach
            self._replays = False
        self._passes: dict[object, Pass] = {}

    def epoch(self) -> dict[Training, Epoch | Exception]:
        """Train one epoch in all lanes: the record of each, or why it left.

        Raises:
            Exception: memory ran out, or the network failed, for all of them.
        """
        started, watch = list(self.running), Stopwatch(self.device)
        self.failed = {}
        self._each(lambda lane: lane.prepare())
        self._count()
        self._each(lambda lane: lane.begin())
        trained = self.train()
        placements = self._of_each(lambda lane: lane.model.prompt.end_epoch())
        took = watch.read().shared_by(len(started))
        validated = self.measure("val", lambda lane: lane.val)
        self.measure("test", lambda lane: lane.watched)
        self._each(lambda lane: lane.record(trained[lane], validated[lane], took, placements[lane]))
        outcome = {lane: self.failed.get(lane) or lane.history[-1] for lane in started}
        self.running = [lane for lane in self.running if not lane.over]
        return outcome

    def drop(self, lane: Training) -> None:
        """Take a lane out; the others stay as they are."""
        self.running = [other for other in self.running if other is not lane]

    def measure(
        self, name: str, images: Callable[[Training], LabelledImages | None]
    ) -> dict[Training, tuple[float, float]]:
        """Mean loss and accuracy of those lanes that have images known as ``name``."""
        among = {lane: found for lane in self.running if (found := images(lane)) is not None}
        for lane, found in among.items():
            lane.scores.setdefault(name, Score(found))
        self._look(
            name,
            among,
            lambda lane, *seen: lane.note(name, *seen),
            lambda lane: lane.scores[name].tensors(),
        )
        return self._of_each(lambda lane: lane.scores[name].means(), among)

    def _look(
        self,
        name: object,
        images: dict[Training, LabelledImages],
        note: Callable[[Training, Place, Tensor, Tensor], object],
        moving: Callable[[Training], Iterable[Tensor]],
        show: Callable[[Training], object] = lambda lane: lane.model.eval(),
    ) -> None:
        """A pass, known as ``name``, over images that nothing is trained on: ``note`` takes a
        lane's outputs and labels of a batch, and changes what ``moving`` gives. ``show`` says how
        a lane shows its images."""
        if not images:
            return
        for lane in images:
            show(lane)

        def body(place: Place) -> None:
            with torch.inference_mode():
                given = self._of_each(lambda lane: images[lane].batch(place.rows), images)
                shown = {lane: x_BHWC for lane, (x_BHWC, _) in given.items()}
                outputs = self._outputs(shown)
                self._each(lambda lane: note(lane, place, outputs[lane], given[lane][1]), outputs)

        self._pass(name, body, moving).over(next(iter(images.values())).batch_sizes())

    def train(self) -> dict[Training, tuple[float, float]]:
        """The steps of an epoch that has begun in each lane: their mean loss and accuracy. What
        trains nothing looks at its training images."""
        if not any(lane.groups for lane in self.running):
            return self.measure("train", lambda lane: lane.train)
        with nothing_drawn_in_secret(len(self.running), self.device):
            steps = self._pass("steps", self._step, lambda lane: lane.moving())
            steps.over(self.running[0].sizes, self._still_finite)
        return self._of_each(lambda lane: lane.means())

    def _step(self, place: Place) -> None:
        given = self._of_each(lambda lane: lane.batch(place))
        # Apart from each other, so that none sees whether others ask for gradients.
        self._descend(place, {lane: each for lane, each in given.items() if not lane.estimate})
        with torch.no_grad():
            self._estimate(place, {lane: each for lane, each in given.items() if lane.estimate})

    def _descend(self, place: Place, given: Batches) -> None:
        """A step along gradients that come through the network."""
        outputs = self._outputs({lane: x_BHWC for lane, (x_BHWC, _) in given.items()})
        logits = self._of_each(lambda lane: lane.model.logits(outputs[lane]), outputs)
        losses = {lane: F.cross_entropy(logits[lane], given[lane][1]) for lane in logits}
        for lane in losses:
            lane.optimizer.zero_grad()
        if losses:
            torch.autograd.backward(list(losses.values()))
        with torch.no_grad():
            self._each(
                lambda lane: lane.step(
                    place, outputs[lane], logits[lane], losses[lane], given[lane][1]
                ),
                losses,
            )

    def _estimate(self, place: Place, given: Batches) -> None:
        """A step along gradients that are estimated from losses."""
        estimates = {lane: lane.estimate for lane in given if lane.estimate}
        self._each(lambda lane: estimates[lane].begin(), estimates)
        seen: dict[Training, tuple[Tensor, Tensor]] = {}
        for number in range(max((each.evaluations for each in estimates.values()), default=0)):
            among = [lane for lane, each in estimates.items() if number < each.evaluations]
            moved = self._of_each(lambda lane, n=number: estimates[lane].move(n), among)
            outputs = self._outputs({lane: given[lane][0] for lane in moved})
            logits = self._of_each(lambda lane, o=outputs: lane.model.logits(o[lane]), outputs)
            for lane, logits_BK in logits.items():
                estimates[lane].note(F.cross_entropy(logits_BK, given[lane][1]))
                seen[lane] = outputs[lane], logits_BK
        self._each(
            lambda lane: lane.step(place, *seen[lane], estimates[lane].end(), given[lane][1]), seen
        )

    def _still_finite(self) -> bool:
        """Whether a lane is left whose losses are finite; a GPU is asked after the last step."""
        if self.device.type == "cpu":
            self._each(lambda lane: lane.require_finite())
        return bool(self.running)

    def _count(self) -> None:
        """Give fresh counts to the mappings that ask for them."""
        due = [lane for lane in self.running if lane.model.mapping.due(lane.epoch)]
        for lane in due:
            lane.forget_counts()
        self._look(
            ("counts", *due),
            {lane: lane.train for lane in due},
            lambda lane, place, outputs, labels_B: lane.count(outputs, labels_B),
            lambda lane: lane.counted(),
            lambda lane: lane.show_for_counts(),
        )
        self._each(lambda lane: lane.model.mapping.refresh(*lane.counted()), due)

    def _outputs(self, images: dict[Training, Tensor]) -> dict[Training, Tensor]:
        """What the network gives for the images of each lane."""
        if self.width == 1:
            return self._of_each(lambda lane: lane.model.outputs(images[lane]), images)
        shown = self._of_each(lambda lane: lane.model.prompted(images[lane]), images)
        if not shown:
            return {}
        network, reads = shared([lane.model for lane in shown])
        passes = [each for of_lane in shown.values() for each in of_lane]
        outputs = iter(network.run_together(passes, reads, self.width))
        found = {lane: [next(outputs) for _ in of_lane] for lane, of_lane in shown.items()}
        return self._of_each(lambda lane: lane.model.prompt.joined(found[lane]), found)

    def _pass(
        self, name: object, body: Callable[[Place], None], moving: Callable[[Training], Iterable]
    ) -> Pass:
        """The pass known as ``name``, made when it is first asked for."""
        if name not in self._passes:
            lanes = tuple(self.running)
            self._passes[name] = Pass(
                body,
                self.device,
                lambda: (tensor for lane in lanes for tensor in moving(lane)),
                [generator for lane in lanes for generator in lane.random.all()],
                self._replays,
            )
        return self._passes[name]

    def _each(
        self, do: Callable[[Training], object], among: Iterable[Training] | None = None
    ) -> None:
        self._of_each(do, among)

    def _of_each(
        self, do: Callable[[Training], T], among: Iterable[Training] | None = None
    ) -> dict[Training, T]:
        """What ``do`` returns for each lane; a lane in which it fails is dropped."""
        wanted, found = set(self.running if among is None else among), {}
        for lane in [lane for lane in self.running if lane in wanted]:
            try:
                found[lane] = do(lane)
            except Exception as error:
                if ran_out_of_memory(error) or captures(self.device):
                    raise
                self.failed[lane] = error
                self.drop(lane)
        return found

    @property
    def account(self) -> dict[str, str]:
        """How the kernels of a step are launched, by topic; empty on a CPU, which launches none."""
        steps = self._passes.get("steps")
        if self.device.type == "cpu" or steps is None:
            return {}
        one = "each step is one launch"
        return {"steps": one if steps.why_not is None else f"launched singly: {steps.why_not}"}
