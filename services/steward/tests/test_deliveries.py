"""Messages go out: to the phone by the district's sender, to a mailbox by a real mail server."""

import json
import re
from dataclasses import replace

import pytest

from fivered.chassis import jobs, mailer
from fivered.chassis.messages import SELF
from fivered.chassis.refusal import Invalid
from fivered.chassis.webhook_wire import new_secret
from fivered.services.steward import errors
from fivered.services.steward.errors.deliveries import EmailCodeWrong
from fivered.services.steward.rules import deliveries as limits
from fivered.services.steward.tests.ground import LI, WANG
from testkit.bench import instant
from testkit.mailbox import mail_server
from testkit.receiver import receiving

PHONE, EMAIL, MASKED = "12812345678", "wang@example.cn", "w***@example.cn"


class Out:
    """A district with a sender and a mail server."""

    def __init__(self, ground, receiver, mailbox):
        self.ground, self.bench = ground, ground.bench
        self.receiver, self.mailbox = receiver, mailbox
        self.bench.runtime.settings = replace(
            self.bench.runtime.settings, sender_url=f"{receiver.address}/send",
            sender_secret=new_secret(), mail_server=mailbox.server, mail_from="wuhong@example.cn",
        )  # fmt: skip

    def me(self, who=WANG):
        return self.bench.as_(SELF, person=who, scope="")

    def choose(self, channels, who=WANG, **quiet):
        return self.me(who).do("choose_messages", {"channels": channels, **quiet})

    def work(self):
        while jobs.run_next(self.bench.runtime):
            pass

    def later(self, at):
        self.bench.fire(at)
        self.work()

    def texts(self):
        return [json.loads(one.body) for one in self.receiver.arrived if one.status < 300]

    def states(self):
        return [
            (row["channel"], row["state"], row["attempts"])
            for row in self.bench.rows("SELECT * FROM deliveries ORDER BY delivery_id")
        ]

    def mailed(self, who=WANG):
        """Give and confirm an address."""
        self.me(who).do("give_email", {"email": EMAIL})
        self.work()
        digits = re.search(r"\d{6}", self.mailbox.arrived[-1][1].get_content())[0]
        return self.me(who).do("confirm_email", {"code": digits})


@pytest.fixture
def out(ground):
    ground.bench.at("2025-03-03T10:00:00")
    with receiving() as receiver, mail_server() as mailbox:
        ground.staff()
        yield Out(ground, receiver, mailbox)


def test_only_what_is_chosen_goes_out_and_only_to_whom_it_is(out):
    before = out.me().ask("message_choices")
    assert (before["chosen"], before["channels"], before["quiet_from"]) == (False, {}, "21:00")
    out.ground.submit()
    out.work()
    assert (out.texts(), out.states()) == ([], [])  # nobody has chosen anything
    told = out.choose({"MATTERS": ["SMS", "SMS"]}, quiet_to="07:30")
    assert (told["channels"], told["quiet_to"]) == ({"MATTERS": ["SMS"]}, "07:30")
    request = out.ground.submit()
    out.ground.submit(LI)
    out.work()
    first = out.texts()[0]
    assert {one["to"] for one in out.texts()} == {PHONE}
    assert (first["kind"], request["number"] in first["text_zh"]) == ("req_received", True)
    assert {state for _, state, _ in out.states()} == {"SENT"}
    # Neither the text nor the phone is kept.
    assert PHONE not in str(out.bench.rows("SELECT * FROM deliveries"))
    # Another group stays in the inbox, where all of it is.
    assert len(out.me().ask("_messages")["items"]) >= 2
    with pytest.raises(Invalid):
        out.choose({}, quiet_from="24:00")
    with_none = out.choose({})
    assert (with_none["chosen"], with_none["channels"]) == (True, {})


def test_quiet_hours_hold_back_what_is_not_urgent(out):
    out.choose({"MATTERS": ["SMS"]})
    out.bench.at("2025-03-03T22:30:00")
    out.ground.submit()
    out.work()
    assert out.texts() == []
    out.later("2025-03-04T07:59:00")
    assert out.texts() == []
    out.later("2025-03-04T08:00:01")
    assert {one["kind"] for one in out.texts()} == {"req_received", "req_dispatched"}
    # Who has an emergency in hand is told at once, also without a choice.
    out.receiver.arrived.clear()
    out.bench.at("2025-03-04T23:00:00")
    handler = out.ground.handler_of(out.ground.submit(category="WATER", priority="P2"))
    out.work()
    with_phone = out.bench.rows("SELECT phone FROM persons WHERE person_id = :p", p=handler)[0]
    sent = [one["kind"] for one in out.texts()]
    assert sent == (["req_given_urgent"] if with_phone["phone"] else [])
    assert (
        "SMS",
        "SENT" if with_phone["phone"] else "NOBODY",
        int(bool(with_phone["phone"])),
    ) in out.states()


@pytest.mark.parametrize(
    ("now", "quiet", "goes"),
    [
        ("2025-03-03T20:59", (1260, 480), "2025-03-03T20:59"),
        ("2025-03-03T21:00", (1260, 480), "2025-03-04T08:00"),
        ("2025-03-04T07:59", (1260, 480), "2025-03-04T08:00"),
        ("2025-03-04T08:00", (1260, 480), "2025-03-04T08:00"),
        ("2025-03-03T12:30", (720, 840), "2025-03-03T14:00"),
        ("2025-03-03T12:30", (720, 720), "2025-03-03T12:30"),
    ],
)
def test_when_a_message_may_go_out(now, quiet, goes):
    assert limits.goes_at(instant(now), quiet, urgent=False) == instant(goes)
    assert limits.goes_at(instant(now), quiet, urgent=True) == instant(now)


