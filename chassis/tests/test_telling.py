"""Somebody is told: once, with what it tells of, to be read by that person alone."""

import pytest

from fivered.chassis import own_data, telling
from fivered.chassis.messages import SELF
from fivered.chassis.refusal import NotFound
from fivered.chassis.telling import Tells, tell


def say(bench, at, kind, to, **more):
    with bench.at(at).transaction() as tx:
        return tell(tx, kind, to, **more)


def ask(bench, person, **asked):
    return bench.as_(SELF, person=person, scope="").ask("_messages", asked)


def mark(bench, person, method, **body):
    return bench.as_(SELF, person=person, scope="").do(method, body)


def test_messages_are_listed_read_and_nobody_elses(bench):
    say(
        bench,
        "2025-03-03T09:00",
        "COUNTED",
        "per_1",
        about=("counter", "c1"),
        number="c1",
        amount=1,
    )
    say(
        bench,
        "2025-03-03T10:00",
        "COUNTED",
        ["per_1", "per_2", None, "per_1"],
        number="c2",
        amount=2,
    )
    say(bench, "2025-03-03T11:00", "COUNT_LATE", "per_1", number="c3")
    assert say(bench, "2025-03-03T11:00", "COUNT_LATE", None, number="c3") == 0
    told = ask(bench, "per_1")
    assert (told["unread"], told["more"]) == (3, False)
    assert [one["text_zh"] for one in told["items"]] == [
        "计数 c3 逾期",
        "计数 c2 为 2",
        "计数 c1 为 1",
    ]
    assert [one["group"] for one in told["items"]] == ["DUTIES", "MATTERS", "MATTERS"]
    last = told["items"][-1]
    assert (last["about_kind"], last["about_id"], last["read_at"]) == ("counter", "c1", None)
    assert last["text_en"] == "Counter c1 stands at 1"
    # Page by page.
    first = ask(bench, "per_1", limit=2)
    assert first["more"] is True
    place = first["items"][-1]
    rest = ask(bench, "per_1", limit=2, before_at=place["at"], before_id=place["id"])
    assert [one["id"] for one in rest["items"]] == [last["id"]]
    # Read, once.
    assert mark(bench, "per_1", "_read_message", message_id=last["id"]) == {
        "marked": 1,
        "unread": 2,
    }
    assert mark(bench, "per_1", "_read_message", message_id=last["id"]) == {
        "marked": 0,
        "unread": 2,
    }
    assert len(ask(bench, "per_1", unread=True)["items"]) == 2
    up_to = told["items"][1]["at"]
    assert mark(bench, "per_1", "_read_messages", up_to=up_to) == {"marked": 1, "unread": 1}
    # The neighbour has the own ones only, and cannot learn of others.
    assert [one["text_zh"] for one in ask(bench, "per_2")["items"]] == ["计数 c2 为 2"]
    with pytest.raises(NotFound):
        mark(bench, "per_2", "_read_message", message_id=last["id"])
    assert ask(bench, "per_3") == {"unread": 0, "items": [], "more": False}


def test_what_is_said_once_is_said_once_and_falls_with_its_transaction(bench):
    for _ in range(2):
        say(bench, "2025-03-03T09:00", "COUNTED", "per_1", once="c1:4", number="c1", amount=4)
    assert ask(bench, "per_1")["unread"] == 1
    with pytest.raises(ZeroDivisionError), bench.transaction() as tx:
        tell(tx, "COUNTED", "per_1", number="c1", amount=5)
        raise ZeroDivisionError
    assert ask(bench, "per_1")["unread"] == 1


@pytest.mark.parametrize(("kind", "detail"), [("NO_SUCH_KIND", {}), ("COUNTED", {"number": "c1"})])
def test_a_kind_that_is_not_declared_and_a_place_that_stays_empty_are_mistakes(bench, kind, detail):
    with pytest.raises(TypeError), bench.transaction() as tx:
        tell(tx, kind, "per_1", **detail)


def test_a_text_without_its_second_language_is_no_text():
    with pytest.raises(ValueError, match="not written"):
        Tells("计数", to="人 / who", when="时 / when")


def test_two_ids_of_one_person_have_one_list_and_an_erasure_takes_it(bench):
    for person in ("per_old", "per_kept"):
        say(bench, "2025-03-03T09:00", "COUNTED", person, once="x", number="c1", amount=1)
    say(bench, "2025-03-03T10:00", "COUNTED", "per_old", number="c2", amount=2)
    mark(bench, "per_old", "_read_messages", up_to="2025-03-03T10:00:00+08:00")
    with bench.transaction() as tx:
        telling.hand_over(tx.conn, tx.runtime.chassis, "per_old", "per_kept")
    told = ask(bench, "per_kept")
    assert [one["text_zh"] for one in told["items"]] == ["计数 c2 为 2", "计数 c1 为 1"]
    assert [one["read_at"] is None for one in told["items"]] == [False, True]
    assert ask(bench, "per_old")["items"] == []
    # It is what the person is given of the own data, and what an erasure takes.
    given = bench.as_(SELF, person="per_kept", scope="").ask("_my_data", {})
    assert {one["table"]: len(one["rows"]) for one in given["tables"]}["told"] == 2
    with bench.transaction() as tx:
        own_data.erase(tx, ["per_kept"])
    assert ask(bench, "per_kept")["items"] == []


def test_it_fades_after_three_years(bench):
    say(bench, "2025-03-03T09:00", "COUNTED", "per_1", number="c1", amount=1)
    say(bench, "2027-03-03T09:00", "COUNTED", "per_1", number="c2", amount=2)
    own_data.forget(bench.runtime, bench.at("2028-04-02T09:00").now)
    assert [one["text_zh"] for one in ask(bench, "per_1")["items"]] == ["计数 c2 为 2"]
