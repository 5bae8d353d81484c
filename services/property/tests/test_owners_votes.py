"""The owners' vote by Civil Code art. 278, from the call to the result that is final."""

import hashlib

import pytest

from fivered.chassis.refusal import Invalid, NotFound, StateConflict
from fivered.services.property import errors
from fivered.services.property.errors.topics import TopicElsewhere, TopicNotWaiting, UnknownTopic

PAPER = "不动产权第0001号"
# Six voices with 600 m2: one of 100 m2 each, but a couple with two rooms of 50.
ROOMS = {
    "101": (["per_a"], 100), "102": (["per_b"], 100), "103": (["per_c"], 100),
    "104": (["per_d"], 100), "105": (["per_e"], 100),
    "201": (["per_f", "per_g"], 50), "202": (["per_g", "per_f"], 50),
}  # fmt: skip
OPENS, CLOSES = "2025-03-20T08:00:00+08:00", "2025-03-27T18:00:00+08:00"
SECOND = "per_second"


class Hall:
    """A compound with owners who vote, and officers who count."""

    def __init__(self, town):
        self.town, self.bench = town, town.bench
        self.rooms = {}

    def begin(self):
        town = self.town
        town.found()
        town.settle(*(f"per_{letter}" for letter in "abcdefg"), SECOND)
        for number, (owners, area) in ROOMS.items():
            self.register(number, owners=owners, area_m2=area)
        self.register("P1", owners=["per_a"], area_m2=12, use="PARKING")
        return self

    def register(self, number, **changes):
        self.rooms[number] = self.town.cadre().do(
            "register_room",
            {
                "project_id": "prj_a", "building": "1号楼", "number": number,
                "document_ref": PAPER, "owned_since": "2020-01-01",
            } | changes,
        )["id"]  # fmt: skip

    def call(self, **changes):
        return self.town.secretary().do(
            "call_vote",
            {
                "project_id": "prj_a", "matter": "CHOOSE_MANAGER", "title": "续聘物业服务企业",
                "proposal": "同意续聘宏达物业三年。", "opens_at": OPENS, "closes_at": CLOSES,
            } | changes,
        )  # fmt: skip

    def cast(self, vote, person, number, choice="FOR"):
        return self.bench.as_("R_RESIDENT", person=person, scope=self.town.grid).do(
            "cast_ballot", {"vote_id": vote, "room_id": self.rooms[number], "choice": choice}
        )

    def paper(self, vote, number, choice="FOR", ref="选票1", **more):
        return self.town.cadre().do(
            "enter_paper",
            {
                "vote_id": vote, "room_id": self.rooms[number], "choice": choice, "paper_ref": ref,
                "evidence": ["sha256:1"],
            } | more,
        )["id"]  # fmt: skip

    def confirm(self, paper, choice="FOR", by=SECOND):
        return self.town.cadre(by).do(
            "confirm_paper", {"paper_id": paper, "choice": choice}, version=1
        )

    def count(self, vote):
        version = self.town.version("owners_votes", "vote_id", vote)
        return self.town.secretary().do("count_vote", {"vote_id": vote}, version=version)

    def card(self, vote):
        self.bench.as_("R_RESIDENT", person="per_x", scope=self.town.grid)
        return self.bench.ask("owners_vote", {"vote_id": vote})


def told_of(bench, kind):
    asked = "SELECT person_id FROM told WHERE kind = :k ORDER BY person_id"
    return [row["person_id"] for row in bench.rows(asked, k=kind)]


def told(bench, person):
    """The kinds of what a person was told of votes, in order."""
    asked = "SELECT kind FROM told WHERE person_id = :p ORDER BY created_at, message_id"
    return [row["kind"] for row in bench.rows(asked, p=person)]


def topic(hall, topic_id, fact, *, community="370811015901", sequence=1, **more):
    """Say a fact of the forum about a topic."""
    more |= {"proposer": "per_x", "level": "GRID"} if fact == "topic_adopted.v1" else {}
    hall.bench.consume(
        "forum", fact, {"topic_id": topic_id, "community": community} | more,
        subject=topic_id, sequence=sequence,
    )  # fmt: skip


