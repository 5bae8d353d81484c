"""Replies: what is taken from a row, and what only some viewers are told."""

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
