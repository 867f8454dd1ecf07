"""Pictures of Prefect's pages as a person sees them, to be looked at.

    python -m tests.screenshots FOLDER     # of the server at PREFECT_API_URL, or on port 4200

Needs Playwright (`uv pip install playwright`) and Chromium: the system's, or Playwright's own.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.pipeline.api import ask

API = os.environ.get("PREFECT_API_URL", "http://127.0.0.1:4200/api")
SYSTEMS = shutil.which("chromium") or shutil.which("google-chrome")


def pages() -> Iterator[tuple[str, str]]:
    """A name and the end of an address for each page that is worth a look, the newest of its
    kind."""
    runs = ask(API, "/flow_runs/filter", sort="START_TIME_DESC")
    for run in {run["state_type"]: run for run in reversed(runs)}.values():
        yield f"run-{run['state_name'].lower()}", f"runs/flow-run/{run['id']}"
    tasks = ask(API, "/task_runs/filter", sort="EXPECTED_START_TIME_DESC")
    trials = [task for task in tasks if task["tags"]]
    for trial in {trial["state_type"]: trial for trial in reversed(trials)}.values():
        yield f"trial-{trial['state_name'].lower()}", f"runs/task-run/{trial['id']}"
    artifacts = ask(API, "/artifacts/filter", sort="UPDATED_DESC")
    for artifact in {a["key"]: a for a in reversed(artifacts) if a["key"]}.values():
        yield f"artifact-{artifact['key']}", f"artifacts/artifact/{artifact['id']}"
    for deployment in ask(API, "/deployments/filter")[:1]:
        yield "deployment", f"deployments/deployment/{deployment['id']}"
        yield "form", f"deployments/deployment/{deployment['id']}/run"


def save(page: Page, address: str, file: Path) -> None:
    page.goto(f"{API.removesuffix('/api')}/{address}")
    page.wait_for_timeout(5000)  # the pages ask for more, again and again
    page.screenshot(path=file)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=SYSTEMS, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 1100})
        for name, address in pages():
            save(page, address, folder / f"{name}.png")
            print(folder / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
