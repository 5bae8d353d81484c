"""Sign in, stay signed in, sign out."""

import hashlib
from datetime import timedelta

import jwt
import pytest
import sqlalchemy as sa

from fivered.chassis import jobs, person_keys, sealing
from fivered.chassis.messages import SYSTEM
from fivered.chassis.refusal import NotFound
from fivered.services.identity.errors import (
    CodeRequired,
    CodeWrong,
    FactorPresent,
    PasswordMustChange,
    PasswordWeak,
    PasswordWrong,
    SessionEnded,
    SignInFailed,
    TooManyTries,
)
from fivered.services.identity.storage import secrets
from fivered.services.identity.storage.tables import accounts, recovery_codes
from fivered.services.identity.tests.conftest import COMMUNITY, DISTRICT, HOME, PASSWORD


def test_a_one_time_password_only_sets_a_new_one(house):
    made = house.first_day()
    with pytest.raises(PasswordMustChange):
        house.sign_in("zhou", made["password"])
    with pytest.raises(PasswordWeak):
        house.sign_in("zhou", made["password"], new_password="zhou.zhou.zhou")
    told = house.sign_in("ZHOU", made["password"], new_password=PASSWORD)
    assert (told["second_factor"], told["rights"]) == ("NEEDED", [])
    with pytest.raises(SignInFailed):
        house.sign_in("zhou", made["password"], new_password=PASSWORD)
    assert house.sign_in("zhou")["person_id"] == made["person_id"]


def test_a_one_time_password_ends_by_itself(house):
    made = house.first_day()
    house.time.pass_(hours=72)
    with pytest.raises(SignInFailed):
        house.sign_in("zhou", made["password"], new_password=PASSWORD)


def test_staff_act_in_a_role_once_they_have_an_authenticator(house):
    made = house.first_day()
    first = house.sign_in("zhou", made["password"], new_password=PASSWORD)
    assert house.read(first)["grants"] == []
    otp, codes = house.with_factor(first)
    second = house.refresh(first)
    assert house.read(second)["grants"] == [{"role": "R_DISTRICT", "scope": "370811"}]
    with pytest.raises(CodeRequired):
        house.sign_in("zhou")
    with pytest.raises(SignInFailed):
        house.sign_in("zhou", code="000000")
    # The code that turned it on was used already; the next step's counts, once.
    with pytest.raises(SignInFailed):
        house.sign_in("zhou", code=otp.at(house.time.at))
    house.time.pass_(seconds=30)
    assert house.sign_in("zhou", code=otp.at(house.time.at))["second_factor"] == "ON"
    with pytest.raises(SignInFailed):
        house.sign_in("zhou", code=otp.at(house.time.at))
    assert len(set(codes)) == 10
    assert house.sign_in("zhou", code=codes[3].lower().replace("-", " "))["rights"]
    with pytest.raises(SignInFailed):
        house.sign_in("zhou", code=codes[3])
    assert house.self_(second).ask("me")["recovery_codes_left"] == 9


def test_an_authenticator_is_on_after_its_first_code_only(house):
    made = house.first_day()
    tokens = house.sign_in("zhou", made["password"], new_password=PASSWORD)
    house.self_(tokens).do("begin_factor")
    assert house.sign_in("zhou")["second_factor"] == "NEEDED"
    with pytest.raises(CodeWrong):
        house.self_(tokens).do("confirm_factor", {"code": "123456"})
    house.with_factor(tokens)
    with pytest.raises(FactorPresent):
        house.self_(tokens).do("begin_factor")


def test_an_unknown_name_a_wrong_password_and_a_closed_account_are_told_alike(house):
    house.as_("R_DISTRICT", "per_boss", "370811")
    made = house.bench.do("create_account", {"login": "zhou", "area": "370811015"})
    house.staff(made=made)
    house.staff("qin")
    house.as_("R_DISTRICT", "per_boss", "370811")
    (zhou,) = [a for a in house.bench.ask("account_list")["items"] if a["login"] == "zhou"]
    house.bench.do(
        "lock_account", {"account_id": zhou["id"], "reason": "离岗"}, version=zhou["version"]
    )
    said = set()
    for login, password in (("nobody", PASSWORD), ("qin", "wrong password"), ("zhou", PASSWORD)):
        with pytest.raises(SignInFailed) as refused:
            house.sign_in(login, password)
        said.add((str(refused.value), refused.value.field))
    assert len(said) == 1


