"""Sign in by a code that steward has sent to a phone, of which nothing but a digest is known."""

import hashlib
import hmac
import itertools
from datetime import timedelta

import pytest

from fivered.services.identity.errors import (
    AccountExists,
    CodeRequired,
    FactorFirst,
    LoginTaken,
    OwnAccount,
    PersonHasAccount,
    PersonHasAccountElsewhere,
    PhoneCodeFailed,
    SessionEnded,
    SignInFailed,
    TooManyTries,
)
from fivered.services.identity.storage.tables import accounts
from fivered.services.identity.tests.conftest import COMMUNITY, GRID, HOME, PASSWORD

TOKEN = "f" * 64
NUMBERS = itertools.count(1)


def made(house, person="per_ana", code="492039", **more):
    """Hear of a code. Returns the id of its request."""
    code_id = f"cod_{next(NUMBERS)}"
    tell(house, code_id, person, code, **more)
    return f"{code_id}.{TOKEN}"


def tell(house, code_id, person, code, minutes=5):
    digest = hmac.new(TOKEN.encode(), code.encode(), hashlib.sha256).hexdigest()
    until = house.time.at + timedelta(minutes=minutes)
    data = {"code_id": code_id, "person_id": person, "digest": digest, "until": until.isoformat()}
    house.hear("steward", "sign_in_code_made", data, subject=code_id)


def come(house, request_id, phone_code="492039", key=None, **more):
    body = {"request_id": request_id, "phone_code": phone_code} | more
    return house.anybody().do("sign_in_by_phone", body, key=key)


def fails(house, *given, **more):
    with pytest.raises(PhoneCodeFailed) as refused:
        come(house, *given, **more)
    return str(refused.value), refused.value.field, *refused.value.params


def active(house, login="ana", person="per_ana"):
    """Give a resident an account by a code on paper. Returns the tokens."""
    house.as_("R_GRID", "per_grid", GRID)
    code = house.bench.do("enrol", {"person_id": person})["code"]
    return house.anybody().do("activate", {"code": code, "login": login, "password": PASSWORD})


def test_a_resident_signs_in_once_by_a_code_and_has_an_account_from_then_on(house):
    house.resident()
    request = made(house)
    tokens = come(house, request, key="one", device="手机")
    assert house.read(tokens)["grants"] == [{"role": "R_RESIDENT", "scope": GRID}]
    # The answer was lost: the same call is the same session; another one is too late.
    assert come(house, request, key="one", device="手机")["id"] == tokens["id"]
    fails(house, request)
    me = house.self_(tokens).ask("me")
    assert (me["person_id"], me["kind"]) == ("per_ana", "RESIDENT")
    assert come(house, made(house))["person_id"] == "per_ana"
    assert len(house.bench.rows("SELECT * FROM accounts")) == 1
    # No password was ever set, so none opens it.
    with pytest.raises(SignInFailed):
        house.sign_in(me["login"], "")
    assert "492039" not in str(house.bench.rows("SELECT * FROM phone_codes"))


def test_who_has_an_account_keeps_it(house):
    house.resident()
    first = active(house)
    tokens = come(house, made(house))
    assert house.self_(tokens).ask("me")["login"] == "ana"
    assert house.refresh(first)
    assert house.sign_in("ana")["person_id"] == "per_ana"


def test_wrong_not_yet_over_and_of_nobody_are_told_alike(house):
    house.resident()
    wrong = made(house)
    over = made(house)
    house.time.pass_(minutes=5)
    stranger = made(house, person="per_unknown")
    told = {
        fails(house, f"cod_nothing.{TOKEN}"),
        fails(house, over),
        fails(house, wrong, "000000"),
        fails(house, stranger),
        fails(house, "cod_nothing"),
        fails(house, made(house).replace(TOKEN, "e" * 64)),
    }
    assert len(told) == 1


