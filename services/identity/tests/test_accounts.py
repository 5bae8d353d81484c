"""Accounts of staff, and codes on paper for residents."""

import hashlib

import pytest

from fivered.chassis.refusal import NotFound, RoleDenied, StateConflict, VersionConflict
from fivered.services.identity.errors import (
    AccountAbove,
    AccountExists,
    EnrolmentUnusable,
    NotYours,
    OnceUsed,
    OwnAccount,
    PersonHasAccount,
    SessionEnded,
    SignInFailed,
    StaffAccount,
    UnknownPerson,
)
from fivered.services.identity.storage.tables import enrolments
from fivered.services.identity.tests.conftest import (
    COMMUNITY,
    DISTRICT,
    GRID,
    OTHER_GRID,
    PASSWORD,
    STREET,
)


def as_district(house, person="per_boss"):
    return house.as_("R_DISTRICT", person, DISTRICT)


def as_grid_worker(house, person="per_shi", scope=COMMUNITY):
    return house.as_("R_GRID", person, scope)


def moved(house, step, account, **body):
    body = {"account_id": account["id"], "reason": "按程序办理"} | body
    return as_district(house).do(step, body, version=account["version"])


def test_a_code_on_paper_of_before_still_counts_once(house):
    """It was found by its SHA-256."""
    house.resident("per_ana")
    code = as_grid_worker(house).do("enrol", {"person_id": "per_ana"})["code"]
    digest = hashlib.sha256(code.replace("-", "").encode()).hexdigest()
    with house.bench.transaction() as tx:
        tx.conn.execute(enrolments.update().values(digest=digest, hashed=None))
    body = {"login": "xiaoli", "password": PASSWORD}
    wrong = code[:-1] + ("2" if code[-1] != "2" else "3")
    with pytest.raises(EnrolmentUnusable):
        house.anybody().do("activate", body | {"code": wrong})
    assert house.anybody().do("activate", body | {"code": code})
    with pytest.raises(EnrolmentUnusable):
        house.anybody().do("activate", body | {"code": code})


def test_a_street_makes_accounts_of_its_own_area_only(house):
    street = house.as_("R_STREET", "per_meng", STREET)
    made = street.do("create_account", {"login": "cao.jianmin", "area": COMMUNITY})
    assert made["person_id"].startswith("per_")
    with pytest.raises(RoleDenied):
        street.do("create_account", {"login": "other", "area": "370811001"})
    with pytest.raises(AccountExists):
        as_district(house).do("create_account", {"login": "Cao.JianMin", "area": STREET})
    listed = house.as_("R_STREET", "per_meng", STREET).ask("account_list")["items"]
    assert [(a["login"], a["waits_for_first_use"]) for a in listed] == [("cao.jianmin", True)]
    elsewhere = house.as_("R_STREET", "per_yan", "370811001")
    assert elsewhere.ask("account_list")["items"] == []
    with pytest.raises(NotFound):
        elsewhere.ask("account", {"account_id": made["id"]})
    with pytest.raises(NotFound):
        elsewhere.do(
            "lock_account", {"account_id": made["id"], "reason": "离岗"}, version=made["version"]
        )


def test_an_account_is_bound_to_a_person_who_is_registered(house):
    body = {"login": "ana", "area": COMMUNITY, "person_id": "per_ana"}
    with pytest.raises(UnknownPerson):
        as_district(house).do("create_account", body)
    house.resident()
    assert as_district(house).do("create_account", body)["person_id"] == "per_ana"
    (row,) = house.bench.rows("SELECT account_id FROM accounts")
    with pytest.raises(PersonHasAccount) as refused:
        as_district(house).do("create_account", body | {"login": "ana.too"})
    assert refused.value.params == {"account_id": row["account_id"], "login": "ana"}


def test_nobody_makes_an_account_for_whom_they_do_not_administer(house):
    """Who makes it sees its first password: with it a street acted as a resident of another one."""
    house.resident()
    body = {"login": "ana", "person_id": "per_ana"}
    far = house.as_("R_STREET", "per_yan", "370811001")
    for person in ("per_ana", "per_nobody"):
        with pytest.raises(UnknownPerson):
            far.do("create_account", body | {"area": "370811001", "person_id": person})
    # She serves there as well: who stands above both makes the account.
    post = {"person_id": "per_ana", "duty": "GRID_WORKER", "community": "370811001901"}
    house.hear("steward", "steward_enrolled", post | {"steward_id": "stw_1"}, subject="stw_1")
    with pytest.raises(AccountAbove) as refused:
        far.do("create_account", body | {"area": "370811001"})
    assert refused.value.params["scope"] == GRID
    assert as_district(house).do("create_account", body | {"area": STREET})


def test_the_same_call_again_shows_a_new_password_for_the_same_account(house):
    """The answer with the password was lost; nothing else can show it."""
    body = {"login": "cao", "area": COMMUNITY}
    one = as_district(house).do("create_account", body, key="k")
    two = as_district(house).do("create_account", body, key="k")
    assert (one["id"], one["person_id"]) == (two["id"], two["person_id"])
    with pytest.raises(SignInFailed):
        house.sign_in("cao", one["password"], new_password=PASSWORD)
    assert house.sign_in("cao", two["password"], new_password=PASSWORD)


