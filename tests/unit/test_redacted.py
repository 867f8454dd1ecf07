"""No password and no token in anything that is said."""

import pickle

import pytest

from lorvp.datasets.archives import Archive, fetch
from lorvp.errors import InputError
from lorvp.redacted import redacted

from .experiments import params

PLAIN = [
    "no secret here: https://host/a/b.zip?download=1&page=2 and a@b.org",
    "s3://bucket/lorvp, user/name, 10.0.0.5:6379",
    "there is no key 'key' here",
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
             "PREFECT_API_AUTH_STRING", "MY_PASSWORD"],
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