def test_a_try_before_the_fact_has_come_burns_nothing(house):
    house.resident()
    fails(house, f"cod_late.{TOKEN}")
    tell(house, "cod_late", "per_ana", "492039")
    assert come(house, f"cod_late.{TOKEN}")
    # Told twice, it is one code, and it was used.
    tell(house, "cod_late", "per_ana", "492039")
    fails(house, f"cod_late.{TOKEN}")


def test_a_code_has_five_tries_from_wherever_they_come(house):
    house.resident()
    request = made(house)
    for number in range(5):
        house.address = f"198.51.100.{number}"
        fails(house, request, "000000")
    house.address = HOME
    fails(house, request)
    assert come(house, made(house))


@pytest.mark.parametrize("known", [True, False])
def test_who_tries_in_vain_waits_whether_there_is_such_a_code_or_not(house, known):
    house.resident()
    request = made(house) if known else f"cod_nothing.{TOKEN}"
    for _ in range(5):
        fails(house, request, "000000")
    with pytest.raises(TooManyTries) as refused:
        come(house, request)
    assert refused.value.params == {"seconds": 5}


def test_of_one_address_codes_of_many_requests_are_not_guessed(house):
    """Fifty of one address, of passwords and codes together; who was known is let through."""
    house.resident()
    before = active(house)
    for number in range(30):
        fails(house, f"cod_guess{number}.{TOKEN}", "000000")
    for number in range(20):
        with pytest.raises(SignInFailed):
            house.sign_in(f"name{number}", "wrong password")
    with pytest.raises(TooManyTries):
        come(house, made(house))
    with pytest.raises(TooManyTries):
        come(house, made(house), refresh_token="none of ours")
    assert come(house, made(house), refresh_token=before["refresh_token"])


def test_who_has_an_authenticator_shows_its_code_too(house):
    house.resident()
    otp, _ = house.with_factor(active(house))
    request = made(house)
    with pytest.raises(CodeRequired):
        come(house, request)
    with pytest.raises(SignInFailed):
        come(house, request, code="000000")
    house.time.pass_(seconds=30)
    tokens = come(house, request, code=otp.at(house.time.at))
    assert tokens["second_factor"] == "ON"
    assert [one["role"] for one in tokens["rights"]] == ["R_RESIDENT"]
    fails(house, request, code=otp.at(house.time.at))


def steward(house, person="per_ana"):
    data = {"steward_id": "stw_1", "person_id": person, "community": COMMUNITY, "duty": "SENIOR"}
    house.hear("steward", "steward_enrolled", data)


def test_a_phone_alone_opens_no_right_of_staff(house):
    house.resident()
    active(house)
    early = come(house, made(house))
    steward(house)
    with pytest.raises(FactorFirst):
        come(house, made(house))
    # Nor does who came by phone before turn an authenticator on, to have them by that.
    with pytest.raises(FactorFirst):
        house.self_(early).do("begin_factor")
    assert [one["role"] for one in house.refresh(early)["rights"]] == ["R_RESIDENT"]
    otp, _ = house.with_factor(house.sign_in("ana"))
    house.time.pass_(seconds=30)
    told = come(house, made(house), code=otp.at(house.time.at))
    assert {one["role"] for one in told["rights"]} == {"R_RESIDENT", "R_STEWARD"}


def test_an_account_of_staff_needs_its_authenticator_first(house):
    house.hear("steward", "person_registered", {"person_id": "per_wu"})
    house.as_("R_DISTRICT", "per_boss", "370811")
    body = {"login": "wuwei", "area": COMMUNITY, "person_id": "per_wu"}
    once = house.bench.do("create_account", body)
    with pytest.raises(FactorFirst):
        come(house, made(house, person="per_wu"))
    tokens = house.sign_in("wuwei", once["password"], new_password=PASSWORD)
    otp, _ = house.with_factor(tokens)
    house.time.pass_(seconds=30)
    assert come(house, made(house, person="per_wu"), code=otp.at(house.time.at))


def roles(tokens):
    return sorted(one["role"] for one in tokens["rights"])


