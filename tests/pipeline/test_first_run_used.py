"""Use the trials of the first run: the snippets of the pages, and profiles."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from tests.pipeline.first_run import FirstRun
from tests.support.pages import snippet


def test_the_library_does_what_readme_shows(first: FirstRun, tmp_path: Path):
    """Run both snippets that need a project, with a prompt and an image that exist."""
    fingerprint = next(iter(first.project.trials()))
    Image.new("RGB", (40, 30), "white").save(tmp_path / "image.png")
    there = snippet('load("data/prompts').replace("FINGERPRINT", fingerprint)
    there = there.replace("image.png", str(tmp_path / "image.png"))
    done = first.project.python("-c", there + snippet("result = run("))
    assert done.code == 0, done.out
    answered, *epochs, ended = done.out.splitlines()
    assert re.fullmatch(r"\[Answer\(name='\d', confidence=[01]\.\d+\)\]", answered)
    assert len(epochs) == 5
    assert re.fullmatch(r"0\.\d+ torch\.Size\(\[3, 32, 4\]\)", ended)


@pytest.mark.slow
def test_a_trial_can_be_profiled_where_it_ran(first: FirstRun):
    done = first.project.python("-m", "flows.profile", "adavipro", "p=8", "s=8", "·", "lp")
    assert done.code == 0, done.out
    assert done.out.startswith("adavipro p=8 s=8 · lp · digits · seed 0, fp32, batch 64, cpu\n")
    assert re.search(r"images per core-second: \d+% of the limit", done.out)
    assert "aten::" in done.out


def test_a_profile_of_no_trial_names_those_there_are(first: FirstRun):
    done = first.project.python("-m", "flows.profile", "no such")
    assert done.code == 2
    assert "no trial's name holds 'no such'" in done.out
    assert "lor_vp r=1 · ilm" in done.out
