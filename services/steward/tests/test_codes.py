"""Codes to sign in with, handed to the district's sender: who gets one, how often, what is kept."""

import hashlib
import hmac
import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fivered.chassis import jobs, sender
from fivered.chassis.messages import Actor, Call
from fivered.chassis.refusal import RoleDenied
from fivered.chassis.settings import SettingsError, read
from fivered.chassis.webhook_wire import new_secret, signature
from fivered.services.steward import errors
from fivered.services.steward.rules.codes import OF_PHONE, Asked, counted, try_again_s, wait_s
from fivered.services.steward.settings import StewardSettings
from fivered.services.steward.storage import codes as store
from fivered.services.steward.tests.ground import CHEN, COMMUNITY, GRID, GRID_2, LI, WANG
from testkit.bench import environment
from testkit.receiver import receiving

PHONE, LIS, NOBODYS, SHARED = "12812345678", "12800000002", "12899999999", "12877777777"
SECRET = new_secret()


class Desk:
    """The door, its job and the sender; real time is moved."""

    def __init__(self, ground, receiver, patch):
        self.ground, self.bench, self.receiver = ground, ground.bench, receiver
        self.at = datetime(2026, 3, 2, 9, tzinfo=UTC)
        patch.setattr(store, "real_now", lambda: self.at)
        self.set(sender_url=f"{receiver.address}/send", sender_secret=SECRET)

    def set(self, **settings):
        self.bench.runtime.settings = replace(self.bench.runtime.settings, **settings)

    def ask(self, phone=PHONE, address="203.0.113.7", **more):
        self.bench.actor = Actor("", "R_ANONYMOUS", "", address=address)
        return self.bench.do("ask_phone_code", {"phone": phone}, **more)

    def work(self):
        while jobs.run_next(self.bench.runtime):
            pass

    def send(self, *given, **more):
        """Ask, and let a worker work. Returns the code's row."""
        told = self.ask(*given, **more)
        self.work()
        return self.row(told["id"])

    def pass_(self, **span):
        self.at += timedelta(**span)
        self.bench.fire(self.bench.now + timedelta(**span))
        self.work()

    def row(self, code_id):
        (row,) = self.bench.rows("SELECT * FROM phone_codes WHERE code_id = :id", id=code_id)
        return row

    def sent(self):
        return [json.loads(one.body) for one in self.receiver.arrived]

    def facts(self):
        return [one["data"] for one in self.bench.published("sign_in_code_made.v1")]


@pytest.fixture
def desk(ground, monkeypatch):
    with receiving() as receiver:
        yield Desk(ground, receiver, monkeypatch)


def test_who_is_registered_with_a_phone_gets_a_code_and_nothing_of_it_is_kept(desk, caplog):
    caplog.set_level(logging.DEBUG)
    told = desk.ask(key="one")
    assert told["until"] == "2026-03-02T09:05:00+00:00"
    desk.work()
    ((arrived,), (message,)) = desk.receiver.arrived, desk.sent()
    stamp = int(arrived.headers["webhook-timestamp"])
    assert arrived.headers["webhook-signature"] == signature(
        SECRET, told["id"], stamp, arrived.body
    )
    code = message["code"]
    assert (message["to"], message["kind"], len(code)) == (PHONE, "sign_in_code", 6)
    assert code in message["text_zh"] and code in message["text_en"]
    (fact,) = desk.facts()
    token = told["request_id"].partition(".")[2]
    assert fact == {
        "code_id": told["id"], "person_id": WANG, "until": "2026-03-02T09:05:00Z",
        "digest": hmac.new(token.encode(), code.encode(), hashlib.sha256).hexdigest(),
    }  # fmt: skip
    row = desk.row(told["id"])
    assert (row["state"], row["phone"], row["digits"], row["status"]) == ("SENT", None, None, 200)
    # The lost answer is told again, and nothing is sent twice.
    assert desk.ask(key="one") == told
    desk.work()
    assert len(desk.sent()) == 1
    kept = [
        str(desk.bench.rows(f"SELECT * FROM {name}"))
        for name in ("idempotency", "jobs", "audit", "timers", "phone_codes", "code_limits")
    ]
    for value in (code, PHONE, token):
        assert value not in caplog.text + str(kept) + str(desk.bench.published())