def test_an_authenticator_given_out_by_phone_opens_no_right_of_staff(house):
    """Whoever has the phone while its person is a resident may turn one on, and wait for a post."""
    house.resident()
    active(house)
    early = come(house, made(house))
    otp, _ = house.with_factor(early)
    early = house.refresh(early)
    steward(house)
    early = house.refresh(early)
    assert roles(early) == ["R_RESIDENT"]
    # The session ends when one of staff would, and another one does not begin so.
    assert early["session_ends_at"] == (house.time.at + timedelta(hours=12)).isoformat()
    house.time.pass_(seconds=30)
    with pytest.raises(FactorFirst):
        come(house, made(house), code=otp.at(house.time.at))
    # With the password, which no phone tells, it is as good as any.
    assert roles(house.sign_in("ana", code=otp.at(house.time.at))) == ["R_RESIDENT", "R_STEWARD"]
    house.time.pass_(hours=12)
    with pytest.raises(SessionEnded):
        house.refresh(early)
    assert house.self_(early).ask("my_sessions")["items"] == []


def test_a_residents_long_session_does_not_become_one_of_staff(house):
    """One that is older than one of staff may be ends when the right begins, by whatever way."""
    house.resident()
    old = active(house)
    house.time.pass_(hours=13)
    old = house.refresh(old)
    young = house.sign_in("ana")
    house.with_factor(young)
    young = house.refresh(young)
    steward(house)
    with pytest.raises(SessionEnded):
        house.refresh(old)
    assert roles(house.refresh(young)) == ["R_RESIDENT", "R_STEWARD"]


def test_a_phone_that_is_the_persons_no_more_opens_nothing(house):
    house.resident()
    house.resident("per_bao")
    by_paper = active(house)
    by_phone, others = come(house, made(house)), come(house, made(house, person="per_bao"))
    known, late = made(house), f"cod_{next(NUMBERS)}.{TOKEN}"
    codes = [one.partition(".")[0] for one in (known, late)]
    data = {"person_id": "per_ana", "code_ids": codes}
    house.hear("steward", "sign_in_phone_ended", data, sequence=2)
    with pytest.raises(SessionEnded):
        house.refresh(by_phone)
    assert house.endings("SESSION") == [(by_phone["id"], 0)]
    # A code may be heard of behind the fact that it counts no more: they go different ways.
    tell(house, codes[1], "per_ana", "492039")
    fails(house, known)
    fails(house, late)
    assert house.refresh(by_paper)
    assert house.refresh(others)
    assert come(house, made(house))


def on_paper(house, login):
    house.as_("R_GRID", "per_grid", GRID)
    code = house.bench.do("enrol", {"person_id": "per_ana"})["code"]
    return {"code": code, "login": login, "password": PASSWORD}


def test_the_login_chosen_with_a_code_on_paper_counts(house):
    """Who came by phone first has one that nobody chose; it was kept, and the chosen one lost."""
    house.resident()
    house.resident("per_bao")
    active(house, "bao", "per_bao")
    made_up = come(house, made(house))["login"]
    paper = on_paper(house, "Bao")
    with pytest.raises(LoginTaken) as refused:
        house.anybody().do("activate", paper)
    assert refused.value.params == {"login": "Bao", "own": made_up}
    # The code was not used up by that.
    told = house.anybody().do("activate", paper | {"login": "Ana"})
    assert (told["login"], told["person_id"]) == ("ana", "per_ana")
    assert house.sign_in("ana")["login"] == "ana"
    with pytest.raises(SignInFailed):
        house.sign_in(made_up)
    # The one that is there already may be said again, or be changed.
    for login in ("ana", "ana.too"):
        paper = on_paper(house, login) | {"password": f"another sentence {len(login)}"}
        assert house.anybody().do("activate", paper)["login"] == login
    assert house.sign_in("ana.too", "another sentence 7")


