"""Nobody with the database and its backups can tell who chose what; the count can be repeated."""

import dataclasses
import json

import pytest
import sqlalchemy as sa

from fivered.chassis.refusal import NotFound, RoleDenied
from fivered.chassis.settings import Secret
from fivered.services.forum import errors, rules
from fivered.services.forum.tests.conftest import ANA, BEN, NEIGHBOURS, STREET

START = "2025-03-07T19:00:00+08:00"
VOTERS = [ANA, BEN, *NEIGHBOURS][:8]
CHOICES = ["AGAINST", "FOR", "FOR", "ABSTAIN", "FOR", "FOR", "FOR", "AGAINST"]


def opened(town):
    topic_id = town.adopted()
    session_id = town.schedule(topic_id, START)
    town.bench.at(START)
    town.open(session_id, *VOTERS)
    return topic_id, session_id


def voted(town):
    topic_id, session_id = opened(town)
    for person, choice in zip(VOTERS, CHOICES, strict=True):
        town.vote(session_id, topic_id, person, choice)
    return topic_id, session_id


def close(town, topic_id, session_id):
    town.secretary()
    return town.on_session("close_vote", session_id, topic_id=topic_id)


def everything(town):
    """Every row of every table of the service's database, as text, by table."""
    tables = sa.inspect(town.bench.runtime.engine).get_table_names()
    return {
        name: [json.dumps(row, default=str) for row in town.bench.rows(f'SELECT * FROM "{name}"')]
        for name in tables
    }


@pytest.mark.parametrize("reason", ["DECEASED", "MOVED_OUT"])
def test_who_no_longer_counts_for_the_quorum_does_not_count_for_the_outcome(town, reason):
    """The ballot stood in the numerator, and the voter was gone from the denominator."""
    topic_id, session_id = opened(town)
    for person, choice in zip(VOTERS, ["FOR"] * 4 + ["AGAINST"] * 3, strict=False):
        town.vote(session_id, topic_id, person, choice)
    gone = {"person_id": VOTERS[0], "reason": reason}
    town.bench.consume("steward", "resident_deactivated.v1", gone, subject=VOTERS[0], sequence=2)
    tally = close(town, topic_id, session_id)
    row = town.row("session_topics", "topic_id", topic_id)
    assert (row["voting_present"], row["in_favour"], row["against"], row["not_cast"]) == (
        7,
        3,
        3,
        1,
    )
    assert tally["passed"] is False


def test_while_the_vote_is_open_no_row_holds_a_choice(town):
    """SEC-M11: votes stood in the clear beside the names."""
    topic_id, session_id = voted(town)
    for name, rows in everything(town).items():
        for choice in ("AGAINST", "ABSTAIN", '"FOR"'):
            assert not [row for row in rows if choice in row], name
    sealed = town.bench.rows("SELECT person_id, sealed FROM sealed_votes")
    assert len({row["sealed"] for row in sealed}) == len(VOTERS)
    assert len({len(row["sealed"]) for row in sealed}) == 1
    # Nothing but the key opens one; another topic's place neither.
    place = f"{session_id}/{topic_id}"
    for row in sealed:
        assert rules.open_vote(b"x" * 32, place, row["sealed"]) is None
        assert rules.open_vote(b"x" * 32, "elsewhere", row["sealed"]) is None


def test_after_the_close_who_voted_and_what_was_voted_share_nothing(town):
    """SEC-M11."""
    topic_id, session_id = voted(town)
    tally = close(town, topic_id, session_id)
    assert (tally["for"], tally["against"], tally["abstain"]) == (5, 2, 1)
    assert town.bench.rows("SELECT * FROM sealed_votes") == []
    assert town.bench.rows("SELECT * FROM votes") == []
    roll = town.bench.rows("SELECT * FROM roll")
    ballots = town.bench.rows("SELECT * FROM ballots")
    assert sorted(row["person_id"] for row in roll) == sorted(VOTERS)
    assert set(roll[0]) == {"session_id", "topic_id", "person_id"}
    assert set(ballots[0]) == {"ballot_id", "session_id", "topic_id", "choice"}
    # The order in which ballots lie is that of their random ids, not that of the voting.
    assert [row["ballot_id"] for row in ballots] == sorted(row["ballot_id"] for row in ballots)
    for name, rows in everything(town).items():
        for row in rows:
            chose = [choice for choice in ("AGAINST", "ABSTAIN", '"FOR"') if choice in row]
            named = [person for person in VOTERS if person in row]
            assert not (chose and named), name