def test_a_sender_that_fails_is_tried_again_and_one_that_is_gone_is_not(out):
    out.choose({"MATTERS": ["SMS"]})
    answers = iter([503, 500, 200, 410])
    out.receiver.answer = lambda _number, _handler: next(answers, 200)
    request = out.ground.submit(category="NOISE")
    out.work()
    assert out.states() == [("SMS", "WAITING", 1), ("SMS", "WAITING", 1)]
    out.later("2025-03-03T10:00:31")
    assert sorted(state for _, state, _ in out.states()) == ["DEAD", "SENT"]
    assert request["number"] in out.texts()[0]["text_zh"]
    # One that nobody takes is given up after three days.
    out.receiver.answer = lambda _number, _handler: 503
    out.ground.step("reject_request", request, "per_x", "R_CADRE", "370811015901",
                    reason="NO_SUBSTANCE", note="内容不明")  # fmt: skip
    out.work()
    for hour in range(1, 80):
        day, at = divmod(hour + 10, 24)
        out.later(f"2025-03-{3 + day:02d}T{at:02d}:30:00")
    assert out.states()[-1][1] == "DEAD"
    assert "WAITING" not in {state for _, state, _ in out.states()}


def test_an_address_counts_once_its_code_was_given(out):
    out.choose({"MATTERS": ["EMAIL"]})
    told = out.me().do("give_email", {"email": EMAIL})
    assert (told["email"], told["email_to_confirm"]) == (None, MASKED)
    out.ground.submit()
    out.work()
    ((to, mail),) = out.mailbox.arrived  # the code alone: nothing else goes to an unknown address
    assert (to, mail["From"], mail["Auto-Submitted"]) == (
        EMAIL,
        "wuhong@example.cn",
        "auto-generated",
    )
    digits = re.search(r"\d{6}", mail.get_content())[0]
    wrong = f"{(int(digits) + 1) % 1_000_000:06d}"
    with pytest.raises(EmailCodeWrong):
        out.me().do("confirm_email", {"code": wrong})
    told = out.me().do("confirm_email", {"code": digits})
    assert (told["email"], told["email_to_confirm"]) == (MASKED, None)
    request = out.ground.submit()
    out.work()
    to, mail = out.mailbox.arrived[1]
    assert (to, request["number"] in mail.get_content()) == (EMAIL, True)
    assert EMAIL not in str(out.bench.rows("SELECT * FROM message_choices"))
    # Taken back, nothing goes there any more; others have none.
    assert out.me().do("give_email", {"email": None})["email"] is None
    count = len(out.mailbox.arrived)
    out.ground.submit()
    out.work()
    assert len(out.mailbox.arrived) == count


def test_codes_are_few_and_wrong_ones_are_counted(out):
    out.me().do("give_email", {"email": EMAIL})
    out.work()
    digits = re.search(r"\d{6}", out.mailbox.arrived[0][1].get_content())[0]
    wrong = f"{(int(digits) + 1) % 1_000_000:06d}"
    for code in (*[wrong] * limits.CODE_TRIES, digits):
        with pytest.raises(EmailCodeWrong):
            out.me().do("confirm_email", {"code": code})
    for _ in range(limits.CODES_PER_DAY - 1):
        out.me().do("give_email", {"email": EMAIL})
    with pytest.raises(errors.CodeLimit):
        out.me().do("give_email", {"email": EMAIL})
    out.bench.at("2025-03-04T10:00:01")
    out.mailed()
    out.bench.runtime.settings = replace(out.bench.runtime.settings, mail_server="")
    with pytest.raises(Invalid):
        out.me().do("give_email", {"email": EMAIL})


def test_what_a_mail_server_says_is_told_without_the_address(out):
    box = out.mailbox

    def hand(**more):
        given = {"message_id": "dlv_1", "subject": "消息", "text": "正文 / text"} | more
        return mailer.send(box.server, "a@example.cn", EMAIL, **given)

    assert hand().taken
    assert box.arrived[0][1]["Subject"] == "消息"
    for word, status in (("451 later", 451), ("550 no wang@example.cn", 550)):
        box.answer = lambda _number, word=word: word
        answer = hand()
        assert (answer.taken, answer.status) == (False, status)
        assert "wang" not in answer.why
    box.answer, box.slow_s = (lambda _number: "250 OK"), 3.0
    answer = hand(patience_s=0.3)
    assert (answer.status, answer.ms < 2500) == (None, True)
    gone = mailer.send(
        "smtp://127.0.0.1:9", "a@example.cn", EMAIL, message_id="d", subject="s", text="t"
    )
    assert (gone.status, gone.why) == (None, "ConnectionRefusedError")


def test_a_mailbox_that_there_is_not_is_given_up_at_once(out):
    out.choose({"MATTERS": ["EMAIL"]})
    out.mailed()
    out.mailbox.answer = lambda _number: "550 no such mailbox"
    out.ground.submit(category="NOISE")
    out.work()
    assert {state for channel, state, _ in out.states() if channel == "EMAIL"} == {"DEAD"}