def test_who_came_by_phone_first_is_given_an_account_of_staff(house):
    house.resident()
    house.resident("per_bao")
    active(house, "bao", "per_bao")
    tokens = come(house, made(house))
    otp, _ = house.with_factor(tokens)
    steward(house)
    with pytest.raises(FactorFirst):
        come(house, made(house), code=otp.at(house.time.at))
    body = {"login": "ana", "area": COMMUNITY, "person_id": "per_ana"}
    # Who does not administer it learns neither its id nor its name.
    narrow = house.as_("R_SECRETARY", "per_boss", COMMUNITY)
    with house.bench.transaction() as tx:
        tx.conn.execute(accounts.update().values(area="370811001001001"))
    with pytest.raises(PersonHasAccountElsewhere) as refused:
        narrow.do("create_account", body)
    assert refused.value.params == {}
    with house.bench.transaction() as tx:
        tx.conn.execute(accounts.update().values(area=GRID))
    with pytest.raises(OwnAccount):
        house.as_("R_SECRETARY", "per_ana", COMMUNITY).do("create_account", body)
    boss = house.as_("R_SECRETARY", "per_boss", COMMUNITY)
    with pytest.raises(AccountExists):
        boss.do("create_account", body | {"login": "bao"})
    once = boss.do("create_account", body, key="one")
    assert (once["login"], once["person_id"]) == ("ana", "per_ana")
    # The answer was lost: another password, for the same account.
    once = boss.do("create_account", body, key="one")
    with pytest.raises(PersonHasAccount) as refused:
        boss.do("create_account", body)
    assert refused.value.params == {"account_id": once["id"], "login": "ana"}
    # As after a reset: what the phone has opened is over, its authenticator too.
    with pytest.raises(SessionEnded):
        house.refresh(tokens)
    tokens = house.sign_in("ana", once["password"], new_password=PASSWORD)
    otp, _ = house.with_factor(tokens)
    assert roles(house.refresh(tokens)) == ["R_RESIDENT", "R_STEWARD"]
    house.time.pass_(seconds=30)
    told = come(house, made(house), code=otp.at(house.time.at))
    assert roles(told) == ["R_RESIDENT", "R_STEWARD"]


def died(house):
    data = {"person_id": "per_ana", "reason": "DECEASED"}
    house.hear("steward", "resident_deactivated", data, sequence=2)


def left(house):
    data = {"person_id": "per_ana", "reason": "MOVED_OUT"}
    house.hear("steward", "resident_deactivated", data, sequence=2)


def was_erased(house):
    left(house)
    house.hear("steward", "person_erased", {"person_id": "per_ana"}, sequence=3)


def was_locked(house):
    house.as_("R_SECRETARY", "per_boss", COMMUNITY)
    (one,) = house.bench.rows("SELECT account_id, version FROM accounts")
    body = {"account_id": one["account_id"], "reason": "手机遗失"}
    house.bench.do("lock_account", body, version=one["version"])


@pytest.mark.parametrize("account", [True, False])
@pytest.mark.parametrize("happened", [died, left, was_erased])
def test_what_has_happened_since_the_code_was_sent_counts(house, happened, account):
    house.resident()
    if account:
        active(house)
    request = made(house)
    happened(house)
    fails(house, request)
    # Nor does a code that is told of late.
    fails(house, made(house))
    if not account:
        assert house.bench.rows("SELECT * FROM accounts") == []


def test_a_locked_account_is_opened_by_no_phone(house):
    house.resident()
    active(house)
    request = made(house)
    was_locked(house)
    fails(house, request)


def test_who_was_registered_twice_signs_in_as_the_one_that_stays(house):
    house.resident()
    house.resident("per_kept")
    request = made(house)
    house.hear("steward", "person_merged", {"person_id": "per_ana", "into": "per_kept"}, sequence=2)
    assert come(house, request)["person_id"] == "per_kept"
    # A code of the id that was given up, said before the merge was heard of there.
    assert come(house, made(house))["person_id"] == "per_kept"


def test_who_lives_in_no_grid_and_has_no_account_gets_none(house):
    house.hear("steward", "person_registered", {"person_id": "per_wu"})
    fails(house, made(house, person="per_wu"))
    assert house.bench.rows("SELECT * FROM accounts") == []