def test_a_reset_takes_the_authenticator_away_and_ends_sessions(house):
    made = as_district(house).do("create_account", {"login": "zhou", "area": STREET})
    tokens = house.staff(made=made)
    (account,) = as_district(house).ask("account_list")["items"]
    with pytest.raises(OwnAccount):
        house.as_("R_DISTRICT", account["person_id"], DISTRICT).do(
            "reset_account", {"account_id": account["id"], "reason": "自己"},
            version=account["version"],
        )  # fmt: skip
    made = moved(house, "reset_account", account)
    with pytest.raises(SessionEnded):
        house.refresh(tokens)
    told = house.sign_in("zhou", made["password"], new_password="another long one 8")
    assert (told["second_factor"], told["rights"]) == ("NEEDED", [])


def test_a_locked_account_opens_again_and_a_closed_one_by_a_reset(house):
    made = as_district(house).do("create_account", {"login": "zhou", "area": STREET})
    tokens = house.sign_in("zhou", made["password"], new_password=PASSWORD)
    account = as_district(house).ask("account", {"account_id": made["id"]})
    account = moved(house, "lock_account", account)
    with pytest.raises(SessionEnded):
        house.refresh(tokens)
    with pytest.raises(SignInFailed):
        house.sign_in("zhou")
    account = moved(house, "unlock_account", account)
    assert house.sign_in("zhou")
    account = moved(house, "close_account", account)
    for step in ("unlock_account", "close_account", "lock_account"):
        with pytest.raises(StateConflict):
            moved(house, step, account)
    # Somebody comes back: a reset opens the account again.
    made = moved(house, "reset_account", account)
    assert house.sign_in("zhou", made["password"], new_password="back again here 5")


def test_a_resident_makes_an_account_with_a_code_on_paper(house):
    house.resident()
    paper = as_grid_worker(house).do("enrol", {"person_id": "per_ana"})
    body = {"code": paper["code"], "login": "xiaoli", "password": PASSWORD}
    tokens = house.anybody().do("activate", body | {"code": paper["code"].lower()})
    assert (tokens["person_id"], tokens["second_factor"]) == ("per_ana", "OFF")
    assert house.read(tokens)["grants"] == [{"role": "R_RESIDENT", "scope": GRID}]
    with pytest.raises(EnrolmentUnusable):
        house.anybody().do("activate", body | {"login": "xiaoli2"})
    (listed,) = as_grid_worker(house).ask("enrolment_list")["items"]
    assert (listed["person_id"], listed["used_at"] is None) == ("per_ana", False)
    assert "code" not in listed


def test_a_second_code_voids_the_first_and_old_ones_do_not_count(house):
    house.resident()
    one = as_grid_worker(house).do("enrol", {"person_id": "per_ana"})
    (kept,) = house.bench.rows("SELECT digest, hashed FROM enrolments")
    plain = one["code"].replace("-", "")
    # Found by its first group, and hashed as a password is.
    assert (kept["digest"], kept["hashed"].startswith("$argon2id$")) == (plain[:4], True)
    assert len(plain) == 16
    two = as_grid_worker(house).do("enrol", {"person_id": "per_ana"})
    body = {"login": "xiaoli", "password": PASSWORD}
    with pytest.raises(EnrolmentUnusable):
        house.anybody().do("activate", body | {"code": one["code"]})
    house.time.pass_(days=14)
    with pytest.raises(EnrolmentUnusable):
        house.anybody().do("activate", body | {"code": two["code"]})


def test_who_forgot_the_password_gets_a_new_code_and_keeps_the_account(house):
    house.resident()
    body = {"login": "xiaoli", "password": PASSWORD}
    code = as_grid_worker(house).do("enrol", {"person_id": "per_ana"})["code"]
    first = house.anybody().do("activate", body | {"code": code})
    code = as_grid_worker(house).do("enrol", {"person_id": "per_ana"})["code"]
    house.anybody().do("activate", body | {"code": code, "password": "a new sentence 12"})
    with pytest.raises(SessionEnded):
        house.refresh(first)
    with pytest.raises(SignInFailed):
        house.sign_in("xiaoli")
    assert house.sign_in("xiaoli", "a new sentence 12")


def test_codes_are_given_to_residents_of_the_own_grid_by_somebody_else(house):
    house.resident("per_ana", GRID)
    with pytest.raises(UnknownPerson):
        as_grid_worker(house, scope=OTHER_GRID).do("enrol", {"person_id": "per_ana"})
    with pytest.raises(NotYours):
        as_grid_worker(house, person="per_ana").do("enrol", {"person_id": "per_ana"})
    with pytest.raises(UnknownPerson):
        as_grid_worker(house).do("enrol", {"person_id": "per_nobody"})
    as_district(house).do(
        "create_account", {"login": "ana", "area": COMMUNITY, "person_id": "per_ana"}
    )
    with pytest.raises(StaffAccount):
        as_grid_worker(house).do("enrol", {"person_id": "per_ana"})


