"""What a run must end in: each fact took effect once at each hearer, in the order of its subject;
the books balance; nobody waits; and it is what comes of the same deeds when nothing goes wrong."""

from __future__ import annotations

import random
from collections import Counter

from tests.simulation import town
from tests.simulation.world import SERVICES, Home, Unlike, World

HOSTS = ("broker", "broker", "broker", "embedded")
# So many seeds in a row tell the same script, which has to be told but once without faults.
TOGETHER = 8
_expected: dict[int, dict] = {}
_ENDED = {"REDEEMED", "CANCELLED", "EXPIRED", "REJECTED"}


def run(home: Home, seed: int) -> Counter:
    """Live through the world of a seed. Returns how often each thing went wrong in it.

    Raises:
        Unlike: It ended as it must not.
    """
    host, town_of = HOSTS[seed % len(HOSTS)], seed // TOGETHER
    if town_of not in _expected:
        _expected.clear()
        _expected[town_of] = _lived(home, town_of, None, "broker")[0]
    expected = _expected[town_of]
    found, world = _lived(home, town_of, random.Random(f"faults {seed}"), host)
    for name in expected:
        if found[name] != expected[name]:
            raise Unlike(f"{name}: {_differing(expected[name], found[name])}")
    return world.faults


def _lived(home, script, chance, host):
    home.fresh(script)
    told = town.script(random.Random(f"script {script}"))
    world = World(home, chance, host=host)
    world.live(told)
    check(world)
    return outcome(world, told), world


def _differing(expected, found):
    if isinstance(expected, dict):
        names = sorted({*expected, *found})
        return {
            name: (expected.get(name), found.get(name))
            for name in names
            if expected.get(name) != found.get(name)
        }
    only = [row for row in expected if row not in found]
    return f"expected {only}, found {[row for row in found if row not in expected]}"


def check(world: World) -> None:
    """Look at what holds at the end of every run, however it went.

    Raises:
        Unlike: Something does not hold.
    """
    benches = world.benches
    for name, bench in benches.items():
        parked = [(row["reason"], row["error"][-500:]) for row in bench.parked()]
        if parked:
            raise Unlike(f"{name} has parked {parked}")
        for source in SERVICES:
            if source in bench.runtime.reads_of:
                _each_once_in_order(bench, source, benches[source])
        _placed_in_order(bench)
    credit = benches["credit"].as_("R_AUDITOR", person="per_auditor")
    sheet = credit.ask("trial_balance")
    if not sheet["balanced"] or sum(sheet["accounts"].values()):
        raise Unlike(f"the ledger does not balance: {sheet}")
    states = benches["partner"].rows("SELECT redemption_id, state FROM redemptions")
    stuck = [row for row in states if row["state"] not in _ENDED]
    if stuck:
        raise Unlike(f"redemptions are stuck: {stuck}")


def _each_once_in_order(bench, source, producer):
    wanted = bench.runtime.reads_of[source]
    said = [
        (row["event_id"].replace("-", ""), row["subject"], row["partition"])
        for row in producer.rows(
            "SELECT event_id, subject, fact, partition FROM outbox ORDER BY id"
        )
        if row["fact"] in wanted
    ]
    begun = _said_before(bench, source)
    said = [one for one in said if one[0] not in begun]
    heard = [
        row["event_id"].replace("-", "")
        for row in bench.rows(
            "SELECT event_id FROM simulated WHERE source = :s ORDER BY number", s=source
        )
    ]
    whose = f"{bench.runtime.name} of {source}"
    twice = [one for one, times in Counter(heard).items() if times > 1]
    if twice:
        raise Unlike(f"{whose}: effect of {twice} more than once")
    known = {event_id: (n, stream) for n, (event_id, *stream) in enumerate(said)}
    lost, strange = known.keys() - set(heard), set(heard) - known.keys()
    if lost or strange:
        raise Unlike(f"{whose}: no effect of {lost}; an effect of nothing said: {strange}")
    last = {}
    for event_id in heard:
        number, (subject, partition) = known[event_id]
        if number < last.get((subject, partition), -1):
            raise Unlike(f"{whose}: {subject} out of order at {event_id}")
        last[subject, partition] = number


def _placed_in_order(bench):
    """What is read again from the history stands in the order of its subject, too."""
    placed = bench.rows("SELECT id, subject, partition FROM outbox WHERE place > 0 ORDER BY place")
    last = {}
    for row in placed:
        stream = row["subject"], row["partition"]
        if row["id"] < last.get(stream, 0):
            raise Unlike(f"{bench.runtime.name}: the place of {row['id']} is out of order")
        last[stream] = row["id"]


def _said_before(bench, source):
    """What was heard while the town was made."""
    noted = {row["event_id"] for row in bench.rows("SELECT event_id FROM simulated")}
    noted = {one.replace("-", "") for one in noted}
    known = bench.rows("SELECT event_id FROM inbox")
    return {row["event_id"].replace("-", "") for row in known} - noted


def outcome(world: World, told) -> dict:
    """Return what came of the deeds, told without ids that differ from run to run."""
    stories = {id(story): story for _, story, _ in told}
    redemptions = {}
    requests = {}
    for story in stories.values():
        asked, service, key = {
            "redemption": ("redemptions", "partner", "redemption_id"),
            "rating": ("requests", "steward", "request_id"),
            "request": ("requests", "steward", "request_id"),
        }.get(story.name.partition(" ")[0], ("", "", ""))
        if asked:
            columns = "state, stars" + (", reason" if asked == "redemptions" else "")
            (row,) = world.benches[service].rows(
                f"SELECT {columns} FROM {asked} WHERE {key} = :id", id=story.noted["id"]
            )
            (redemptions if asked == "redemptions" else requests)[story.name] = row
    credit, partner = world.benches["credit"], world.benches["partner"]
    return {
        "redemptions": redemptions,
        "requests": requests,
        "wallets": credit.rows(
            "SELECT subject_id, available, held, receivable FROM wallets ORDER BY subject_id"
        ),
        "pendings": credit.rows(
            "SELECT subject_id, period, points FROM pendings ORDER BY subject_id, period"
        ),
        "awards": credit.rows(
            "SELECT rule_code, subject_id, day, score, points, state FROM awards"
            " ORDER BY rule_code, subject_id, day, score"
        ),
        "accounts": credit.as_("R_AUDITOR").ask("trial_balance")["accounts"],
        "credit's people": credit.rows(
            "SELECT subject_id, area, state FROM subjects ORDER BY subject_id"
        ),
        "offers": partner.rows("SELECT offer_id, stock_left, state FROM offers ORDER BY offer_id"),
        "partners": partner.rows("SELECT state, version FROM partners ORDER BY partner_id"),
    }
