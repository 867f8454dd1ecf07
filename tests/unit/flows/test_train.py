"""What a run says for itself when nobody takes down how it ended."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from httpx import ConnectError


def job(name):
    return SimpleNamespace(point=SimpleNamespace(name=name), fingerprint=name)


@pytest.mark.parametrize(("then", "told"), [(["the next setting"], ["the next setting"]), ([], [])])
def test_a_search_is_not_done_with_the_settings_it_began_with(flow, monkeypatch, then, told):
    """All of these have their results when Prefect's server goes, but the search wants more."""
    from flows import train

    def gone(**_):
        raise ConnectError("the server was killed")

    made = SimpleNamespace(with_options=lambda **_: gone)
    monkeypatch.setattr(train, "train_prompts", made)
    monkeypatch.setattr(train, "hand_over", lambda request: None)
    monkeypatch.setattr(train, "tags", lambda *_: nullcontext())
    monkeypatch.setattr(train, "holds", lambda job: job.point.name == "the first")
    request = SimpleNamespace(
        plan=SimpleNamespace(missing=[job("the first")]),
        runner=SimpleNamespace(task_runner=lambda missing: None),
        replan=lambda: SimpleNamespace(missing=[job(name) for name in then]),
    )
    said = train.run(request)
    assert said.splitlines()[1:] == [f"  {name}" for name in told]