@pytest.fixture
def hall(town):
    return Hall(town).begin()


def test_a_vote_names_a_topic_of_its_community_that_waits_for_the_owners(hall):
    with pytest.raises(UnknownTopic):
        hall.call(topic_id="top_1")
    topic(hall, "top_1", "topic_adopted.v1", owners_matter=True, sequence=3)
    with pytest.raises(TopicNotWaiting):
        hall.call(topic_id="top_1")
    topic(hall, "top_2", "resolution_effective.v1", community="370811015902", binding=False)
    with pytest.raises(TopicElsewhere, match="370811015902"):
        hall.call(topic_id="top_2")
    topic(hall, "top_1", "resolution_effective.v1", binding=False, sequence=5)
    # What comes late says nothing new.
    topic(hall, "top_1", "topic_adopted.v1", owners_matter=True, sequence=4)
    vote = hall.call(topic_id="top_1")["id"]
    (found,) = hall.bench.ask("owners_votes", {"topic_id": "top_1"})["items"]
    assert (found["id"], found["topic_id"]) == (vote, "top_1")
    topic(hall, "top_1", "resolution_effective.v1", binding=True, sequence=6)
    with pytest.raises(TopicNotWaiting):
        hall.call(topic_id="top_1")
    topic(hall, "top_3", "resolution_effective.v1", binding=False, sequence=5)
    topic(hall, "top_3", "topic_closed.v1", tasks=1, days=9, sequence=7)
    with pytest.raises(TopicNotWaiting):
        hall.call(topic_id="top_3")