def test_whoever_the_phone_is_of_the_answer_is_the_same(desk):
    """Nobody's, of several, of one who has left, has died or was given up: no code, no other word."""
    desk.ground.person(CHEN, "陈静", phone=SHARED, grid=GRID, household_id="h1")
    second = CHEN[:-2] + "71"
    desk.ground.person(second, "陈明", phone=SHARED, grid=GRID, household_id="h1")
    gone = desk.bench.as_("R_CADRE", person="per_boss", scope=COMMUNITY)
    gone.do("deactivate_person", {"person_id": LI, "reason": "MOVED_OUT"}, version=1)
    told = [desk.ask(one, f"198.51.100.{n}") for n, one in enumerate((PHONE, NOBODYS, SHARED, LIS))]
    # The door itself has looked nobody up: until a worker comes, one row is as the other.
    looked = [desk.row(one["id"]) for one in told]
    assert (
        len({(row["state"], row["person_id"], row["digits"], row["until"]) for row in looked}) == 1
    )
    assert {len(row["phone"]) for row in looked} == {len(looked[0]["phone"])}
    assert (
        len({(*sorted(one), len(one["request_id"]), one["until"], one["state"]) for one in told})
        == 1
    )
    desk.work()
    states = [desk.row(one["id"])["state"] for one in told]
    assert states == ["SENT", "NOBODY", "NOBODY", "NOBODY"]
    assert [one["to"] for one in desk.sent()] == [PHONE]
    assert [one["person_id"] for one in desk.facts()] == [WANG]
    rows = desk.bench.rows("SELECT phone, digits FROM phone_codes")
    assert rows == [{"phone": None, "digits": None}] * 4


@pytest.mark.parametrize("phone", [PHONE, NOBODYS])
def test_a_phone_is_sent_one_a_minute_and_five_a_day_whoever_asks(desk, phone):
    """A flood from many addresses does not reach the victim; a phone of nobody is counted alike."""
    for number in range(5):
        desk.ask(phone, f"198.51.100.{number}")
        with pytest.raises(errors.CodeLimit) as refused:
            desk.ask(phone, "198.51.100.99")
        assert refused.value.params == {"seconds": 60 if number < 4 else 24 * 3600 - 4 * 60}
        desk.at += timedelta(minutes=1)
    with pytest.raises(errors.CodeLimit):
        desk.ask(phone)
    desk.at += timedelta(days=1, minutes=-5)
    desk.ask(phone)


def test_an_address_does_not_try_phones_in_rows(desk):
    desk.set(codes_of_address_per_hour=3)
    for number in range(3):
        desk.ask(f"128999999{number:02d}")
    with pytest.raises(errors.CodeLimit):
        desk.ask(PHONE)
    desk.ask(PHONE, "198.51.100.1")
    desk.at += timedelta(hours=1)
    desk.ask("12899999977")


def test_neither_a_person_nor_the_district_pays_for_more_than_its_share(desk, caplog):
    """What is held back is not told to who asks: it would tell that the phone is registered."""
    desk.set(codes_per_hour=6)
    for number in range(5):
        assert desk.send(address=f"198.51.100.{number}")["state"] == "SENT"
        desk.at += timedelta(minutes=1)
    # With another phone it is the same person still.
    body = {"person_id": WANG, "reason": "换了手机号码", "phone": "12855500001"}
    cadre = desk.bench.as_("R_CADRE", person="per_boss", scope=COMMUNITY)
    cadre.do("correct_person", body, version=1)
    assert desk.send("12855500001")["state"] == "HELD"
    assert desk.send(LIS)["state"] == "SENT"
    desk.ground.person(CHEN, "陈静", phone=SHARED, grid=GRID_2)
    caplog.clear()
    assert desk.send(SHARED)["state"] == "HELD"
    assert "codes_held_back" in caplog.text
    assert len(desk.sent()) == len(desk.facts()) == 6
    desk.at += timedelta(hours=1)
    assert desk.send(SHARED)["state"] == "SENT"


def test_a_sender_that_fails_is_tried_again_with_the_same_code(desk):
    desk.receiver.answer = lambda number, _handler: (500, 503, 200)[number]
    row = desk.send()
    assert (row["state"], row["attempts"], row["status"]) == ("WAITING", 1, 500)
    desk.work()
    assert len(desk.sent()) == 1
    desk.pass_(seconds=1)
    assert len(desk.sent()) == 2
    desk.pass_(seconds=2)
    assert len(desk.sent()) == 2
    desk.pass_(seconds=1)
    row = desk.row(row["code_id"])
    assert (row["state"], row["attempts"], row["digits"]) == ("SENT", 3, None)
    assert len({one["code"] for one in desk.sent()}) == len(desk.facts()) == 1


def test_a_sender_that_stays_away_is_left_alone_when_the_code_is_over(desk):
    desk.set(sender_url="http://127.0.0.1:9/send")
    row = desk.send()
    assert (row["state"], row["status"], row["error"]) == ("WAITING", None, "Connection refused")
    for _ in range(400):
        desk.pass_(seconds=1)
    row = desk.row(row["code_id"])
    assert (row["state"], row["phone"], row["digits"]) == ("FAILED", None, None)
    assert 5 <= row["attempts"] <= 10
    assert desk.bench.rows("SELECT ref FROM timers WHERE kind = 'PHONE_CODE'") == []


