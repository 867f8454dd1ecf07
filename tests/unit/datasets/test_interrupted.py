"""A preparation that is killed leaves no half dataset, and the next one ends as if nothing were."""

import signal
import time

import pytest

from tests.support.datasets.command import Project
from tests.support.datasets.layouts import layout
from tests.support.datasets.making import offered
from tests.support.datasets.server import serving


@pytest.fixture
def server():
    with serving() as told:
        yield told


@pytest.fixture
def project(tmp_path, server):
    """Pets: two archives and images to decode."""
    made = Project(tmp_path / "project", tmp_path / "raw")
    archives = offered("oxford_pets", layout("oxford_pets"), server)
    made.asks_for(kind="oxford_pets", size=16, archives=archives)
    return made


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The bytes of a run to which nothing happened."""
    made = Project(tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("raw"))
    with serving() as server:
        archives = offered("oxford_pets", layout("oxford_pets"), server)
        made.asks_for(kind="oxford_pets", size=16, archives=archives)
        assert made.run() == 0, made.said
    return made.files()


def ends_well(project, server, undisturbed, downloads: dict[str, int]) -> None:
    """The next run does, with the same bytes, and asks for no more than it has to."""
    assert project.leftovers() == []
    assert project.run() == 0, project.said
    assert project.files() == undisturbed
    assert {name: server.asked.count(name) for name in server.files} == downloads
    assert "mine: 3 classes; images: 12 train, 3 val, 9 test" in project.said
    everything = list(project.raw.iterdir()) + list((project.root / "data/.work").iterdir())
    assert [path for path in everything if path.name[0] == "." or path.suffix == ".downloads"] == []


def test_killed_while_it_downloads(project, server, undisturbed):
    server.stalls.add("annotations.tar.gz")
    process = project.started()
    begun = lambda: list(project.raw.glob("*.downloads/tmp*"))  # noqa: E731
    while process.is_alive() and not ("annotations.tar.gz" in server.asked and begun()):
        time.sleep(0.01)
    assert process.is_alive(), project.said
    process.kill()
    process.join()
    assert project.raw_folders() == []
    server.stalls.clear()
    server.resume.set()
    ends_well(project, server, undisturbed, {"images.tar.gz": 1, "annotations.tar.gz": 2})


@pytest.mark.parametrize("member", [1, 20])
def test_killed_while_it_unpacks(project, server, undisturbed, member):
    assert project.run(dies=("tarfile:TarFile.makefile", member)) == -signal.SIGKILL
    assert project.raw_folders() == []
    ends_well(project, server, undisturbed, {"images.tar.gz": 1, "annotations.tar.gz": 1})


def test_killed_between_unpacking_and_cleaning_up(project, server, undisturbed):
    """The archives that lie beside what was in them, and may be as large, go with the next run."""
    # The first call clears what is left of the scratch folder, the next would the archives.
    assert project.run(dies=("lorvp.datasets.download:shutil.rmtree", 3)) == -signal.SIGKILL
    assert len(project.raw_folders()) == 1
    ends_well(project, server, undisturbed, {"images.tar.gz": 1, "annotations.tar.gz": 1})


@pytest.mark.parametrize("image", [1, 17])
def test_killed_while_it_decodes(project, server, undisturbed, image):
    assert project.run(dies=("lorvp.datasets.pixels.files:decode", image)) == -signal.SIGKILL
    assert len(project.raw_folders()) == 1
    ends_well(project, server, undisturbed, {"images.tar.gz": 1, "annotations.tar.gz": 1})


def test_killed_while_an_older_dataset_is_there(project, server, undisturbed):
    assert project.run() == 0, project.said
    archives = offered("oxford_pets", layout("oxford_pets"), server)
    project.asks_for(kind="oxford_pets", size=24, archives=archives)
    assert project.run(dies=("lorvp.datasets.pixels.files:decode", 5)) == -signal.SIGKILL
    assert project.files() == undisturbed


def test_two_processes_download_once(tmp_path, project, server, undisturbed):
    """Two datasets of the same raw files, prepared at once."""
    other = Project(tmp_path / "other", project.raw)
    other.root.mkdir()
    (other.root / "params.yaml").write_text((project.root / "params.yaml").read_text())
    server.stalls.add("images.tar.gz")
    first, second = project.started(), other.started()
    while not server.asked and first.is_alive():
        time.sleep(0.01)
    time.sleep(0.5)  # for the second to come to the same place; if it comes later, that is well
    assert server.asked == ["images.tar.gz"]
    server.resume.set()
    for process in (first, second):
        process.join(600)
    assert project.files() == other.files() == undisturbed
    assert server.asked == ["images.tar.gz", "annotations.tar.gz"]
