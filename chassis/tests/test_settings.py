"""Settings: what is wrong is named with its variable, before anything starts."""

import pytest

from fivered.chassis import broker, commands, logs, setting_files
from fivered.chassis.settings import CommandFailed, ProcessSettings, SettingsError, misspelt, read
from testkit.bench import environment


@pytest.mark.parametrize(
    ("cls", "variable", "text", "told"),
    [
        (ProcessSettings, "FIVERED_HEALTH_PORT", "99999", "0 to 65535"),
        (ProcessSettings, "FIVERED_HEALTH_PORT", "-1", "0 to 65535"),
        (ProcessSettings, "FIVERED_BROKER_URL", "http://x", "amqp or amqps"),
        (ProcessSettings, "FIVERED_BROKER_URL", "localhost", "amqp or amqps"),
        (ProcessSettings, "FIVERED_BROKER_URL", "amqp://x:abc/", "its port is no number"),
        (ProcessSettings, "FIVERED_BROKER_URL", "amqp://u@x:1,y:abc/", "its port is no number"),
        (ProcessSettings, "FIVERED_DATABASE_POOL", "many", "'many' is no whole number"),
        (ProcessSettings, "FIVERED_WEBHOOK_HOSTS", "a.example,http://x", "'http://x' is no host"),
        (ProcessSettings, "FIVERED_WEBHOOK_HOSTS", "*.example.org", "is no host or host:port"),
        (ProcessSettings, "FIVERED_WEBHOOK_HOSTS", "a b", "is no host or host:port"),
        (ProcessSettings, "FIVERED_DEMO_START", "yesterday", "'yesterday' is no time like 2025-"),
    ],
)
def test_a_value_outside_its_limits_is_named_with_its_variable(cls, variable, text, told):
    """K19: a port gave a traceback, an address waited for a host that cannot be."""
    with pytest.raises(SettingsError) as wrong:
        read(cls, environment(cls) | {variable: text})
    (problem,) = wrong.value.problems
    assert problem.startswith(f"{variable} is wrong")
    assert told in problem


def test_a_level_that_is_none_is_named():
    with pytest.raises(SettingsError, match="FIVERED_LOG_LEVEL must be one of DEBUG"):
        logs.configure("unit", "LOUD")


def test_an_address_of_another_kind_of_database_is_named(monkeypatch):
    monkeypatch.setattr(commands, "service_class", lambda _name: None)
    monkeypatch.setenv("FIVERED_TOY_DATABASE_URL", "mysql://x")
    with pytest.raises(CommandFailed, match="FIVERED_TOY_DATABASE_URL is wrong"):
        commands.open_runtime("toy")


def test_an_address_may_name_the_nodes_of_a_cluster():
    url = "amqps://u:a%2Cb@one:5671,two,[::1]:5673/v%2Fh?x=1"
    assert read(ProcessSettings, environment(ProcessSettings) | {"FIVERED_BROKER_URL": url})
    each = [f"amqps://u:a%2Cb@{host}/v%2Fh?x=1" for host in ("one:5671", "two", "[::1]:5673")]
    addresses = broker.Addresses(url)
    asked = [addresses.next() for _ in range(6)]
    assert sorted(asked[:3]) == sorted(each)
    assert asked[3:] == asked[:3]
    assert broker.where(url) == "u@one:5671,two:5672,::1:5673, vhost v/h"


def test_a_file_of_settings_is_read_and_the_environment_stands_above_it(tmp_path):
    path = tmp_path / "credit.env"
    path.write_text("# of credit\n\nFIVERED_ACTOR_KEY=a=b\nFIVERED_BLOBS=/here\r\n")
    environ = {"FIVERED_SETTINGS": str(path), "FIVERED_BLOBS": "/there"}
    assert setting_files.found(environ) == {"FIVERED_ACTOR_KEY": "a=b"}
    # A second one beside it, which may be empty or say something else.
    for text, key in (("", "a=b"), ("FIVERED_ACTOR_KEY=c\n", "c")):
        (tmp_path / "more.env").write_text(text)
        environ["FIVERED_SETTINGS"] = f"{path}:{tmp_path / 'more.env'}"
        assert setting_files.found(environ) == {"FIVERED_ACTOR_KEY": key}


def test_a_folder_of_settings_is_read_as_a_secret_is_mounted(tmp_path):
    versions = tmp_path / "..2026_11_30"
    versions.mkdir()
    (versions / "FIVERED_ACTOR_KEY").write_text("key\n")
    (tmp_path / "..data").symlink_to(versions)
    (tmp_path / "FIVERED_ACTOR_KEY").symlink_to("..data/FIVERED_ACTOR_KEY")
    assert setting_files.found({"FIVERED_SETTINGS": str(tmp_path)}) == {"FIVERED_ACTOR_KEY": "key"}


def test_one_value_is_read_from_a_file_of_its_own(tmp_path):
    (tmp_path / "token").write_text("secret \n")
    environ = {"FIVERED_TOKEN_KEY_FILE": str(tmp_path / "token"), "OTHER_FILE": "/absent"}
    assert setting_files.found(environ) == {"FIVERED_TOKEN_KEY": "secret "}
    assert not misspelt(["FIVERED_TOKEN_KEY"], environ)


def test_every_file_that_cannot_be_read_is_named_and_nothing_that_it_holds(tmp_path):
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    (tmp_path / "lines").write_text("FIVERED_A=1\nhush\n")
    environ = {
        "FIVERED_SETTINGS": str(tmp_path / "lines"),
        "FIVERED_A_FILE": str(tmp_path / "bytes"),
        "FIVERED_B_FILE": str(tmp_path / "absent"),
        "FIVERED_C_FILE": str(tmp_path / "lines"),
        "FIVERED_C": "given",
    }
    with pytest.raises(SettingsError) as wrong:
        setting_files.found(environ)
    assert wrong.value.problems == [
        "FIVERED_A_FILE: is no UTF-8",
        f"FIVERED_B_FILE: {tmp_path}/absent: No such file or directory",
        "FIVERED_C and FIVERED_C_FILE are both set: one of them",
        f"FIVERED_SETTINGS: line 2 of {tmp_path}/lines is not NAME=value",
    ]