def test_the_district_sees_whether_the_sender_works_and_no_phone_code_or_person(desk):
    desk.receiver.answer = lambda number, _handler: 200 if number else 410
    for phone in (PHONE, LIS, NOBODYS):
        desk.send(phone)
        desk.at += timedelta(seconds=1)
    desk.bench.as_("R_AUDITOR", person="per_audit")
    listed = desk.bench.ask("phone_codes")["items"]
    assert [(one["state"], one["attempts"], one["status"]) for one in listed] == [
        ("NOBODY", 0, None), ("SENT", 1, 200), ("FAILED", 1, 410),
    ]  # fmt: skip
    assert WANG not in str(listed) and PHONE not in str(listed)
    assert [
        one["error"] for one in desk.bench.ask("phone_codes", {"state": "FAILED"})["items"]
    ] == ["HTTP 410"]
    with pytest.raises(RoleDenied):
        desk.bench.as_("R_AUDITOR", person="per_audit", scope=COMMUNITY).ask("phone_codes")


def test_of_many_who_ask_at_once_for_a_phone_one_gets_through(desk):
    """The row of the limit orders them."""
    actor = Actor("", "R_ANONYMOUS", "", address="203.0.113.7")

    def one(number):
        call = Call("ask_phone_code", {"phone": PHONE}, actor, f"key {number}")
        try:
            return desk.bench.runtime.call(call)["state"]
        except errors.CodeLimit:
            return "LIMIT"

    with ThreadPoolExecutor(8) as threads:
        came = list(threads.map(one, range(8)))
    assert sorted(came) == ["ASKED"] + ["LIMIT"] * 7


def test_a_code_does_not_wait_behind_what_takes_minutes(desk):
    """A worker's second lane takes codes up, its first one everything else."""
    runtime = desk.bench.runtime
    with desk.bench.transaction() as tx:
        tx.start_job("sweep", {})
    told = desk.ask()
    assert jobs.run_next(runtime, quick=True)
    assert desk.row(told["id"])["state"] == "SENT"
    assert not jobs.run_next(runtime, quick=True)
    assert jobs.run_next(runtime, quick=False)
    assert not jobs.run_next(runtime)


def test_a_sender_that_is_gone_is_asked_once(desk):
    desk.receiver.answer = lambda _number, _handler: 410
    assert desk.send()["state"] == "FAILED"
    desk.pass_(minutes=2)
    assert len(desk.sent()) == 1


def test_a_slow_sender_holds_no_lock_and_is_cut_off(desk, monkeypatch):
    """Bytes that drip do not keep a worker; while it waits, others write."""
    written = []

    def drips(_number, handler):
        # SQLite has one writer: this would wait for a transaction that is open.
        written.append(desk.ground.person(CHEN, "陈静", grid=GRID))
        for _ in range(40):
            handler.wfile.write(b"H")
            handler.wfile.flush()
            time.sleep(0.05)

    desk.receiver.answer = drips
    monkeypatch.setattr(sender.send, "__kwdefaults__", {"patience_s": 0.5})
    began = time.monotonic()
    row = desk.send()
    assert time.monotonic() - began < 1.5
    assert (row["state"], row["status"]) == ("WAITING", None)
    assert written


def test_who_dies_or_changes_the_phone_before_the_next_try_gets_none(desk):
    desk.receiver.answer = lambda _number, _handler: 500
    row = desk.send()
    body = {"person_id": WANG, "reason": "换了手机号码", "phone": "12855500001"}
    cadre = desk.bench.as_("R_CADRE", person="per_boss", scope=COMMUNITY)
    cadre.do("correct_person", body, version=1)
    # Somebody else has the number by now: the code of another person does not go there.
    desk.ground.person(CHEN, "陈静", phone=PHONE, grid=GRID)
    desk.pass_(seconds=2)
    assert desk.row(row["code_id"])["state"] == "NOBODY"
    assert len(desk.sent()) == 1


def test_without_a_sender_the_door_says_so_and_a_demonstration_shows_codes_in_its_log(desk, caplog):
    caplog.set_level(logging.INFO)
    desk.set(sender_url="")
    with pytest.raises(errors.SenderMissing):
        desk.ask()
    assert desk.bench.rows("SELECT * FROM code_limits") == []
    process = desk.bench.runtime.process
    for demo, synthetic in ((True, False), (False, True)):
        desk.bench.runtime.process = replace(process, demo_clock=demo)
        desk.set(synthetic=synthetic)
        with pytest.raises(errors.SenderMissing):
            desk.ask()
    desk.bench.runtime.process = replace(process, demo_clock=True)
    row = desk.send()
    assert row["state"] == "SENT"
    (said,) = [one for one in caplog.records if one.message == "code_of_the_demonstration"]
    assert (said.id, len(said.digits)) == (row["code_id"], 6)
    assert PHONE not in caplog.text
    with pytest.raises(errors.BadPhone):
        desk.ask("0537-1234567")


