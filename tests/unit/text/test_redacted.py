"""No password and no token in anything that is said."""

import logging
import pickle
from pathlib import Path

import pytest

import lorvp
from lorvp.datasets.download import Archive, fetch
from lorvp.errors import InputError
from lorvp.experiment.overrides import changed
from lorvp.experiment.params import read
from lorvp.files import strict_json
from lorvp.text.redacted import redacted
from tasks.prefect_server.users import _require_answer
from tasks.runners.share import DATASET_KIND, Share
from tasks.settings import TrackingConfig
from tasks.tracking.tracker import track
from tasks.tracking.wandb_key import hide_key
from tasks.worker import log as trial_logs
from tests.support.experiments import params

PLAIN = [
    "no secret here: https://host/a/b.zip?download=1&page=2 and a@b.org",
    "s3://bucket/lorvp, user/name, 10.0.0.5:6379",
    "there is no key 'key' here",
    "basic residual blocks, hf_hub_download, a bearer of messages",
]
HIDDEN = [
    ("https://user:hunter2@host/x", "https://***@host/x"),
    ("http://hunter2@host:4200/api", "http://***@host:4200/api"),
    ("postgresql+asyncpg://me:hunter2@host:5432/prefect", "postgresql+asyncpg://***@host:5432/prefect"),
    ("https://u:p@ss:hunter2@host/x", "https://***@host/x"),
    ("two: http://a:hunter2@x/, ftp://b:hunter2@y/.", "two: http://***@x/, ftp://***@y/."),
    ("https://h/x?token=hunter2&page=2", "https://h/x?token=***&page=2"),
    ("https://h/x?X-Amz-Signature=hunter2", "https://h/x?X-Amz-Signature=***"),
    ("https://h/x?page=2&access_key=hunter2 is gone", "https://h/x?page=2&access_key=*** is gone"),
    ("s3://key:hunter2@bucket/lorvp", "s3://***@bucket/lorvp"),
    ("simplecache::s3://key:hunter2@bucket", "simplecache::s3://***@bucket"),
    ("Authorization: Bearer hunter2hunter2", "Authorization: Bearer ***"),
    ("login hf_hunter2hunter2hunter2, gone", "login hf_***, gone"),
    ("pnu_hunter2hunter2hunter2", "pnu_***"),
    ("wandb_v1_hunter2hunter2hunter2", "wandb_v1_***"),
    ("https://h/x?sv=1&sig=hunter2", "https://h/x?sv=1&sig=***"),
]  # fmt: skip


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_secret_is_left_alone(text):
    assert redacted(text) == text


@pytest.mark.parametrize(("text", "expected"), HIDDEN)
def test_the_user_of_an_address_and_tokens_in_it_are_hidden(text, expected):
    assert redacted(text) == expected
    assert redacted(expected) == expected


@pytest.mark.parametrize(
    "name", ["HF_TOKEN", "WANDB_API_KEY", "PREFECT_API_KEY", "AWS_SECRET_ACCESS_KEY",
             "PREFECT_API_AUTH_STRING", "AZURE_STORAGE_CONNECTION_STRING",
             "MY_PASSWORD"],
)  # fmt: skip
def test_values_of_the_environments_secrets_are_hidden(monkeypatch, name):
    monkeypatch.setenv(name, "hunter2-hunter2")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "certainly")
    assert redacted("asked with hunter2-hunter2, certainly") == "asked with ***, certainly"
    assert str(InputError("hunter2-hunter2 is wrong")) == "*** is wrong"


def test_an_error_is_the_same_in_another_process():
    error = InputError("https://user:hunter2@host is wrong")
    assert str(pickle.loads(pickle.dumps(error))) == str(error) == "https://***@host is wrong"


@pytest.mark.parametrize("extra", ["", "x" * 500])
def test_params_that_are_wrong_do_not_show_theirs(message, extra):
    secret = f"https://user:hunter2{extra}@host/x.zip"
    text = params() + f"compute: {{share: '{secret}', cluster: ['{secret}']}}\n'{secret}': 1\n"
    told = message(text)
    assert "compute.cluster" in told
    assert "hunter2" not in told