def test_who_tries_in_vain_waits_and_nobody_else_does(house):
    house.staff("zhou")
    for _ in range(5):
        with pytest.raises(SignInFailed):
            house.sign_in("zhou", "wrong password")
    with pytest.raises(TooManyTries) as refused:
        house.sign_in("zhou", "wrong password")
    assert refused.value.params["seconds"] == 5
    # The right one is not looked at either: else the wait would tell which it is.
    with pytest.raises(TooManyTries):
        house.sign_in("zhou")
    house.address = "198.51.100.9"
    with pytest.raises(CodeRequired):
        house.sign_in("zhou")
    house.address = HOME
    with pytest.raises(SignInFailed):
        house.sign_in("nobody-else", "wrong password")
    house.time.pass_(seconds=5)
    with pytest.raises(CodeRequired):
        house.sign_in("zhou")


def test_of_one_address_one_password_is_not_tried_with_every_name(house):
    house.first_day()
    for number in range(50):
        with pytest.raises(SignInFailed):
            house.sign_in(f"name{number}", "wrong password")
    with pytest.raises(TooManyTries):
        house.sign_in("name50", "wrong password")


def guess(house, names):
    """Try a password with every name. Returns how many tries were looked at."""
    looked = 0
    for name in names:
        try:
            house.sign_in(name, "wrong password")
        except SignInFailed:
            looked += 1
        except TooManyTries as refused:
            assert refused.params["seconds"] <= 5
    return looked


def test_who_guesses_holds_nobody_up_who_comes_from_the_same_address(house):
    """50 failed tries made everybody behind a shared address wait for up to 15 minutes."""
    made, first = house.first_day("zhou"), house.first_day("qin")
    house.sign_in("zhou", made["password"], new_password=PASSWORD)
    house.address = "198.51.100.9"
    house.sign_in("qin", first["password"], new_password=PASSWORD)
    house.address = HOME
    assert guess(house, [f"name{number}" for number in range(60)]) == 50
    # Who was here before is not held up, from whatever device, and still has five tries only.
    assert house.sign_in("zhou")
    assert guess(house, ["zhou"] * 8) == 5
    # Who was not waits a few seconds, whatever has failed, and is known from then on.
    with pytest.raises(TooManyTries) as refused:
        house.sign_in("qin")
    house.time.pass_(seconds=refused.value.params["seconds"])
    assert house.sign_in("qin")
    house.time.pass_(seconds=5)
    assert guess(house, ["name", "name"]) == 1
    assert house.sign_in("qin")
    # Guessing over many names goes on at one try in five seconds, however often it is tried.
    looked = 0
    for second in range(100):
        house.time.pass_(seconds=1)
        looked += guess(house, [f"more{second}-{number}" for number in range(2)])
    assert 15 <= looked <= 21
    # It is forgotten after 90 days.
    house.time.pass_(days=91)
    assert guess(house, [f"late{number}" for number in range(60)]) == 50
    with pytest.raises(TooManyTries):
        house.sign_in("qin")


def test_codes_on_paper_are_hashed_with_a_salt_and_those_of_before_go_on(house):
    """They stood as SHA-256 of 59 bits: whoever had the database could try them all."""
    otp, codes = house.with_factor(
        house.sign_in("zhou", house.first_day("zhou")["password"], new_password=PASSWORD)
    )
    kept = house.bench.rows("SELECT digest, salt FROM recovery_codes")
    plain = [secrets.read_code(code) for code in codes]
    known = {hashlib.sha256(code.encode()).hexdigest() for code in plain}
    assert not known & {row["digest"] for row in kept}
    assert len({row["salt"] for row in kept}) == 1
    made = []
    with pytest.MonkeyPatch.context() as patch:
        once = secrets.hashed_code
        patch.setattr(secrets, "hashed_code", lambda *of: made.append(of) or once(*of))
        assert house.sign_in("zhou", code=codes[0])
        with pytest.raises(SignInFailed):
            house.sign_in("zhou", code=codes[0])
    # What a try costs does not grow with the number of codes.
    assert len(made) == 2
    # An account of before has the old ones, and uses them up.
    with house.bench.transaction() as tx:
        digest = hashlib.sha256(plain[1].encode()).hexdigest()
        change = recovery_codes.update().where(recovery_codes.c.used_at.is_(None))
        tx.conn.execute(change.values(used_at=house.time.at))
        tx.conn.execute(
            recovery_codes.insert().values(
                account_id=tx.conn.execute(sa.select(recovery_codes.c.account_id))
                .scalars()
                .first(),
                digest=digest,
            )
        )
    assert house.sign_in("zhou", code=codes[1])
    with pytest.raises(SignInFailed):
        house.sign_in("zhou", code=codes[1])
    assert otp


