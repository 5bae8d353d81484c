"""What services have told people in tables of their own stands in the inbox of all services, too."""

import re

import pytest
import sqlalchemy as sa

from fivered.chassis.installed import service_class, service_names
from fivered.chassis.messages import SELF
from fivered.chassis.refusal import Sentence
from fivered.chassis.telling import GROUPS
from testkit.bench import bench, database_url  # noqa: F401

ADAPTED = [one for one in service_names() if service_class(one).told_elsewhere]
DOORS = {"forum": "my_messages", "property": "my_messages", "credit": "messages"}
# partner's messages are to a partner: services/partner/tests/test_messages.py.
assert {*ADAPTED} == {*DOORS, "partner"}


@pytest.fixture(params=sorted(DOORS))
def service_cls(request):
    return service_class(request.param)


def test_every_kind_of_before_is_read_and_marked_in_the_inbox(service_cls, bench):  # noqa: F811
    (elsewhere,) = service_cls.told_elsewhere
    table = service_cls.tables.tables["messages"]
    places = {"until": "2025-03-01", "reasons": "理由", "subject": "RES:per_1"}
    every = (
        "number",
        "reason",
        "title",
        "start",
        "place",
        "matter",
        "level",
        "request",
        "accepted",
    )
    detail = dict.fromkeys((*every, "cancelled", *_places(elsewhere.kinds)), "3") | places
    with bench.at("2025-02-01T10:00").transaction() as tx:
        for number, kind in enumerate(sorted(elsewhere.kinds)):
            row = {"message_id": f"msg_{number:03}", "person_id": "per_1", "code": kind,
                   "created_at": tx.now, "topic_id": "top_1", "complaint_id": "cmp_1",
                   "number": "TS-1", "said": "说明", "detail": detail}  # fmt: skip
            columns = table.columns.keys()
            tx.conn.execute(sa.insert(table).values({k: v for k, v in row.items() if k in columns}))
    own = bench.as_("R_RESIDENT", person="per_1", scope="370811015901").ask(
        DOORS[service_cls.name], {"limit": 200}
    )["items"]
    mine = bench.as_(SELF, person="per_1", scope="")
    told = mine.ask("_messages", {"limit": 200})
    assert told["unread"] == len(elsewhere.kinds) == len(own)
    assert [(one["id"], one["text_zh"]) for one in told["items"]] == [
        (one["id"], one["text"]) for one in own
    ]
    assert all(one["group"] in GROUPS and one["text_en"] for one in told["items"])
    assert mine.do("_read_message", {"message_id": "msg_000"})["marked"] == 1
    assert mine.ask("_messages", {"unread": True})["unread"] == len(own) - 1
    other = bench.as_(SELF, person="per_2", scope="")
    assert other.ask("_messages")["items"] == []


def _places(kinds):
    return {one for text in kinds.values() for one in re.findall(r"\{(\w+)\}", Sentence(text))}


def test_every_kind_says_to_whom_and_when():
    for name in service_names():
        cls = service_class(name)
        twice = {*cls.tells} & {kind for one in cls.told_elsewhere for kind in one.kinds}
        assert not twice, f"{name}: {twice}"
        for said in (*cls.tells.values(), *cls.told_elsewhere):
            assert Sentence(said.to).english
            assert Sentence(said.when).english
            assert said.group in GROUPS
