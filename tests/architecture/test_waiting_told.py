"""Whatever can wait for somebody has the message that says so, or the reason why it has none."""

import pytest

from deploy.waiting_told import TOLD, WHY
from fivered.chassis.bus import ways_of
from fivered.chassis.installed import service_class, service_names
from fivered.chassis.refusal import Sentence


@pytest.mark.parametrize("name", service_names())
def test_each_kind_that_waits_is_told_or_says_why_not(name):
    waits = {row.kind for row in service_class(name).waits}
    told = TOLD.get(name, {})
    assert waits - told.keys() == set(), "wait, and deploy/waiting_told.py does not know of them"
    assert told.keys() - waits == set(), "do not wait any more"


@pytest.mark.parametrize("name", service_names())
def test_each_message_of_what_waits_is_one_of_the_service(name):
    cls = service_class(name)
    known = {*cls.tells, *(kind for elsewhere in cls.told_elsewhere for kind in elsewhere.kinds)}
    for kind, how in TOLD.get(name, {}).items():
        if isinstance(how, str):
            assert how in WHY, kind
        else:
            assert how and known.issuperset(how), (kind, {*how} - known)


@pytest.mark.parametrize("name", service_names())
def test_what_waits_for_its_person_alone_has_a_message(name):
    """Who else would see it? A list that officials share is looked at every day, one's own is not."""
    cls = service_class(name)
    ways = ways_of(cls)
    for row in cls.waits:
        if "*" in ways.roles(row) or set(ways.roles(row)) == {"R_RESIDENT"}:
            assert TOLD[name][row.kind] != "DESK", row.kind


def test_each_reason_stands_in_both_languages_and_is_used():
    for text in WHY.values():
        assert Sentence(text).english
    used = {how for kinds in TOLD.values() for how in kinds.values() if isinstance(how, str)}
    assert used == WHY.keys()