def test_a_vote_is_called_cast_on_line_and_on_paper_counted_and_said(hall):
    bench, town = hall.bench, hall.town
    topic(hall, "top_1", "resolution_effective.v1", binding=False)
    made = hall.call(topic_id="top_1")
    vote = made["id"]
    assert (made["state"], made["special"]) == ("ANNOUNCED", False)
    with pytest.raises(StateConflict):
        hall.cast(vote, "per_a", "101")
    bench.fire(OPENS)
    voters = [f"per_{letter}" for letter in "abcdefg"]
    assert told_of(bench, "VOTE_OPENED") == voters
    card = hall.card(vote)
    assert card["state"] == "OPEN"
    assert {one["reason"]: one["area_m2"] for one in card["left_out"]} == {"PARKING": "12.00"}
    # What changes now in the register changes nothing on the frozen roll.
    room = town.secretary().ask("room", {"room_id": hall.rooms["105"]})
    sold = {
        "room_id": room["id"], "since": "2025-03-20", "owners": ["per_a"], "document_ref": PAPER,
        "reason": "房屋买卖过户",
    }  # fmt: skip
    bench.do("transfer_room", sold, version=room["version"])

    assert hall.cast(vote, "per_a", "101")["counted"] is True
    # One voice for two rooms; a co-owner's second ballot does not count, and is noted.
    assert hall.cast(vote, "per_f", "201")["counted"] is True
    second = hall.cast(vote, "per_g", "202", "AGAINST")
    assert (second["counted"], second["choice"]) == (False, "FOR")
    assert "先撤回" in second["hint"]
    # Who bought it after the freeze has no voice by it; who sold it has.
    with pytest.raises(errors.NotAnOwner):
        hall.cast(vote, "per_a", "105")
    with pytest.raises(errors.NotAnOwner):
        hall.cast(vote, "per_a", "P1")
    with pytest.raises(Invalid):
        hall.cast(vote, "per_b", "102", "MAYBE")
    # Taken back before the close, and cast anew.
    hall.cast(vote, "per_b", "102", "AGAINST")
    mine = {"vote_id": vote, "room_id": hall.rooms["102"]}
    bench.do("revoke_ballot", mine)
    with pytest.raises(StateConflict):
        bench.do("revoke_ballot", mine)
    assert bench.ask("my_ballots", {})["items"][0].get("choice") is None
    hall.cast(vote, "per_b", "102", "ABSTAIN")

    # A paper counts once a second officer has read the same; of the two ballots the first counts.
    paper = hall.paper(vote, "103")
    assert "choice" not in bench.ask("vote_papers", {"vote_id": vote})["items"][0]
    with pytest.raises(errors.SamePerson):
        hall.confirm(paper, by="per_li")
    with pytest.raises(errors.PaperDiffers):
        hall.confirm(paper, "AGAINST")
    assert hall.confirm(paper)["counted"] is True
    assert "choice" not in town.secretary().ask("vote_paper", {"paper_id": paper})
    with pytest.raises(errors.PaperEntered):
        hall.paper(vote, "103", ref="选票 1")
    assert hall.cast(vote, "per_c", "103", "AGAINST")["counted"] is False
    late = hall.paper(vote, "101", "AGAINST", ref="选票2")
    found = hall.confirm(late, "AGAINST")
    # Who confirms it does not learn that the owner has voted otherwise.
    assert (found["counted"], found["choice"]) == (False, "AGAINST")
    wrong = hall.paper(vote, "104", "AGAINST", ref="选票3")
    with pytest.raises(errors.NotAnOwner):
        hall.paper(vote, "P1")

    # Nobody is told how it stands while it is open; who counts sees by name who has voted.
    assert not {"by_area", "choices", "returned", "history"} & {
        name for name, value in hall.card(vote).items() if value is not None
    }
    with pytest.raises(NotFound):
        town.cadre("per_wu").ask("vote_ballots", {"vote_id": vote})
    roll = town.secretary().ask("vote_ballots", {"vote_id": vote})["items"]
    assert len(roll) == 6
    assert {tuple(one["persons"]): one["returned"] for one in roll} == {
        ("per_a",): True, ("per_b",): True, ("per_c",): True, ("per_d",): False,
        ("per_e",): False, ("per_f", "per_g"): True,
    }  # fmt: skip
    assert not {"choice", "cast_by"} & {name for one in roll for name in one}
    digest = hashlib.sha256("\n".join(one["line_sha256"] for one in roll).encode()).hexdigest()
    assert digest == hall.card(vote)["roll_sha256"]

    # Two days before the close who has a voice without a ballot is told, nobody else.
    bench.fire("2025-03-25T17:59:00+08:00")
    assert told_of(bench, "VOTE_CLOSING") == []
    bench.fire("2025-03-25T18:00:00+08:00")
    assert told_of(bench, "VOTE_CLOSING") == ["per_d", "per_e"]
    bench.fire(CLOSES)
    with pytest.raises(StateConflict):
        hall.cast(vote, "per_d", "104")
    with pytest.raises(errors.PapersOpen):
        hall.count(vote)
    town.cadre(SECOND).do(
        "reject_paper", {"paper_id": wrong, "reason": "录入与选票不符"}, version=1
    )
    # After the close a paper says when it came back; not later than the close.
    for day in ({}, {"returned_on": "2025-03-28"}, {"returned_on": "2025-03-19"}):
        with pytest.raises(errors.ReturnedLate):
            hall.paper(vote, "104", "FOR", ref="选票3", **day)
    hall.confirm(hall.paper(vote, "104", "FOR", ref="选票3", returned_on="2025-03-27"))
    assert "choice" not in town.secretary().ask("vote_ballots", {"vote_id": vote})["items"][0]
    with pytest.raises(StateConflict):
        bench.ask("owners_vote_paper", {"vote_id": vote})
    hall.count(vote)
    roll = town.secretary().ask("vote_ballots", {"vote_id": vote})["items"]
    assert {tuple(one["persons"]): one.get("choice") for one in roll}["per_f", "per_g"] == "FOR"
    card = hall.card(vote)
    # Five of six voices take part, 500 of 600 m2; four agree.
    assert card["by_heads"] == {
        "eligible": "6", "participating": "5", "assenting": "4",
        "participating_percent": "83.33", "assenting_percent": "80.00",
    }  # fmt: skip
    assert card["by_area"]["participating"] == "500.00"
    assert (card["state"], card["passed"], card["failed"]) == ("COUNTED", True, [])
    assert hashlib.sha256(card["document"].encode()).hexdigest() == card["document_sha256"]
    assert bench.ask("owners_vote_paper", {"vote_id": vote})["document"] == card["document"]
    for figure in ("6 人", "600.00 平方米", "500.00 平方米", digest, "结果:通过"):
        assert figure in card["document"]
    assert told_of(bench, "VOTE_COUNTED") == voters
    assert not bench.published("owners_vote_closed.v1")
    bench.fire("2025-04-05T00:00:00")
    (said,) = bench.published("owners_vote_closed.v1")
    assert said["data"] | {"passed": True, "topic_id": "top_1", "special": False} == said["data"]
    assert said["data"]["area_assenting"] == 40000
    assert hall.card(vote)["state"] == "PASSED"
    steps = ["VOTE_CALLED", "VOTE_OPENED", "VOTE_COUNTED", "VOTE_FINAL"]
    # Each owner once, whatever they own; who has bought since then is on no roll.
    assert told(bench, "per_a") == told(bench, "per_g") == steps
    assert told(bench, "per_x") == []
    history = town.secretary().ask("owners_vote", {"vote_id": vote})["history"]
    assert sum(one["what"] == "BALLOT_NOT_COUNTED" for one in history) == 3


