"""The service keeps the rules of the house: migrations, contracts, texts, card, settings."""

import inspect
from pathlib import Path

import pytest

from fivered.chassis import contracts
from fivered.chassis.facts import read_in
from fivered.chassis.refusal import Refusal
from fivered.chassis.settings import SettingsError, read
from fivered.services.identity import errors, events
from fivered.services.identity.service import Identity
from fivered.services.identity.settings import IdentitySettings
from testkit.bench import assert_no_drift

HERE = Path(inspect.getfile(Identity)).parent


def test_the_migrated_database_is_the_one_that_the_code_means(bench):
    assert_no_drift(Identity, bench.runtime.engine)


def test_the_contracts_stand_beside_the_code():
    assert contracts.check(Identity).problems == []


def test_every_refusal_is_also_told_in_english():
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, Refusal) and kind.__module__ == errors.__name__:
            assert kind.text.english, name
            assert kind.text.count("{") == kind.text.english.count("{"), name


def test_the_card_names_what_is_said_and_heard():
    card = (HERE / "README.md").read_text("utf-8")
    for kind in Identity.publishes:
        assert f"`{kind.FACT}`" in card
    for kind in read_in(events):
        assert f"`{kind.SOURCE}.{kind.FACT}`" in card


def test_without_a_long_key_the_service_does_not_start():
    for environ in ({}, {"FIVERED_IDENTITY_KEY": "short"}):
        with pytest.raises(SettingsError, match="FIVERED_IDENTITY_KEY"):
            read(IdentitySettings, environ)
    assert "sesame" not in repr(read(IdentitySettings, {"FIVERED_IDENTITY_KEY": "sesame" * 6}))
