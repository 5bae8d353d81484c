"""Settings: what is wrong is named with its variable, before anything starts."""

import pytest

from chassis import broker, commands, logs
from chassis.settings import CommandFailed, ProcessSettings, SettingsError, read
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
