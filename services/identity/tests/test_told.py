"""People hear of their account and their rights, and who has to decide hears that it waits."""

from datetime import timedelta

from fivered.chassis.messages import SELF
from fivered.services.identity.messages import TELLS
from fivered.services.identity.tests.conftest import COMMUNITY, DISTRICT, PASSWORD, STREET
from fivered.services.identity.tests.test_rights import ANA, decide, propose
from fivered.services.identity.tests.test_systems import BODY, as_district
from fivered.services.identity.tests.test_systems import moved as moved_system

ELSEWHERE = "198.51.100.9"


def told(house):
    """Return (kind, person) of what was said so far, and forget it."""
    rows = house.bench.rows("SELECT kind, person_id FROM told ORDER BY message_id")
    found = [(row["kind"], row["person_id"]) for row in rows]
    new = found[house.__dict__.get("seen", 0) :]
    house.seen = len(found)
    return sorted(new)


def with_account(house):
    """An account whose owner has signed in for the first time: it, its owner, the tokens."""
    made = as_district(house).do("create_account", {"login": "ana", "area": COMMUNITY})
    tokens = house.sign_in("ana", made["password"], new_password=PASSWORD)
    return made["id"], made["person_id"], tokens


def test_who_signs_in_from_where_the_account_has_not_been_is_told_of(house):
    _account, ana, first = with_account(house)
    # The first sign-in of all is nobody else's; the password was given by its owner just now.
    assert told(house) == [("PASSWORD_CHANGED", ana)]
    house.sign_in("ana")
    assert told(house) == []
    house.address = ELSEWHERE
    house.sign_in("ana")
    assert told(house) == [("SIGN_IN_NEW", ana)]
    # A place is new once; a device that shows its token is known wherever it goes.
    house.sign_in("ana")
    assert told(house) == []
    house.address = "192.0.2.77"
    house.sign_in("ana", refresh_token=first["refresh_token"])
    assert told(house) == []


def test_whose_token_is_used_twice_is_told_that_the_session_has_ended(house):
    _account, ana, first = with_account(house)
    later = house.refresh(first)
    house.refresh(later)
    told(house)
    house.time.pass_(minutes=5)
    try:
        house.refresh(first)
    except Exception as refused:
        assert type(refused).__name__ == "SessionEnded"
    assert told(house) == [("SESSION_REUSED", ana)]


def test_what_staff_do_to_an_account_is_told_to_whose_it_is_with_the_reason(house):
    which, ana, _tokens = with_account(house)
    account = as_district(house).ask("account", {"account_id": which})
    told(house)
    for step, kind in (
        ("lock_account", "ACCOUNT_LOCKED"), ("unlock_account", "ACCOUNT_UNLOCKED"),
        ("close_account", "ACCOUNT_CLOSED"), ("reset_account", "ACCOUNT_RESET"),
    ):  # fmt: skip
        body = {"account_id": account["id"], "reason": "手机遗失"}
        account = as_district(house).do(step, body, version=account["version"])
        assert told(house) == [(kind, ana)]
    house.bench.as_(SELF, person=ana, scope="")
    texts = [one["text_zh"] for one in house.bench.ask("_messages", {"limit": 50})["items"]]
    assert all("手机遗失" in text for text in texts if "理由" in text)
    # What leaves for a phone says no word that somebody wrote.
    house.bench.fire(house.bench.now)
    out = [m for e in house.bench.published("messages_told.v1") for m in e["data"]["messages"]]
    assert {"ACCOUNT_LOCKED", "ACCOUNT_RESET"} <= {one["kind"] for one in out}
    assert "手机遗失" not in str(out)