def test_a_special_matter_needs_three_quarters_and_a_vote_that_failed_is_repeated(hall):
    bench = hall.bench
    vote = hall.call(matter="RAISE_MAINTENANCE_FUND")["id"]
    bench.fire(OPENS)
    voters = (("per_a", "101"), ("per_b", "102"), ("per_c", "103"), ("per_d", "104"))
    for number, (person, room) in enumerate(voters):
        hall.cast(vote, person, room, "FOR" if number < 2 else "AGAINST")
    bench.fire(CLOSES)
    # Nobody counts it: after seven days it is counted by itself.
    bench.fire("2025-04-04T00:00:00")
    card = hall.card(vote)
    assert (card["special"], card["passed"]) == (True, False)
    assert card["failed"] == ["ASSENT_AREA", "ASSENT_HEADS"]
    again = {
        "matter": "RAISE_MAINTENANCE_FUND", "repeats": vote,
        "opens_at": "2025-05-10T08:00:00+08:00", "closes_at": "2025-05-17T18:00:00+08:00",
    }  # fmt: skip
    with pytest.raises(errors.NotRepeatable):
        hall.call(**again)
    bench.fire("2025-04-20T00:00:00")
    assert hall.card(vote)["state"] == "FAILED"
    with pytest.raises(errors.NotRepeatable):
        hall.call(**again | {"matter": "REBUILD"})
    second = hall.call(**again)["id"]
    assert hall.card(second)["round"] == 2
    with pytest.raises(errors.NotRepeatable):
        hall.call(**again)
    # Exactly three quarters of who takes part, and exactly two thirds take part.
    bench.fire(again["opens_at"])
    for number, (person, room) in enumerate(voters):
        hall.cast(second, person, room, "FOR" if number < 3 else "AGAINST")
    bench.fire(again["closes_at"])
    hall.count(second)
    assert hall.card(second)["passed"] is True