def test_a_refresh_token_that_comes_again_ends_the_session(house):
    first = house.staff("zhou")
    second = house.refresh(first)
    # The answer was lost on its way: the same one is asked for again.
    again = house.refresh(first)
    house.time.pass_(seconds=1)
    third = house.refresh(again)
    with pytest.raises(SessionEnded):
        house.refresh(first)
    for tokens in (second, third):
        with pytest.raises(SessionEnded):
            house.refresh(tokens)
    assert [ref for ref, _ in house.endings("SESSION")] == [first["id"]]


def test_a_used_refresh_token_ends_the_session_later_too(house):
    first = house.staff("zhou")
    second = house.refresh(first)
    house.time.pass_(seconds=31)
    with pytest.raises(SessionEnded):
        house.refresh(first)
    with pytest.raises(SessionEnded):
        house.refresh(second)


def test_a_session_of_staff_ends_after_twelve_hours(house):
    tokens = house.staff("zhou")
    house.time.pass_(hours=11, minutes=59)
    tokens = house.refresh(tokens)
    house.time.pass_(minutes=1)
    with pytest.raises(SessionEnded):
        house.refresh(tokens)


def test_an_access_token_is_good_for_ten_minutes(house):
    said = house.read(house.staff("zhou"))
    assert said["exp"] - said["iat"] == 600


def test_who_signs_out_is_signed_out_here_or_everywhere(house):
    made = house.first_day()
    one = house.sign_in("zhou", made["password"], new_password=PASSWORD, device="电脑")
    two, three = house.sign_in("zhou", device="手机"), house.sign_in("zhou")
    listed = house.self_(two).ask("my_sessions")["items"]
    assert {(s["device"], s["present"]) for s in listed} == {
        ("电脑", False), ("手机", True), (None, False),
    }  # fmt: skip
    house.self_(two).do("sign_out")
    with pytest.raises(NotFound):
        house.self_(two).do("sign_out")
    house.self_(one).do("end_session", {"session_id": three["id"]})
    for tokens in (two, three):
        with pytest.raises(SessionEnded):
            house.refresh(tokens)
    house.self_(one).do("sign_out_everywhere")
    with pytest.raises(SessionEnded):
        house.refresh(one)


def test_nobody_ends_somebody_elses_session(house):
    zhou, qin = house.staff("zhou"), house.staff("qin")
    with pytest.raises(NotFound):
        house.self_(zhou).do("end_session", {"session_id": qin["id"]})
    assert house.refresh(qin)


def test_a_new_password_ends_the_other_sessions(house):
    made = house.first_day()
    one = house.sign_in("zhou", made["password"], new_password=PASSWORD)
    other = house.sign_in("zhou")
    body = {"password": "not it at all", "new_password": "something else 99"}
    with pytest.raises(PasswordWrong):
        house.self_(one).do("change_password", body)
    house.self_(one).do("change_password", body | {"password": PASSWORD})
    assert house.refresh(one)
    with pytest.raises(SessionEnded):
        house.refresh(other)
    assert house.sign_in("zhou", "something else 99")


def test_the_same_call_again_gives_tokens_of_the_same_session(house):
    """The answer to a sign-in was lost: the client repeats it under its key."""
    made = house.first_day()
    body = {"login": "zhou", "password": made["password"], "new_password": PASSWORD}
    one = house.anybody().do("sign_in", body, key="k1")
    with pytest.raises(SignInFailed):
        house.anybody().do("sign_in", body, key="k1")  # the one-time password is gone
    body = {"login": "zhou", "password": PASSWORD}
    two = house.anybody().do("sign_in", body, key="k2")
    again = house.anybody().do("sign_in", body, key="k2")
    assert again["id"] == two["id"] != one["id"]
    assert house.refresh(again)
    with pytest.raises(SignInFailed):
        house.anybody().do("sign_in", body | {"password": "wrong password"}, key="k2")