def test_a_right_waits_for_who_may_approve_it_and_both_hear_what_became_of_it(house):
    house.resident(ANA)
    zhou, qin = (house.first_day(login)["person_id"] for login in ("zhou", "qin"))
    told(house)
    grant = propose(house, by=zhou)
    assert told(house) == [("GRANT_ASKED", qin)]
    grant = decide(house, "approve_grant", grant, by=qin)
    assert told(house) == [("GRANT_APPROVED", zhou), ("RIGHT_GIVEN", ANA)]
    decide(house, "end_grant", grant, by=qin)
    assert told(house) == [("RIGHT_ENDED", ANA)]
    # What a street grants too waits for the street as well.
    meng = "per_meng"
    street = decide(house, "approve_grant", propose(house, by=zhou, person=_other(house, meng)),
                    by=qin)  # fmt: skip
    assert street["state"] == "ACTIVE"
    told(house)
    asked = propose(house, by=zhou, role="R_SECRETARY", scope=COMMUNITY)
    assert told(house) == sorted([("GRANT_ASKED", meng), ("GRANT_ASKED", qin)])
    decide(house, "refuse_grant", asked, by=qin)
    assert told(house) == [("GRANT_REFUSED", zhou)]


def _other(house, person):
    return house.resident(person)


def test_the_end_of_an_administrators_right_waits_for_a_second_person(house):
    house.resident(ANA)
    zhou, qin = (house.first_day(login)["person_id"] for login in ("zhou", "qin"))
    grant = propose(house, by=zhou, role="R_DISTRICT", scope=DISTRICT)
    grant = decide(house, "approve_grant", grant, by=qin)
    told(house)
    grant = decide(house, "end_grant", grant, by=zhou)
    assert told(house) == sorted([("GRANT_END_ASKED", qin), ("GRANT_END_ASKED", ANA)])
    grant = decide(house, "refuse_grant", grant, by=qin)
    assert told(house) == [("GRANT_END_REFUSED", zhou)]
    grant = decide(house, "end_grant", grant, by=zhou)
    told(house)
    decide(house, "end_grant", grant, by=qin)
    assert told(house) == [("GRANT_END_AGREED", zhou), ("RIGHT_ENDED", ANA)]


def test_a_service_account_waits_for_the_administrators_of_its_area(house):
    zhou, qin = (house.first_day(login)["person_id"] for login in ("zhou", "qin"))
    told(house)
    system = as_district(house, zhou).do("propose_service_account", BODY)
    assert told(house) == [("SYSTEM_ASKED", qin)]
    system = moved_system(house, "approve_service_account", system, qin)
    assert told(house) == [("SYSTEM_APPROVED", zhou)]
    moved_system(house, "end_service_account", system, qin, reason="合同到期")
    assert told(house) == [("SYSTEM_ENDED", zhou)]
    other = as_district(house, zhou).do("propose_service_account", BODY)
    told(house)
    moved_system(house, "refuse_service_account", other, qin, reason="用途不明")
    assert told(house) == [("SYSTEM_REFUSED", zhou)]


def test_an_authenticator_that_is_turned_on_is_told(house):
    _account, ana, tokens = with_account(house)
    told(house)
    house.with_factor(tokens)
    assert told(house) == [("FACTOR_ON", ana)]


def test_a_right_that_runs_out_is_told_two_weeks_before_and_once_it_has(house):
    house.resident(ANA)
    zhou, qin = (house.first_day(login)["person_id"] for login in ("zhou", "qin"))
    until = (house.bench.now + timedelta(days=40)).isoformat()
    decide(house, "approve_grant", propose(house, by=zhou, to_at=until), by=qin)
    told(house)
    seen = []
    for days in (20, 10, 2, 10, 5):
        house.bench.fire(house.bench.now + timedelta(days=days))
        seen.append(told(house))
    assert seen == [[], [("RIGHT_ENDS_SOON", ANA)], [], [("RIGHT_RAN_OUT", ANA)], []]


def test_a_phone_that_has_changed_is_told_to_who_has_an_account(house):
    _account, ana, _tokens = with_account(house)
    told(house)
    for person in ("per_without_account", ana):
        house.hear("steward", "sign_in_phone_ended", {"person_id": person, "code_ids": []})
    assert told(house) == [("SIGN_IN_PHONE_ENDED", ana)]


def test_every_text_says_in_both_languages_what_it_is_about():
    for kind, one in TELLS.items():
        assert one.text and one.text.english, kind
        assert STREET not in one.text