def test_who_is_wronged_objects_and_a_result_that_is_wrong_is_set_aside(hall):
    bench, town = hall.bench, hall.town
    vote = hall.call()["id"]
    bench.fire(OPENS)
    hall.cast(vote, "per_a", "101")
    bench.fire(CLOSES)
    hall.count(vote)
    text = {"vote_id": vote, "text": "我交的纸质选票没有计入。"}
    with pytest.raises(errors.NotOnRoll):
        bench.as_("R_RESIDENT", person="per_x", scope=town.grid).do("object_to_vote", text)
    made = bench.as_("R_RESIDENT", person="per_b", scope=town.grid).do("object_to_vote", text)
    assert bench.ask("vote_objections", {})["total"] == 1
    with pytest.raises(errors.ObjectedAlready):
        bench.do("object_to_vote", text)
    bench.as_("R_RESIDENT", person="per_c", scope=town.grid)
    assert bench.ask("vote_objections", {})["total"] == 0
    # The result is not final while an objection waits, and is said by its answer.
    bench.fire("2025-04-20T00:00:00")
    assert hall.card(vote)["state"] == "COUNTED"
    found = {"objection_id": made["id"], "outcome": "UPHELD", "reasons": "经核对,选票漏计。"}
    with pytest.raises(errors.ReasonRequired):
        town.street_clerk().do("decide_vote_objection", found | {"reasons": "是"}, version=1)
    with pytest.raises(errors.SamePerson):
        town.street_clerk("per_b").do("decide_vote_objection", found, version=1)
    town.street_clerk().do("decide_vote_objection", found, version=1)
    assert hall.card(vote)["state"] == "VOID"
    assert told_of(bench, "VOTE_OBJECTION_DECIDED") == ["per_b"]
    assert told(bench, "per_b") == [
        *("VOTE_CALLED", "VOTE_OPENED", "VOTE_CLOSING", "VOTE_COUNTED"),
        *("VOTE_OBJECTION_DECIDED", "VOTE_VOID"),
    ]
    assert not bench.published("owners_vote_closed.v1")
    with pytest.raises(StateConflict):
        bench.as_("R_RESIDENT", person="per_b", scope=town.grid).do("object_to_vote", text)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"opens_at": "2025-03-10T08:00:00+08:00"}, errors.NoticeTooShort),
        ({"closes_at": OPENS}, errors.NoticeTooShort),
        ({"closes_at": "2025-06-20T08:00:00+08:00"}, errors.NoticeTooShort),
        ({"matter": "CHRISTMAS"}, Invalid),
        ({"project_id": "prj_none"}, NotFound),
        ({"repeats": "owv_none"}, NotFound),
    ],
)
def test_what_is_no_call_is_refused(hall, changes, refusal):
    with pytest.raises(refusal):
        hall.call(**changes)


def test_without_a_register_there_is_no_vote_and_one_that_is_cancelled_decides_nothing(hall):
    bench, town = hall.bench, hall.town
    town.found("prj_b", manager="per_new", grid="370811015901002", buildings=["9号楼"])
    with pytest.raises(errors.RollEmpty):
        hall.call(project_id="prj_b")
    vote = hall.call()["id"]
    stopped = {"vote_id": vote, "reason": "议题内容须重新征求意见"}
    with pytest.raises(errors.ConflictOfInterest):
        town.cadre("per_wu").do("cancel_vote", stopped, version=1)
    town.secretary().do("cancel_vote", stopped, version=1)
    bench.fire(OPENS)
    assert hall.card(vote)["state"] == "CANCELLED"
    assert told(bench, "per_a") == ["VOTE_CALLED", "VOTE_CANCELLED"]
    # A vote that runs goes with its compound to the next company.
    later = hall.call(opens_at="2025-04-20T08:00:00+08:00", closes_at="2025-04-27T08:00:00+08:00")
    town.hand_over(to="prj_c")
    assert hall.card(later["id"])["project_id"] == "prj_c"
    bench.fire("2025-04-20T08:00:00+08:00")
    assert hall.card(later["id"])["state"] == "OPEN"
    version = town.version("owners_votes", "vote_id", later["id"])
    town.secretary().do("cancel_vote", stopped | {"vote_id": later["id"]}, version=version)
    assert len(told_of(bench, "VOTE_CANCELLED")) == 14


def test_what_the_developer_has_not_sold_is_one_voice_that_votes_on_paper(hall):
    """法释〔2009〕7号 art. 9: not sold, or sold and not handed over, counts as one."""
    bench, town = hall.bench, hall.town
    for number in ("301", "302"):
        hall.register(number, owners=[], area_m2=200, holding="UNSOLD")
    hall.register("P2", owners=[], area_m2=15, use="PARKING", holding="UNSOLD")
    vote = hall.call()["id"]
    bench.fire(OPENS)
    roll = town.secretary().ask("vote_ballots", {"vote_id": vote})["items"]
    (line,) = [one for one in roll if one["organisations"]]
    assert (line["organisations"], line["persons"]) == (["建设单位"], [])
    assert (len(line["rooms"]), line["area_m2"]) == (2, "400.00")
    assert hall.confirm(hall.paper(vote, "302"))["counted"] is True
    bench.fire(CLOSES)
    hall.count(vote)
    card = hall.card(vote)
    assert (card["by_heads"]["eligible"], card["by_area"]["eligible"]) == ("7", "1000.00")
    assert card["by_area"]["assenting"] == "400.00"