def test_the_count_can_be_repeated(town):
    topic_id, session_id = voted(town)
    where = {"session_id": session_id, "topic_id": topic_id}
    with pytest.raises(NotFound):
        town.street().ask("recount", where)
    close(town, topic_id, session_id)
    counted = town.street().ask("recount", where)
    assert (counted["for"], counted["against"], counted["voters"]) == (5, 2, 8)
    assert counted["agrees"] is True
    with pytest.raises(RoleDenied):
        town.resident().ask("recount", where)
    with pytest.raises(RoleDenied):
        town.bench.as_("R_STREET", person="x", scope=STREET[:8] + "6").ask("recount", where)


def test_a_mistaken_vote_is_changed_until_the_close(town):
    """IN-B10: by a voter who says that it is a change."""
    topic_id, session_id = voted(town)
    town.resident(ANA)
    body = {"session_id": session_id, "topic_id": topic_id, "choice": "FOR"}
    with pytest.raises(errors.AlreadyVoted):
        town.bench.do("vote", body)
    town.bench.do("vote", body | {"change": True})
    room = town.secretary().ask("session", {"session_id": session_id})
    assert room["agenda"][0]["ballots"] == 8
    tally = close(town, topic_id, session_id)
    assert (tally["for"], tally["against"]) == (6, 1)
    assert town.bench.ask("session", {"session_id": session_id})["agenda"][0]["ballots"] == 8


def test_votes_of_before_the_upgrade_are_counted_once(town):
    """A vote that the older release keeps while both run."""
    topic_id, session_id = opened(town)
    with town.bench.runtime.engine.begin() as conn:
        for person in (ANA, BEN):
            conn.execute(
                sa.text("INSERT INTO votes VALUES (:s, :t, :p, 'AGAINST', :at)"),
                {"s": session_id, "t": topic_id, "p": person, "at": town.bench.now},
            )
    with pytest.raises(errors.AlreadyVoted):
        town.vote(session_id, topic_id, ANA, "FOR")
    town.bench.do(
        "vote", {"session_id": session_id, "topic_id": topic_id, "choice": "FOR", "change": True}
    )
    tally = close(town, topic_id, session_id)
    assert (tally["for"], tally["against"], tally["not_cast"]) == (1, 1, 6)
    assert town.bench.rows("SELECT * FROM votes") == []


def test_a_vote_that_no_key_opens_is_cast_again(town):
    topic_id, session_id = voted(town)
    process = town.bench.runtime.process
    town.bench.runtime.process = type(process)(
        **{
            name: getattr(process, name)
            for name in process.__dataclass_fields__
            if name != "digest_key"
        },
        digest_key=Secret("another-key-of-at-least-32-bytes-long"),
    )
    with pytest.raises(errors.VotesUnreadable):
        close(town, topic_id, session_id)
    for person in VOTERS:
        town.resident(person).do(
            "vote",
            {"session_id": session_id, "topic_id": topic_id, "choice": "FOR", "change": True},
        )
    assert close(town, topic_id, session_id)["for"] == 8


def test_a_session_without_a_count_leaves_no_votes(town):
    _topic, session_id = voted(town)
    town.secretary()
    town.on_session("adjourn_session", session_id)
    assert town.bench.rows("SELECT * FROM sealed_votes") == []
    assert town.bench.rows("SELECT * FROM ballots") == []


def test_the_key_is_replaced_while_a_vote_is_open(town):
    """SEC-M13: a person who had voted had to vote again."""
    topic_id, session_id = voted(town)
    process = town.bench.runtime.process
    before = process.digest_key or process.actor_key
    town.bench.runtime.process = dataclasses.replace(
        process,
        digest_key=Secret("another-key-of-at-least-32-bytes-long"),
        digest_key_before=(before,),
    )
    answer = close(town, topic_id, session_id)
    assert (answer["for"], answer["against"]) == (CHOICES.count("FOR"), CHOICES.count("AGAINST"))
