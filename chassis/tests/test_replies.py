"""Replies: what is taken from a row, and what only some viewers are told."""

from datetime import UTC, date, datetime

import msgspec
import pytest
from msgspec import UNSET, UnsetType

from fivered.chassis.records import unsaved
from fivered.chassis.replies import Reply, plain

ROW = unsaved({"parcel_id": "par_1", "size": 3, "sender": "per_1", "note": None})


class Parcel(Reply, kw_only=True):
    parcel_id: str
    size: int


class WholeParcel(Parcel, kw_only=True):
    sender: str | UnsetType = UNSET
    note: str | UnsetType | None = UNSET


def test_a_member_that_may_be_unset_is_told_by_who_says_so():
    found = WholeParcel.of(ROW)
    assert plain(found) == {"parcel_id": "par_1", "size": 3}
    found.tell(ROW, WholeParcel)
    assert plain(found) == {"parcel_id": "par_1", "size": 3, "sender": "per_1", "note": None}


def test_what_the_row_does_not_have_is_said_and_may_stay_unset():
    found = WholeParcel.of(ROW)
    found.tell(ROW, WholeParcel, sender="per_2", note=UNSET)
    assert plain(found) == {"parcel_id": "par_1", "size": 3, "sender": "per_2"}
    with pytest.raises(AttributeError):
        found.tell(unsaved({"sender": "per_1"}), WholeParcel)


class Step(Reply, kw_only=True):
    at: datetime
    day: date | None = None
    until: datetime | UnsetType | None = UNSET


class Case(Reply, kw_only=True):
    name: str
    when: datetime | str
    last: Step | None = None
    steps: list[Step]
    words: list[str]
    detail: dict[str, object]
    anything: object


def test_instants_are_told_with_their_zone_at_every_depth():
    at, told = datetime(2026, 1, 2, 3, 4, 5, 60, tzinfo=UTC), "2026-01-02T03:04:05.000060+00:00"
    step = Step(at=at, day=date(2026, 1, 2), until=at)
    said = {"at": told, "day": "2026-01-02", "until": told}
    found = Case(
        name="甲",
        when=at,
        last=step,
        steps=[step, Step(at=at)],
        words=[],
        detail={"at": [at]},
        anything=step,
    )
    assert plain([found]) == [
        {
            "name": "甲",
            "when": told,
            "last": said,
            "steps": [said, {"at": told, "day": None}],
            "words": [],
            "detail": {"at": [told]},
            "anything": said,
        }
    ]


def test_a_text_that_looks_like_an_instant_is_told_as_it_was_written():
    written = "2026-01-02T03:04:05Z"
    found = plain(
        Case(
            name=written,
            when=written,
            steps=[],
            words=[written],
            detail={"a": written},
            anything=written,
        )
    )
    assert written.encode() in msgspec.json.encode(found)
    assert {found["name"], found["when"], found["anything"], *found["words"]} == {written}
    assert found["detail"] == {"a": written}
