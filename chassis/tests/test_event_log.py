"""What was said is shown and said again by number or time (OP-B2), on both databases."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from fivered.chassis import cli, event_log, topology
from fivered.chassis.installed import service_class, service_names
from fivered.chassis.tests.toy.service import Toy

pytestmark = pytest.mark.slow


def spoken_stage(bench):
    began = datetime(2026, 11, 28, 1, 0, tzinfo=UTC)
    for number in range(200):
        bench.do("add", {"counter_id": f"c{number}", "amount": 1})
    outbox = bench.runtime.chassis.outbox
    with bench.runtime.engine.begin() as conn:
        said = conn.execute(sa.select(outbox.c.id).order_by(outbox.c.id)).scalars().all()
        for number, row_id in enumerate(said):
            at = began + timedelta(minutes=number)
            conn.execute(
                sa.update(outbox)
                .where(outbox.c.id == row_id)
                .values(recorded_at=at, sent_at=at, fact="added.v1" if number % 2 else "other.v1")
            )


@pytest.fixture
def spoken(bench):
    """Two hundred facts, all sent, one a minute."""
    return bench.staged(spoken_stage)


def unsent(bench):
    return bench.rows("SELECT id FROM outbox WHERE sent_at IS NULL ORDER BY id")


def test_saying_again_has_no_limit_that_nobody_asked_for(spoken):
    found = event_log.again(spoken.runtime, event_log.Part())
    assert found.count == 200
    assert len(unsent(spoken)) == 200


@pytest.mark.parametrize(
    ("part", "count"),
    [
        ({"after": "190"}, 10),
        ({"first": "190"}, 11),
        ({"first": "190", "last": "195"}, 6),
        # 09:00 local is 01:00 UTC.
        ({"first": "2026-11-28T12:00"}, 20),
        ({"after": "2026-11-28T12:00"}, 19),
        ({"first": "2026-11-28T04:00:00+00:00", "last": "200"}, 20),
        ({"last": "2026-11-28T09:04+08:00"}, 5),
        ({"facts": ("added.v1",), "after": "190"}, 5),
    ],
)
def test_a_part_is_given_by_id_or_time(spoken, part, count):
    places = {
        name: event_log.place(one) if isinstance(one, str) else one for name, one in part.items()
    }
    asked = event_log.Part(**places)
    assert event_log.extent(spoken.runtime, asked).count == count
    assert unsent(spoken) == []
    assert event_log.again(spoken.runtime, asked).count == count
    assert len(unsent(spoken)) == count


@pytest.mark.parametrize(
    "text",
    [
        *("0190a000-0000-7000-8000-000000000001", "-1", "gestern", "", "٣"),
        *("9" * 19, "9" * 5000, "0001-01-01T00:00", "9999-12-31T23:59-12:00"),
    ],
)
def test_a_place_that_is_none_is_named(text):
    with pytest.raises(ValueError, match="no outbox id and no time"):
        event_log.place(text)


def test_the_newest_come_with_what_replay_takes(spoken):
    shown = event_log.newest(spoken.runtime, event_log.Part(), 3)
    assert [event["outbox_id"] for event in shown] == [198, 199, 200]
    assert shown[-1]["recorded_at"].startswith("2026-11-28T04:19")
    assert shown[-1]["sent_at"]
    assert len(shown[-1]["id"]) == 36


def test_a_hearer_gets_only_what_it_hears(spoken):
    installation = topology.installation_of([Toy])
    part = event_log.consumed_by(event_log.Part(), "toy", "toy", installation)
    assert set(part.facts) == set(installation.members["toy"].consumes["toy"])
    with pytest.raises(event_log.NotReplayed, match="not installed"):
        event_log.consumed_by(event_log.Part(), "toy", "nobody", installation)
    with pytest.raises(event_log.NotReplayed, match="hears nothing"):
        event_log.consumed_by(event_log.Part(facts=("other.v9",)), "toy", "toy", installation)


def test_a_hearer_of_the_embedded_mode_is_set_back_and_never_forward(spoken):
    cursors = spoken.runtime.chassis.cursors

    def position():
        return spoken.rows("SELECT position FROM cursors WHERE source = 'toy'")[0]["position"]

    with spoken.runtime.engine.begin() as conn:
        conn.execute(cursors.insert().values(source="toy", position=150))
    event_log.set_back(spoken.runtime, event_log.Part(after=180), spoken.runtime)
    assert position() == 150
    event_log.set_back(spoken.runtime, event_log.Part(after=100), spoken.runtime)
    assert position() == 100
    with pytest.raises(event_log.NotReplayed):
        event_log.set_back(spoken.runtime, event_log.Part(last=120), spoken.runtime)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["replay", "--only-to", ""], "--only-to needs the name of a consumer"),
        (["replay", "--limit", "0", "--dry-run"], "events replay takes no --limit"),
        (["replay", "--unsent"], "events replay takes no --unsent"),
        (["replay", "--first-time"], "--first-time needs --only-to: who has never run"),
        (["tail", "--only-to", "toy"], "events tail takes no --only-to"),
    ],
)
def test_an_option_that_would_narrow_nothing_is_refused(capsys, options, said):
    """`--only-to "$EMPTY"` said everything again to everybody, and --limit was overlooked."""
    assert cli.main(["events", options[0], "nothing", *options[1:]]) == 2
    assert capsys.readouterr().err == f"fivered: {said}\n"


@pytest.mark.parametrize("limit", ["-1", "9" * 20, "٣", "1.5", ""])
def test_a_number_of_events_that_is_none_is_one_line(capsys, limit):
    with pytest.raises(SystemExit) as ended:
        cli.main(["events", "tail", "steward", f"--limit={limit}"])
    assert ended.value.code == 2
    assert "is no number of events" in capsys.readouterr().err


def test_what_is_published_at_all_is_listed(capsys):
    assert cli.main(["events", "list", "credit"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith("credit.") for line in lines)
    assert any(" public " in line for line in lines)
    assert cli.main(["events", "list", "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    publishing = {name for name in service_names() if service_class(name).publishes}
    assert {one["type"].partition(".")[0] for one in told} == publishing
    assert all(one["title"] and one["schema"] for one in told)


def test_no_room_for_what_is_told_is_one_line():
    """H11-26: a trace."""
    with Path("/dev/full").open("w") as full:
        fivered = str(Path(sys.executable).with_name("fivered"))
        done = subprocess.run(
            [fivered, "events", "list"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert done.stderr == "fivered: standard output: No space left on device\n"


def test_beside_one_process_nothing_is_said_to_be_sent(tmp_path, monkeypatch, capsys):
    """H11-28, H11-29: `tail --unsent` showed all, a replay that nobody sends said that it goes out,
    partitions were counted that are not there, and words that do not exist found nothing."""
    monkeypatch.setenv("FIVERED_PARTNER_DATABASE_URL", f"sqlite:///{tmp_path}/partner.sqlite")
    for key in ("FIVERED_ACTOR_KEY", "FIVERED_PARTNER_VOUCHER_KEY"):
        monkeypatch.setenv(key, "k" * 40)

    def said(*command, code=0):
        assert cli.main(list(command)) == code, capsys.readouterr()
        return "".join(capsys.readouterr())

    said("migrate", "partner")
    assert "nothing is sent" in said("events", "tail", "partner", "--unsent")
    assert "--only-to CONSUMER" in said("events", "replay", "partner", code=2)
    assert "there are no partitions" in said("partitions", "partner")
    assert "there are no workers" in said("workers", "partner")
    assert "publishes no nothing.v1" in said(
        "events", "tail", "partner", "--fact", "nothing.v1", code=2
    )
    assert "a job is QUEUED" in said("jobs", "partner", "--state", "GONE", code=2)
    assert "none in partner" in said("jobs", "partner", "--state", "DONE")


def test_wrong_arguments_are_one_line(capsys):
    """H11-30: argparse told its usage as well, in up to six lines."""
    for command in (["events", "nothing"], ["nothing"], ["doctor", "--wrong"]):
        with pytest.raises(SystemExit) as ended:
            cli.main(command)
        assert ended.value.code == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("fivered")


def test_one_fact_is_shown_with_its_members_units_and_words(capsys):
    assert cli.main(["events", "show", "partner.offer_published.v1"]) == 0
    shown = capsys.readouterr().out
    assert "points_price" in shown
    assert "[积分 / points]" in shown
    assert "DISCOUNT" in shown
    assert "POST /v1/partner/offers/{offer_id}/publish" in shown
    assert cli.main(["events", "show", "partner.offer_published.v1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["since"] == "0.1.0"


def test_what_each_release_has_changed_is_told(capsys):
    assert cli.main(["events", "changes", "property.project_registered.v1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["since"] == "0.1.0"
    assert "新增成员 `buildings` / gained `buildings`" in told["changes"]["0.2.0"]
    assert cli.main(["events", "changes"]) == 0
    shown = capsys.readouterr().out
    assert "steward.request_submitted.v1" in shown


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (["show"], "needs a fact"),
        (["show", "steward"], "needs a fact"),
        (["show", "steward.nothing.v1"], "publishes no nothing.v1"),
        (["show", "steward.area_defined.v1", "--limit", "3"], "takes no --limit"),
        (["changes", "steward.nothing.v1"], "publishes no nothing.v1"),
        (["list", "credit", "--fact", "nothing.v1"], "nothing that is published"),
        (["list", "nothing"], "nothing"),
        (["list", "--after", "1"], "takes no --after"),
        (["list", "--from", "1"], "takes no --from"),
        (["tail"], "needs a service"),
        (["tail", "credit", "--json"], "takes no --json"),
    ],
)
def test_what_cannot_be_listed_is_one_line(capsys, asked, why):
    assert cli.main(["events", *asked]) == 2
    said = capsys.readouterr().err
    assert why in said
    assert said.count("\n") == 1