def test_an_archive_that_cannot_be_had_does_not_show_its(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("LORVP_RAW", str(tmp_path))
    url = "http://user:hunter2@127.0.0.1:1/x.zip?token=hunter2"
    with pytest.raises(InputError) as told:
        fetch("own", [Archive(url=url)])
    said = capfd.readouterr()
    assert "127.0.0.1:1/x.zip" in str(told.value)
    assert "hunter2" not in str(told.value) + said.out + said.err


SECRET = "hunter2-hunter2-hunter2"
ADDRESS = f"http://me:{SECRET}@127.0.0.1:1"
SAYINGS = {
    "share": lambda: Share(f"memory://me:{SECRET}@bucket").get_folder(
        DATASET_KIND, "x", Path("/proc/none")
    ),
    "server": lambda: _require_answer(f"{ADDRESS}/api?token={SECRET}", ADDRESS, SECRET),
    "form": lambda: changed({"grid": {}}, {"methods": ADDRESS, ADDRESS: 1}),
    "params": lambda: read(Path(f"{SECRET}.yaml")),
    "JSON": lambda: strict_json.read(Path(f"/none/{SECRET}.json")),
    "archive": lambda: fetch("own", [Archive(url=f"{ADDRESS}/x.zip?sig={SECRET}")]),
    "bundle": lambda: lorvp.load(f"/none/{ADDRESS}"),
}


@pytest.mark.parametrize("saying", SAYINGS.values(), ids=SAYINGS)
def test_no_message_tells_a_secret(tmp_path, monkeypatch, capfd, caplog, saying):
    monkeypatch.setenv("LORVP_RAW", str(tmp_path))
    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    with pytest.raises(Exception) as told:  # noqa: PT011 - whatever it is, it is told
        saying()
    said = capfd.readouterr()
    for text in (str(told.value), said.out, said.err, caplog.text):
        assert "hunter2" not in text


def test_a_trials_log_hides_what_other_libraries_say(tmp_path, monkeypatch):
    monkeypatch.setattr(trial_logs, "FOLDER", tmp_path)

    def trial():
        with trial_logs.own_log("x") as log:
            log.info("from %s", ADDRESS)
            raise OSError(f"s3://key:{SECRET}@bucket is gone")

    with pytest.raises(OSError, match="is gone"):
        trial()
    written = (tmp_path / "x.log").read_text()
    assert "s3://***@bucket is gone" in written
    assert "from http://***@127.0.0.1:1" in written
    assert "hunter2" not in written


KEY = "0123456789abcdef" * 2 + "01234567"
"""Of the form that W&B gave out first, which is also that of a commit."""
LOGINS = {
    ".netrc": f"machine api.wandb.ai\n  login user\n  password {KEY}\n",
    "_netrc": f"machine wandb.example.org login user password {KEY}\n",
    "elsewhere": f"machine x.org login a password short\nmachine y.org login a password {KEY}\n",
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(lorvp.text.redacted, "_hidden", set())
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    return tmp_path


@pytest.mark.parametrize("name", LOGINS)
def test_the_key_that_wandb_login_wrote_is_hidden_once_wandb_is_used(home, monkeypatch, name):
    (home / name).write_text(LOGINS[name])
    if name == "elsewhere":
        monkeypatch.setenv("NETRC", str(home / name))
    assert redacted(f"key {KEY} in short") == f"key {KEY} in short", "nobody has read it yet"
    log = logging.getLogger("lorvp.test")
    broken = TrackingConfig(wandb="offline")
    monkeypatch.setattr("tasks.tracking.wandb_trial.start", lambda *what: 1 / 0)
    with track(None, broken, log):  # type: ignore[arg-type]
        pass
    assert redacted(f"key {KEY} in short") == "key *** in short"
    assert str(InputError(f"no: {KEY}")) == "no: ***"


@pytest.mark.parametrize("content", [b"", b"machine", b"\xff\xfe", b"machine a password", None])
def test_a_file_of_logins_that_is_none_hides_nothing_and_stops_nothing(home, content):
    if content is not None:
        (home / ".netrc").write_bytes(content)
    hide_key()
    assert redacted("machine a password") == "machine a password"


def test_who_tracks_nothing_has_no_file_of_logins_read(home):
    (home / ".netrc").write_text(LOGINS[".netrc"])
    with track(None, TrackingConfig(), logging.getLogger("lorvp.test")):  # type: ignore[arg-type]
        pass
    assert lorvp.text.redacted._hidden == set()
