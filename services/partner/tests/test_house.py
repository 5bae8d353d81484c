"""The service keeps the rules of the house: migrations, contracts, texts, card, settings."""

import inspect
from pathlib import Path

import pytest

from fivered.chassis import contracts
from fivered.chassis.facts import read_in
from fivered.chassis.refusal import Refusal
from fivered.chassis.settings import SettingsError, read
from fivered.services.partner import errors, events
from fivered.services.partner.service import Partner
from fivered.services.partner.settings import PartnerSettings
from testkit.bench import assert_no_drift

HERE = Path(inspect.getfile(Partner)).parent


def test_the_migrated_database_is_the_one_that_the_code_means(bench):
    assert_no_drift(Partner, bench.runtime.engine)


def test_the_contracts_stand_beside_the_code():
    assert contracts.check(Partner).problems == []


def test_every_refusal_is_also_told_in_english():
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, Refusal) and kind.__module__ == errors.__name__:
            assert kind.text.english, name
            assert kind.text.count("{") == kind.text.english.count("{"), name


def test_the_card_names_what_is_said_and_heard():
    card = (HERE / "README.md").read_text("utf-8")
    for kind in Partner.publishes:
        assert f"`{kind.FACT}`" in card
    for kind in read_in(events):
        assert f"`{kind.SOURCE}.{kind.FACT}`" in card


@pytest.mark.covers("REQ-L07")
def test_no_fact_carries_a_name_or_a_number_of_a_person(town, barber, haircut):
    redemption_id = town.redeem(haircut)
    town.as_resident()
    town.bench.do("rate_redemption", {"redemption_id": redemption_id, "stars": 5})
    assert "巧云" not in str(town.bench.published())
    for kind in Partner.publishes:
        assert not {"name", "phone", "id_no"} & set(kind.__dataclass_fields__)


def test_without_a_long_voucher_key_the_service_does_not_start():
    for environ in ({}, {"FIVERED_PARTNER_VOUCHER_KEY": "short"}):
        with pytest.raises(SettingsError, match="FIVERED_PARTNER_VOUCHER_KEY"):
            read(PartnerSettings, environ)
    assert "secret" not in repr(
        read(PartnerSettings, {"FIVERED_PARTNER_VOUCHER_KEY": "secret" * 6})
    )