@pytest.mark.parametrize(
    "password",
    [
        *("short", "aaaaaaaaaaaa", "1234567890123", "password2026!", "Zhou12345678", "x" * 129),
        *(
            "woaini1314",
            "5201314520",
            "woaini5201314",
            "P@ssw0rd2026",
            "1qaz2wsx3edc",
            "Monkey123456",
        ),
        *(
            "zhangwei1990",
            "wangxiaoli19850712",
            "lina5201314",
            "19900101liu",
            "Li.Ming.1988",
            "chen888888",
        ),
        *("jining2026!!", "dangyuan1949", "weirenminfuwu1", "a1234567890"),
    ],
)
def test_a_password_that_is_easily_guessed_will_not_do(house, password):
    made = house.first_day()
    with pytest.raises(PasswordWeak):
        house.sign_in("zhou", made["password"], new_password=password)


@pytest.mark.parametrize(
    "password",
    [
        *(
            "correct horse battery",
            "一个很长的口令 2026",
            "xiexieninlaozhangshu2024",
            "my own password 3",
        ),
        *("grid number one 5", "tulip-Okapi-47-drum", "wo zai ren cheng zhu le 20 nian"),
    ],
)
def test_a_long_one_of_ones_own_will_do(house, password):
    made = house.first_day()
    assert house.sign_in("zhou", made["password"], new_password=password)


def test_codes_are_counted_from_everywhere_once_the_password_is_known(house):
    """A tester had five free tries of a code from each address."""
    tokens = house.staff("zhou")
    house.time.pass_(seconds=60)
    for number in range(10):
        house.address = f"198.51.100.{number}"
        with pytest.raises(SignInFailed):
            house.sign_in("zhou", code="000000")
    house.address = "198.51.100.99"
    with pytest.raises(TooManyTries):
        house.sign_in("zhou", code="000000")
    # Who does not know the password holds nobody up: not even another code is looked at.
    with pytest.raises(SignInFailed):
        house.sign_in("zhou", "wrong password", code="000000")
    # And whoever was signed in on this device is not held up by what others try, here or elsewhere.
    known = {
        "refresh_token": tokens["refresh_token"],
        "code": house.codes["zhou"].at(house.time.at),
    }
    with pytest.raises(TooManyTries):
        house.sign_in("zhou", **known | {"refresh_token": "somebody's"})
    assert house.sign_in("zhou", **known)["rights"]


def test_behind_one_address_a_known_device_does_not_wait_for_the_others(house):
    made = house.first_day()
    tokens = house.sign_in("zhou", made["password"], new_password=PASSWORD)
    house.address = "198.51.100.9"
    for number in range(50):
        with pytest.raises(SignInFailed):
            house.sign_in(f"name{number}", "wrong password")
    known = {"refresh_token": tokens["refresh_token"]}
    with pytest.raises(TooManyTries):
        house.sign_in("zhou")
    assert house.sign_in("zhou", **known)
    # It has five tries of its own, and of one account.
    with pytest.raises(TooManyTries):
        house.sign_in("qin", **known)
    for _ in range(5):
        with pytest.raises(SignInFailed):
            house.sign_in("zhou", "wrong password", **known)
    with pytest.raises(TooManyTries):
        house.sign_in("zhou", **known)


def test_no_secret_stands_in_the_database(house):
    tokens = house.staff("zhou")
    house.refresh(tokens)
    stored = ""
    with house.bench.transaction() as tx:
        for table in tx.runtime.service_cls.tables.sorted_tables:
            stored += repr(tx.conn.execute(table.select()).all())
    for secret in (PASSWORD, tokens["access_token"], tokens["refresh_token"]):
        assert secret not in stored
    assert "PRIVATE KEY" not in stored


