"""Names of trials in Prefect, which takes them for templates."""

from types import SimpleNamespace

from hypothesis import example, given
from hypothesis import strategies as st

from lorvp.experiment.params import read
from tasks.orchestration import trials
from tests.support.experiments import block, params


@given(st.text())
@example("template=a {}")
@example("{job.point}{{0}}")
@example("%s %d")
def test_a_name_comes_out_of_prefects_template_as_it_is(name):
    template = trials.name_template(name)
    assert template.format(job="a job", team="a team", tracking="tracking") == name


def test_a_trial_whose_sentence_is_swept_is_handed_over_by_its_name(tmp_path, monkeypatch):
    sentences = "['a {}', 'a photo of a {}']"
    path = tmp_path / "params.yaml"
    path.write_text(params(block(mapping=f"{{semantic: {{template: {sentences}}}}}")))
    named = []
    task = SimpleNamespace(with_options=lambda **options: named.append(options) or task)
    task.submit = lambda *_: None
    monkeypatch.setattr(trials, "train_trial", task)
    team = SimpleNamespace(compute=SimpleNamespace(retries=0))
    team.handed_out = lambda jobs: [(job,) for job in jobs]
    for point in read(path).points:
        trials.submit([SimpleNamespace(point=point, tags=[])], team, None)
    names = [options["task_run_name"].format(job=0, team=0, tracking=0) for options in named]
    assert [name.split(" · ")[1] for name in names] == [
        "semantic template=a {}",
        "semantic template=a photo of a {}",
    ]