def test_nobody_takes_over_the_account_of_somebody_who_may_do_more(house):
    """A reset shows a password: whoever resets could sign in as that person."""
    street = house.as_("R_STREET", "per_meng", STREET)
    made = street.do("create_account", {"login": "gao", "area": STREET})
    person = made["person_id"]
    office = {"person_id": person, "role": "R_AUDITOR", "scope": DISTRICT, "reason": "任命"}
    grant = as_district(house).do("propose_grant", office)
    # What is only proposed stands in nobody's way.
    same = {"account_id": made["id"], "reason": "忘记密码"}
    street = house.as_("R_STREET", "per_meng", STREET)
    made = street.do("reset_account", same, version=made["version"])
    as_district(house, "per_other").do(
        "approve_grant", {"grant_id": grant["id"]}, version=grant["version"]
    )
    street = house.as_("R_STREET", "per_meng", STREET)
    for step in ("reset_account", "lock_account", "close_account"):
        with pytest.raises(AccountAbove):
            street.do(
                step, {"account_id": made["id"], "reason": "忘记密码"}, version=made["version"]
            )
    house.resident("per_ana")
    speaks = {"company_id": "pco_1", "representatives": ["per_ana"]}
    house.hear("property", "company_registered", speaks)
    with pytest.raises(AccountAbove):
        as_grid_worker(house).do("enrol", {"person_id": "per_ana"})
    assert as_district(house).do(
        "reset_account", {"account_id": made["id"], "reason": "忘记密码"}, version=made["version"]
    )


def test_peers_take_over_no_peer_and_the_operator_resets_an_administrator(house):
    """ID-6: who resets a peer could approve as that peer what is proposed by the own hand."""
    zhou, qin = house.first_day("zhou"), house.first_day("qin")
    house.staff("zhou", zhou)
    for step in ("reset_account", "lock_account"):
        with pytest.raises(AccountAbove):
            house.as_("R_DISTRICT", qin["person_id"], DISTRICT).do(
                step, {"account_id": zhou["id"], "reason": "忘记密码"}, version="*"
            )
    denied = house.bench.rows("select actor, target, refused from audit where result = 'DENIED'")
    told = {"actor": qin["person_id"], "target": zhou["id"], "refused": "ACCOUNT_ABOVE"}
    assert denied == [told, told]
    again = house.first_day("zhou")
    assert (again["id"], again["person_id"]) == (zhou["id"], zhou["person_id"])
    told = house.sign_in("zhou", again["password"], new_password="another long one 8")
    assert told["rights"] == []


def test_what_another_has_changed_is_not_changed_unseen(house):
    """ID-7: If-Match was asked for, and not compared."""
    made = as_district(house).do("create_account", {"login": "cao", "area": COMMUNITY})
    body = {"account_id": made["id"], "reason": "离岗"}
    for version in (made["version"] + 1, made["version"] - 1):
        with pytest.raises(VersionConflict):
            as_district(house).do("lock_account", body, version=version)


def test_a_repeated_call_undoes_nothing_that_a_person_has_done_since(house):
    """ID-8: a late repeat of the making of an account wiped the password that was set."""
    body = {"login": "cao", "area": COMMUNITY}
    made = as_district(house).do("create_account", body, key="k")
    house.sign_in("cao", made["password"], new_password=PASSWORD)
    with pytest.raises(OnceUsed):
        as_district(house).do("create_account", body, key="k")
    assert house.sign_in("cao")
    house.resident()
    paper = as_grid_worker(house).do("enrol", {"person_id": "per_ana"}, key="p")
    again = as_grid_worker(house).do("enrol", {"person_id": "per_ana"}, key="p")
    body = {"login": "xiaoli", "password": PASSWORD}
    with pytest.raises(EnrolmentUnusable):
        house.anybody().do("activate", body | {"code": paper["code"]})
    assert house.anybody().do("activate", body | {"code": again["code"]})
    with pytest.raises(EnrolmentUnusable):
        as_grid_worker(house).do("enrol", {"person_id": "per_ana"}, key="p")


def test_a_code_of_before_does_not_reset_who_has_an_office_now(house):
    """ID-4: it was looked at when the code was made only."""
    house.resident()
    body = {"login": "xiaoli", "password": PASSWORD}
    code = as_grid_worker(house).do("enrol", {"person_id": "per_ana"})["code"]
    house.anybody().do("activate", body | {"code": code})
    code = as_grid_worker(house).do("enrol", {"person_id": "per_ana"})["code"]
    post = {"steward_id": "stw_1", "person_id": "per_ana", "community": COMMUNITY}
    house.hear("steward", "steward_enrolled", post | {"duty": "GRID_WORKER"})
    with pytest.raises(EnrolmentUnusable):
        house.anybody().do("activate", body | {"code": code})
    with pytest.raises(StaffAccount):
        as_grid_worker(house).do("enrol", {"person_id": "per_ana"})
