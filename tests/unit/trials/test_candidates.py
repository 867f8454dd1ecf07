"""A setting that a search tries: it may be stopped and go on, and it sees no test image."""

import json

import pytest

from lorvp.deployment.load import prompts_in
from lorvp.deployment.record import read
from lorvp.errors import InputError
from lorvp.experiment.trial import Candidate, Trial
from lorvp.mappings.linear import LpConfig
from lorvp.prompts.methods.full import FullConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.training.totals import DivergedError
from lorvp.trials.contents import sealed
from lorvp.trials.identity import fingerprint, going_on, identity
from lorvp.trials.resume import ResumeFile
from lorvp.trials.run import run
from lorvp.trials.store import TrialStore
from lorvp.trials.verified import read_record
from tests.support.tiny import dataset, tiny_network, trial

EPOCHS = 5
METHODS = {"a prompt": FullConfig(), "remembered outputs": NoneConfig()}
every_method = pytest.mark.parametrize("method", METHODS)


def candidate(stop_after=None, method="a prompt", **training) -> Candidate:
    whole = trial(METHODS[method], LpConfig(), **({"epochs": EPOCHS, "lr": 0.2} | training))
    return Candidate(**dict(whole), stop_after=stop_after)


def without_time(result):
    rows = [dict(vars(epoch), seconds=0, wall_seconds=0) for epoch in result.history]
    return rows, dict(result.summary, seconds=0, wall_seconds=0)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return dataset(tmp_path_factory.mktemp("data") / "noise", train=24, val=12, test=15)


@every_method
def test_from_rung_to_rung_it_has_the_bits_of_one_that_was_never_stopped(data, tmp_path, method):
    resume = ResumeFile(tmp_path / "state")
    whole = run(candidate(method=method), tiny_network(), data)
    for stop in (1, 3, None):
        heard = []
        found = run(
            candidate(stop, method), tiny_network(), data,
            on_epoch=lambda epoch, heard=heard: heard.append(epoch.epoch), resume=resume,
        )  # fmt: skip
        assert heard == list(range({1: 0, 3: 1, None: 3}[stop], stop or EPOCHS)), "none twice"
        rows, summary = without_time(found)
        assert rows == without_time(whole)[0][: stop or EPOCHS]
        assert summary["val_accuracy"] == max(row["val_accuracy"] for row in rows)
    assert summary == without_time(whole)[1]


def test_its_validation_is_that_of_the_trial_itself(data):
    ours, plain = run(candidate(), tiny_network(), data), candidate()
    fields = plain.model_dump(exclude={"part", "stop_after"})
    trained = run(Trial.model_validate(fields), tiny_network(), data)
    assert without_time(ours)[0] == without_time(trained)[0]
    for key in ("val_accuracy", "best_epoch", "trained_values"):
        assert ours.summary[key] == trained.summary[key]


def test_a_state_that_went_further_is_left_alone(data, tmp_path):
    """Its record was lost, such as with a disk; the state of a later rung would be too much."""
    resume = ResumeFile(tmp_path / "state")
    run(candidate(4), tiny_network(), data, resume=resume)
    again = run(candidate(2), tiny_network(), data, resume=resume)
    assert without_time(again) == without_time(run(candidate(2), tiny_network(), data))


@every_method
def test_no_test_image_can_change_it(tmp_path, method):
    found = []
    for number in (9, 12):
        data = dataset(tmp_path / str(number), test=number)
        data.split("test").labels_N.zero_() if number == 12 else None
        result = run(candidate(method=method), tiny_network(), data)
        assert (result.test, result.test_labels_N, result.state) == (None, None, {})
        assert not any("test" in key for key in result.summary)
        found.append(without_time(result))
    assert found[0] == found[1]


def test_that_it_diverges_is_a_result_and_an_ordinary_trial_fails(data, tmp_path):
    wild = candidate(lr=1e6, optimizer="sgd", epochs=40)
    found = run(wild, tiny_network(), data)
    fields = wild.model_dump(exclude={"part", "stop_after"})
    with pytest.raises(DivergedError) as error:
        run(Trial.model_validate(fields), tiny_network(), data)
    assert found.summary["diverged"] == str(error.value)
    assert found.summary["val_accuracy"] is None
    assert found.summary["epochs"] == len(found.history) + 1


def test_names_of_ordinary_trials_do_not_know_of_searches():
    settings = identity(trial(), "data", "net")["settings"]
    assert settings.keys() == {"method", "mapping", "training", "seed"}
    ours = identity(candidate(3), "data", "net")
    assert (ours["settings"]["part"], ours["settings"]["stop_after"]) == ("search", 3)
    names = {fingerprint(identity(candidate(n), "data", "net")) for n in (None, 1, 3)}
    assert len(names) == 3
    assert going_on(ours) == identity(candidate(), "data", "net")
    assert going_on(identity(trial(), "data", "net")) == identity(trial(), "data", "net")


@pytest.fixture
def stored(data, tmp_path):
    """A store with one candidate, and its name."""
    wanted, store = candidate(2), TrialStore(tmp_path / "store")
    facts = identity(wanted, "data", "net")
    name = fingerprint(facts)
    files = sealed(name, run(wanted, tiny_network(), data), {"name": "x", "identity": facts})
    store.put(name, files)
    return store, name


def test_its_folder_has_its_history_and_no_prompt(stored, tmp_path):
    store, name = stored
    assert store.holds(name)
    assert {p.name for p in store.folder(name).iterdir()} == {"trial.json", "history.json"}
    store.show([name], tmp_path / "out", tmp_path / "work")
    assert read_record(tmp_path / "out" / name)["fingerprint"] == name


def test_a_folder_without_a_prompt_is_whole_only_if_it_is_a_candidates(stored):
    store, name = stored
    path = store.folder(name) / "trial.json"
    record = json.loads(path.read_text())
    del record["identity"]["settings"]["part"]
    path.write_text(json.dumps(record))
    assert not store.holds(name)


def test_nobody_takes_it_for_a_trained_prompt(stored):
    store, name = stored
    assert prompts_in(store.root) == [store.root]
    with pytest.raises(InputError, match="a setting that a search tried, and no trained prompt"):
        read(store.folder(name))
