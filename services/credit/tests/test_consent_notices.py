"""The notice that is read before consenting: its texts by version and purpose, published by two."""

import pytest

from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, StateConflict
from fivered.services.credit.errors import (
    NoticeDayPast,
    NoticeNotPublished,
    NoticeOutdated,
    NoticeVersionTaken,
    SameAsProposer,
)
from fivered.services.credit.fields import PURPOSES
from fivered.services.credit.tests import stage

TEXTS = [
    {"purpose": purpose, "text": f"用途说明:{purpose}", "text_en": f"What {purpose} is for"}
    for purpose in PURPOSES
]


def propose(bench, version, first, *, person="per_author", **more):
    body = {"notice_version": version, "effective_from": first, "texts": TEXTS} | more
    return bench.as_("R_DISTRICT", person=person).do("propose_consent_notice", body)


def approve(bench, made, *, person="per_lead", role="R_DISTRICT_LEAD", scope="370811"):
    asked = {"consent_notice_id": made["id"]}
    bench.as_(role, person=person, scope=scope)
    return bench.do("approve_consent_notice", asked, version=made["version"])


def publish(bench, version, first):
    return approve(bench, propose(bench, version, first))


def listed(bench, **asked):
    return bench.ask("consent_notices", asked)["items"]


def consent(bench, person, version):
    bench.as_("R_RESIDENT", person=person, scope=stage.GRID)
    return bench.do("grant_consent", {"notice_version": version, "purposes": ["SCORING"]})


def refused(bench, kind, version):
    with pytest.raises(kind) as told:
        consent(bench, "per_a", version)
    assert told.value.params["version"] == version
    return told.value.params["current"]


@pytest.mark.covers("REQ-L01")
def test_a_consent_names_the_version_that_is_published_and_in_force_that_day(bench):
    """Until one is, the number of the setting counts, and nobody can say what others were."""
    bench.at("2025-02-03T09:00")
    for person in ("per_a", "per_b"):
        stage.register(bench, person)
    assert refused(bench, NoticeOutdated, "2019.1") == "2025.1"
    made = propose(bench, "2025.2", "2025-03-01")
    assert refused(bench, NoticeOutdated, "2025.2") == "2025.1"
    # The texts of the number in force are published under it: what was consented to stays so.
    consent(bench, "per_b", "2025.1")
    publish(bench, "2025.1", "2025-02-03")
    approve(bench, made)
    assert refused(bench, NoticeNotPublished, "2025.2") == "2025.1"
    assert refused(bench, NoticeNotPublished, "2019.1") == "2025.1"
    assert consent(bench, "per_a", "2025.1")["state"] == "GRANTED"
    # The local day begins while it is still the day before in UTC.
    bench.at("2025-03-01T00:10")
    assert refused(bench, NoticeOutdated, "2025.1") == "2025.2"
    told = bench.ask("me")
    assert (told["notice_version"], told["consents"][0]["notice_version"]) == ("2025.2", "2025.1")
    assert bench.ask("rules")["notice_version"] == "2025.2"
    # A later one that begins on the same day takes its place.
    publish(bench, "2025.3", "2025-03-01")
    assert refused(bench, NoticeOutdated, "2025.2") == "2025.3"
    assert consent(bench, "per_a", "2025.3")["version"] == 2


@pytest.mark.covers("REQ-L01")
def test_everybody_reads_what_is_published_and_only_the_district_what_is_not(bench):
    bench.at("2025-02-03T09:00")
    publish(bench, "2025.2", "2025-02-03")
    later = publish(bench, "2025.3", "2025-04-01")
    open_one = propose(bench, "2025.4", "2025-05-01")
    assert [one["notice_version"] for one in listed(bench)] == ["2025.4", "2025.3", "2025.2"]
    assert [one["proposed_by"] for one in listed(bench, state="PROPOSED")] == ["per_author"]
    bench.as_("R_DISTRICT", person="per_far", scope="370812")
    assert [one["notice_version"] for one in listed(bench)] == ["2025.3", "2025.2"]
    for role, scope in (("PUBLIC", ""), ("R_RESIDENT", stage.GRID), ("R_STREET", "370811015")):
        bench.as_(role, person="", scope=scope)
        shown = listed(bench)
        assert [(one["notice_version"], one["in_force"]) for one in shown] == [
            ("2025.3", False),
            ("2025.2", True),
        ]
        assert not {"proposed_by", "decided_by", "reason"} & {name for one in shown for name in one}
        assert listed(bench, state="PROPOSED") == []
        for key in ("2025.4", open_one["id"], "2025.9"):
            with pytest.raises(NotFound):
                bench.ask("consent_notice", {"consent_notice_id": key})
            with pytest.raises(NotFound):
                asked = {"consent_notice_id": key, "purpose": "POINTS"}
                bench.ask("consent_notice_of_purpose", asked)
    whole = bench.ask("consent_notice", {"consent_notice_id": "2025.3"})
    assert (whole["id"], whole["texts"]) == (later["id"], TEXTS)
    one = bench.ask(
        "consent_notice_of_purpose", {"consent_notice_id": "2025.2", "purpose": "POINTS"}
    )
    assert (
        one
        == {"notice_version": "2025.2", "effective_from": "2025-02-03", "in_force": True} | TEXTS[1]
    )


def test_two_of_the_district_publish_a_version_and_its_number_is_used_once(bench):
    bench.at("2025-02-03T09:00")
    with pytest.raises(NoticeDayPast):
        propose(bench, "2025.2", "2025-02-02")
    for wrong in (TEXTS[:3], [*TEXTS[:3], TEXTS[0]], [*TEXTS, TEXTS[0]]):
        with pytest.raises(Invalid) as told:
            propose(bench, "2025.2", "2025-02-03", texts=wrong)
        assert told.value.field == "texts"
    with pytest.raises(Invalid) as told:
        propose(bench, "2025.2", "2025-02-30")
    assert told.value.field == "effective_from"
    with pytest.raises(RoleDenied):
        bench.as_("R_DISTRICT", person="per_x", scope="370811015").do(
            "propose_consent_notice",
            {"notice_version": "2025.2", "effective_from": "2025-02-03", "texts": TEXTS},
        )
    made = propose(bench, "2025.2", "2025-02-03")
    with pytest.raises(NoticeVersionTaken):
        propose(bench, "2025.2", "2025-02-04")
    with pytest.raises(SameAsProposer):
        approve(bench, made, person="per_author", role="R_DISTRICT")
    with pytest.raises(NotFound):
        approve(bench, made, scope="370812")
    bench.as_("R_DISTRICT_LEAD", person="per_lead")
    why = {"consent_notice_id": made["id"], "reason": "未写明保存期限"}
    done = bench.do("reject_consent_notice", why, version=1)
    assert (done["state"], done["reason"], done["decided_by"]) == (
        "REJECTED",
        "未写明保存期限",
        "per_lead",
    )
    with pytest.raises(StateConflict):
        approve(bench, done)
    # What was rejected leaves its number; what nobody approved in time begins no more.
    again = propose(bench, "2025.2", "2025-02-03")
    bench.at("2025-02-04T00:30")
    with pytest.raises(NoticeDayPast):
        approve(bench, again)
    assert [one["state"] for one in listed(bench)] == ["PROPOSED", "REJECTED"]