def test_a_window_begins_with_the_first_and_waits_grow():
    at = datetime(2026, 3, 2, tzinfo=UTC)
    asked = counted(None, OF_PHONE, at)
    assert asked == Asked(1, at, at)
    assert wait_s(asked, OF_PHONE, at) == 60
    assert wait_s(asked, OF_PHONE, at + timedelta(seconds=59.5)) == 1
    assert wait_s(asked, OF_PHONE, at + timedelta(seconds=60)) == 0
    day = at + timedelta(days=1)
    assert counted(Asked(5, at, at), OF_PHONE, day) == Asked(1, day, day)
    assert [try_again_s(one) for one in (1, 2, 3, 4, 5, 99)] == [1, 3, 9, 27, 60, 60]


def test_identity_is_told_whose_phone_it_is_no_more_and_which_codes_were_sent(desk):
    """However a number goes to somebody else, or nowhere: and never the number."""
    twin, child, third = (CHEN[:-2] + str(number) for number in (71, 72, 73))
    home = {"grid": GRID, "household_id": "h1"}

    def cadre():
        return desk.bench.as_("R_CADRE", person="per_boss", scope=COMMUNITY)

    def correct(who, version, **what):
        body = {"person_id": who, "reason": "换了手机号码"} | what
        cadre().do("correct_person", body, version=version)

    def told():
        desk.work()
        return [
            (one["data"]["person_id"], one["data"]["code_ids"])
            for one in desk.bench.published("sign_in_phone_ended.v1")
        ][len(seen) :]

    seen = []

    def tells(*wanted):
        now = told()
        seen.extend(now)
        assert now == list(wanted)

    code = desk.send()["code_id"]
    correct(WANG, 1, name="王小莉")
    tells()
    correct(WANG, 2, phone="12855500001")
    tells((WANG, [code]))
    correct(WANG, 3, phone="12855500001")
    tells()
    # Approved of, as the person has proposed it; a code that is over is none.
    desk.at += timedelta(minutes=5)
    own = desk.bench.as_("R_RESIDENT", person=WANG, scope=GRID)
    proposed = own.do("propose_correction", {"phone": "12855500002"})
    tells()
    body = {"correction_id": proposed["id"], "approved": True}
    cadre().do("decide_correction", body, version=1)
    tells((WANG, []))
    correct(WANG, 4, clear=["phone"])
    tells((WANG, []))
    # Somebody of the household has the number as well: no code tells the two apart.
    desk.ground.person(CHEN, "陈静", phone=SHARED, **home)
    tells()
    desk.at += timedelta(minutes=1)
    code = desk.send(SHARED)["code_id"]
    desk.ground.person(child, "陈明", phone=SHARED, **home)
    tells((CHEN, [code]))
    correct(child, 1, clear=["phone"])
    tells((child, []))
    # Registered twice: what was sent under the id that is given up does not count.
    desk.ground.person(twin, "陈静", phone="12855500003", **home)
    code = desk.send("12855500003")["code_id"]
    merge = cadre().do(
        "propose_merge", {"person_id": twin, "into": CHEN, "reason": "同一人"}, version=1
    )
    other = desk.bench.as_("R_CADRE", person="per_other", scope=COMMUNITY)
    other.do("decide_merge", {"merge_id": merge["id"], "confirmed": True}, version=1)
    tells((twin, [code]))
    # Who comes back has the number still that somebody at home was given meanwhile.
    desk.ground.person(third, "陈芳", phone="12855500004", **home)
    cadre().do("deactivate_person", {"person_id": third, "reason": "MOVED_OUT"}, version=1)
    correct(child, 2, phone="12855500004")
    tells()
    back = {"person_id": third, "reason": "迁回原小区", "grid": GRID, "household_id": "h1"}
    cadre().do("return_person", back, version=2)
    tells((child, []))
    said = str(desk.bench.published("sign_in_phone_ended.v1"))
    assert PHONE not in said
    assert SHARED not in said


def test_a_sender_is_named_with_its_secret_and_its_address_is_told_in_full():
    given = environment(StewardSettings)
    with pytest.raises(SettingsError) as wrong:
        read(StewardSettings, given | {"FIVERED_SENDER_URL": "https://sms.example/send"})
    (problem,) = wrong.value.problems
    assert problem.startswith("FIVERED_SENDER_SECRET is not set, and FIVERED_SENDER_URL is")
    with pytest.raises(SettingsError, match="is no https address with its host"):
        secret = {"FIVERED_SENDER_SECRET": SECRET}
        read(StewardSettings, given | secret | {"FIVERED_SENDER_URL": "http://sms.example"})
    assert not read(StewardSettings, given).has_sender