def test_a_new_signing_key_signs_when_everybody_knows_it(house):
    tokens = house.staff("zhou")
    before = house.read(tokens)
    house.as_("R_DISTRICT", "per_zhou", "370811").do("rotate_signing_key")
    keys = house.anybody().ask("public_keys")["keys"]
    assert len(keys) == 2
    house.time.pass_(seconds=59)
    tokens = house.refresh(tokens)
    assert house.read(tokens)["iat"] > before["iat"]
    signed = {kid_of(tokens)}
    house.time.pass_(seconds=1)
    tokens = house.refresh(tokens)
    signed.add(kid_of(tokens))
    assert len(signed) == 2
    house.time.pass_(minutes=11)
    assert [key["kid"] for key in house.anybody().ask("public_keys")["keys"]] == [kid_of(tokens)]


def kid_of(tokens):
    return jwt.get_unverified_header(tokens["access_token"])["kid"]


def test_what_nobody_asks_for_any_more_is_forgotten(house):
    tokens = house.staff("zhou")
    house.self_(tokens).do("sign_out")
    house.time.pass_(days=31)
    house.bench.fire(house.bench.now + timedelta(days=1, hours=1))
    for table in ("sessions", "refresh_tokens", "endings", "tries"):
        assert house.bench.rows(f"SELECT * FROM {table}") == []


def test_every_role_but_a_residents_asks_for_an_authenticator(house):
    """ID-1: whoever had an account as a resident and got an office acted in it by password."""
    house.resident()
    worker = house.as_("R_GRID", "per_shi", "370811015901")
    code = worker.do("enrol", {"person_id": "per_ana"})["code"]
    body = {"code": code, "login": "xiaoli", "password": PASSWORD}
    tokens = house.anybody().do("activate", body)
    post = {"steward_id": "stw_1", "person_id": "per_ana", "community": "370811015901"}
    house.hear("steward", "steward_enrolled", post | {"duty": "GRID_WORKER"})
    tokens = house.refresh(tokens)
    assert ([one["role"] for one in tokens["rights"]], tokens["second_factor"]) == (
        ["R_RESIDENT"], "NEEDED",
    )  # fmt: skip
    house.with_factor(tokens)
    assert "R_GRID" in {one["role"] for one in house.refresh(tokens)["rights"]}


def test_a_session_in_which_no_code_was_shown_gets_no_role(house):
    """ID-2: a session of before, by password alone, got the roles when a code was shown elsewhere."""
    made = house.first_day()
    stolen = house.sign_in("zhou", made["password"], new_password=PASSWORD)
    own = house.sign_in("zhou")
    house.with_factor(own)
    assert house.refresh(own)["rights"]
    with pytest.raises(SessionEnded):
        house.refresh(stolen)


def test_of_two_answers_to_one_refresh_the_second_counts(house):
    """ID-3: both went on for as long as anybody liked, and nobody noticed."""
    first = house.staff("zhou")
    one, two = house.refresh(first), house.refresh(first)
    assert house.refresh(two)
    with pytest.raises(SessionEnded):
        house.refresh(one)
    with pytest.raises(SessionEnded):
        house.refresh(two)


def test_the_one_time_password_is_no_password_of_ones_own(house):
    """ID-5: it was taken as the new one, and went on."""
    made = house.first_day()
    with pytest.raises(PasswordWeak):
        house.sign_in("zhou", made["password"], new_password=made["password"])
    house.sign_in("zhou", made["password"], new_password=PASSWORD)
    # ID-9: with a password of one's own it was passed over in silence.
    house.sign_in("zhou", new_password="quite another one 6")
    assert house.sign_in("zhou", "quite another one 6")


@pytest.mark.covers("REQ-L09")
def test_who_tries_in_vain_stands_in_the_audit_with_the_address_and_no_word_of_the_try(house):
    made = house.first_day()
    house.sign_in("zhou", made["password"], new_password=PASSWORD)
    for guess in ("a first guess 1", "a second guess 2"):
        with pytest.raises(SignInFailed):
            house.sign_in("zhou", guess)
    house.with_factor(house.sign_in("zhou"))
    with pytest.raises(CodeRequired):
        house.sign_in("zhou")
    rows = house.bench.rows("select * from audit where result = 'DENIED'")
    assert [(row["action"], row["refused"], row["address"]) for row in rows] == [
        ("sign_in", "SIGN_IN_FAILED", HOME)
    ] * 2
    # Neither name nor password: a digest of them would be guessed.
    assert len({row["digest"] for row in rows}) == 1
    assert "zhou" not in str(rows)
    assert "guess" not in str(rows)


@pytest.mark.covers("REQ-L09")
def test_the_audit_names_who_came_before_there_was_a_session(house):
    """Done ones had no actor, and failed ones no target: nobody found the sign-ins of a person."""
    made = house.first_day()
    person = made["person_id"]
    tokens = house.sign_in("zhou", made["password"], new_password=PASSWORD)
    for login in ("zhou", "nobody"):
        with pytest.raises(SignInFailed):
            house.sign_in(login, "a first guess 1")
    tokens = house.refresh(tokens)
    house.self_(tokens).do("sign_out_everywhere")
    with pytest.raises(SessionEnded):
        house.refresh(tokens)
    ana = house.resident("per_ana")
    code = house.as_("R_GRID", "per_shi", COMMUNITY).do("enrol", {"person_id": ana})["code"]
    enrolled = {"code": code, "login": "ana", "password": PASSWORD}
    house.anybody().do("activate", enrolled)
    rows = house.bench.rows("select * from audit where role = 'R_ANONYMOUS' order by id")
    assert [(row["action"], row["result"], row["actor"], row["target"]) for row in rows] == [
        ("sign_in", "DONE", person, rows[0]["target"]),
        # A guess proves nothing of who has made it.
        ("sign_in", "DENIED", "", person),
        ("sign_in", "DENIED", "", None),
        ("refresh", "DONE", person, rows[0]["target"]),
        ("refresh", "DENIED", "", person),
        ("activate", "DONE", ana, rows[5]["target"]),
    ]
    assert rows[0]["target"].startswith("ses_")
    auditor = house.as_("R_AUDITOR", "per_bai", DISTRICT)
    found = auditor.ask("_audit", {"actor": person, "action": "sign_in"})["items"]
    assert len(found) == 1


@pytest.mark.covers("REQ-L09")
def test_a_wrong_password_or_code_of_who_is_signed_in_stands_in_the_audit(house):
    tokens = house.staff()
    wrong = {"password": "not the present 1", "new_password": "another long one 8"}
    with pytest.raises(PasswordWrong):
        house.self_(tokens).do("change_password", wrong)
    with pytest.raises(CodeWrong):
        house.self_(tokens).do("prove_session", {"code": "000000"})
    rows = house.bench.rows("select refused, actor from audit where result = 'DENIED'")
    who = house.read(tokens)["sub"]
    assert [(row["refused"], row["actor"]) for row in rows] == [
        ("PASSWORD_WRONG", who), ("CODE_WRONG", who),
    ]  # fmt: skip


def test_the_secret_of_an_authenticator_has_the_key_of_its_person(house):
    house.staff()
    runtime = house.bench.runtime
    with runtime.transaction(SYSTEM) as tx:
        status = sealing.status(tx)
        assert (status.persons, status.waiting) == (1, 0)
        assert not sealing.begin(tx)
    house.time.pass_(minutes=1)
    house.staff_again("zhou")
    # One of before, without the key of its person, is taken by the next look, and goes on to count.
    with runtime.transaction(SYSTEM) as tx:
        (row,) = tx.conn.execute(sa.select(accounts)).all()
        bound = f"{row.account_id}.factor"
        plain = person_keys.vault_of(tx).open(row.factor, bound)
        sealed = secrets.vault(tx.settings.keys).seal(plain, bound)
        tx.conn.execute(sa.update(accounts).values(factor=sealed))
        assert sealing.status(tx).waiting == 1
    sealing.look_again(runtime)
    while jobs.run_next(runtime):
        pass
    with runtime.transaction(SYSTEM) as tx:
        assert sealing.status(tx).waiting == 0
    house.time.pass_(minutes=1)
    house.staff_again("zhou")
    # Where the key is gone no code is the right one.
    with runtime.transaction(SYSTEM) as tx:
        person_keys.destroy(tx, [row.person_id])
    house.time.pass_(minutes=1)
    with pytest.raises(SignInFailed):
        house.sign_in("zhou", code="492039")
