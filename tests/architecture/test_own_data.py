"""What the data map says of a table is what a person is given, and what an erasure takes (REQ-L08).

Every table of every service is filled twice: with a row of one person, in which a stranger stands
wherever the map says that others do, and with a row of the stranger.
"""

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from fivered.chassis import own_data
from fivered.chassis.installed import service_class, service_names
from fivered.chassis.messages import SELF
from fivered.chassis.personal import ROWS
from fivered.chassis.vault import Sealed, Vault
from fivered.chassis.work import sweep
from testkit.bench import bench, database_url  # noqa: F401
from tests.architecture.test_merged import AT, a_row, filler

ME, STRANGER = "per_me", "per_stranger"
MINE, THEIRS = "MINE", "THEIRS"


@pytest.fixture(params=sorted(set(service_names())))
def service_cls(request):
    return service_class(request.param)


def ways_of(held):
    """Return per column in which ways it says whose a row is: its form, and the table it leads
    to."""
    ways = {}
    for name, form, to in held.owners:
        ways.setdefault(name, []).append((form, to))
    return ways


def a_row_of(service_cls, vault, held, who, way):
    """Return a row: ids of the person where the map says so, a stranger's elsewhere.

    A column that says it in several ways says it in the first one (0) or the last one (-1).
    """
    (number, person), table = who, service_cls.tables.tables[held.table]
    strange = a_row(service_cls.name, table, STRANGER)
    others = {name: value for name, value in strange.items() if name in held.others.split()}
    row = a_row(service_cls.name, table, person) | others | {"version": 1}
    owners = {name: ways[way] for name, ways in ways_of(held).items()}
    word = MINE if person == ME else THEIRS
    for column in table.columns:
        kind = column.type
        if column.name in owners:
            form, to = owners[column.name]
            row[column.name] = form.format(f"{to}_{person}" if to else person)
        elif column.foreign_keys:
            (foreign,) = column.foreign_keys
            parent = foreign.column.table.name
            own = parent in {one.table for one in service_cls.data_map if one.whose}
            row[column.name] = f"{parent}_{person}" if own else filler(column)
        elif column.primary_key or column.unique:
            if isinstance(kind, sa.String):
                row[column.name] = f"{held.table}_{person}"[: kind.length or 80]
            elif isinstance(kind, sa.Integer):
                row[column.name] = number
            elif isinstance(kind, sa.Uuid):
                row[column.name] = f"00000000-0000-0000-0000-{number:012d}"
        elif column.name in f"{held.general} {held.sensitive} {held.erased}".split():
            if isinstance(kind, sa.JSON):
                row[column.name] = [word]
            elif isinstance(kind, sa.String) and kind.length != 15:
                row[column.name] = word[: kind.length or 80]
            else:
                row[column.name] = filler(column)
        elif column.nullable and column.name not in held.others.split():
            row[column.name] = None
    for column in table.columns:
        if isinstance(column.type, Sealed) and vault is not None:
            row[column.name] = vault.seal(word, column.type.bound_to(row))
    return {name: value for name, value in row.items() if name in table.columns}


def filled(service_cls, bench, way=0):  # noqa: F811
    keys = getattr(bench.runtime.settings, "keys", None)
    vault = Vault(service_cls.name, keys) if keys else None
    entries = {held.table: held for held in service_cls.data_map}
    with bench.transaction() as tx:
        for table in service_cls.tables.sorted_tables:
            if table.name not in entries:
                continue
            held = entries[table.name]
            if not held.whose:
                tx.conn.execute(sa.insert(table).values(a_row(service_cls.name, table, STRANGER)))
                continue
            for who in ((8_000_001, ME), (8_000_002, STRANGER)):
                row = a_row_of(service_cls, vault, held, who, way)
                tx.conn.execute(sa.insert(table).values(row))
    return [held for held in entries.values() if held.whose]


def given(bench, limit):  # noqa: F811
    """Return all that a person is given, part by part: rows by table."""
    bench.as_(SELF, person=ME, scope="")
    found, cursor = {}, None
    while True:
        body = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        told = bench.ask("_my_data", body)
        for table in told["tables"]:
            found.setdefault(table["table"], []).extend(table["rows"])
        cursor = told["next"]
        if cursor is None:
            return found


def test_a_person_is_given_the_own_rows_of_every_table_and_nothing_of_others(service_cls, bench):  # noqa: F811
    _all_is_given(service_cls, bench, 0)


def test_what_is_kept_under_the_id_of_a_post_is_given_too(service_cls, bench):  # noqa: F811
    """Of a person as a steward: entries, awards, account of points."""
    several = any(len(w) > 1 for one in service_cls.data_map for w in ways_of(one).values())
    assert several == (service_cls.name == "credit")
    if several:
        _all_is_given(service_cls, bench, -1)


def _all_is_given(service_cls, bench, way):  # noqa: F811
    held_by_people = filled(service_cls, bench, way)
    found = given(bench, 200)
    assert found.keys() == {held.table for held in held_by_people}
    assert {name: len(rows) for name, rows in found.items() if len(rows) != 1} == {}
    text = json.dumps(found)
    assert STRANGER not in text
    assert THEIRS not in text
    for held in held_by_people:
        (row,) = found[held.table]
        withheld = {*held.hidden.split(), *held.others.split()}
        assert not withheld & row.keys(), held.table
        for name in (*held.general.split(), *held.sensitive.split()):
            if name in row and isinstance(row[name], str | list):
                said = str(row[name])
                assert any(one in said for one in (MINE[:2], ME, "3708")), f"{held.table}.{name}"
    again = given(bench, 3)
    # That it was given is noted there.
    assert again | {"person_reads": []} == found | {"person_reads": []}


def test_it_is_noted_that_a_person_was_given_the_own_data(service_cls, bench):  # noqa: F811
    given(bench, 1)
    given(bench, 200)
    with bench.transaction() as tx:
        if service_cls.name == "steward":
            reads = service_cls.tables.tables["person_reads"]
            asked = sa.select(reads.c.actor_id).where(reads.c.door == own_data.DOOR)
        else:
            audit = bench.runtime.chassis.audit
            asked = sa.select(audit.c.actor).where(audit.c.action == own_data.DOOR)
        assert tx.conn.execute(asked).scalars().all() == [ME, ME]


def rows_of(service_cls, bench):  # noqa: F811
    with bench.transaction() as tx:
        return {
            held.table: [
                dict(row)
                for row in tx.conn.execute(
                    sa.select(service_cls.tables.tables[held.table])
                ).mappings()
            ]
            for held in service_cls.data_map
            if held.whose
        }


def test_an_erasure_takes_what_the_map_says_and_leaves_all_else(service_cls, bench):  # noqa: F811
    held_by_people = filled(service_cls, bench)
    before = rows_of(service_cls, bench)
    for _once, _again in enumerate(range(2)):
        with bench.transaction() as tx:
            own_data.erase(tx, [ME])
    after = rows_of(service_cls, bench)
    keys = getattr(bench.runtime.settings, "keys", None)
    vault = Vault(service_cls.name, keys) if keys else None
    for held in held_by_people:
        table = service_cls.tables.tables[held.table]
        mine = [row for row in before[held.table] if row not in after[held.table]]
        if held.erased == ROWS:
            assert len(before[held.table]) - len(after[held.table]) == 1, held.table
            assert mine[0] not in after[held.table]
            continue
        assert len(before[held.table]) == len(after[held.table])
        if not held.erased:
            assert before[held.table] == after[held.table]
            continue
        (old,) = mine
        (new,) = [row for row in after[held.table] if row not in before[held.table]]
        for name, value in new.items():
            if name not in held.erased.split():
                assert value == old[name], f"{held.table}.{name}"
                continue
            column = table.columns[name]
            left = value
            if isinstance(column.type, Sealed) and value is not None:
                left = vault.open(value, column.type.bound_to(new))
            own_key = [new[one.name] for one in table.primary_key]
            assert not left or left in own_key, f"{held.table}.{name}"
            assert MINE not in str(left)


def test_what_is_over_fades_and_nothing_else(service_cls, bench):  # noqa: F811
    """The clock is moved: a month before the time is over nothing goes, a month after it does."""
    filled(service_cls, bench)
    before = rows_of(service_cls, bench)
    fading = {held.table: held for held in service_cls.data_map if held.fades}
    assert fading
    with bench.transaction() as tx:
        for held in fading.values():
            table = service_cls.tables.tables[held.table]
            tx.conn.execute(sa.update(table).values({held.over: AT}))
    before = rows_of(service_cls, bench)
    for months in sorted({held.months for held in fading.values()}):
        own_data.forget(bench.runtime, AT + timedelta(days=30 * (months - 1)))
        assert {
            name: rows_of(service_cls, bench)[name] == before[name]
            for name, held in fading.items()
            if held.months >= months
        } == {name: True for name, held in fading.items() if held.months >= months}
    gone = own_data.forget(bench.runtime, AT + timedelta(days=31 * 38))
    after = rows_of(service_cls, bench)
    for name, rows in after.items():
        held = fading.get(name)
        if held is None:
            assert rows == before[name], name
        elif held.fades == ROWS:
            assert rows == [], name
        else:
            assert gone[name] == len(rows) == len(before[name])
            for old, new in zip(before[name], rows, strict=True):
                changed = {one for one in new if new[one] != old[one]}
                assert changed == set(held.fades.split()), name
                assert not any(new[one] for one in changed)
    assert own_data.forget(bench.runtime, AT + timedelta(days=31 * 38)) == {}


def test_whoever_sweeps_lets_it_fade(bench, service_cls):  # noqa: F811
    """The worker and the embedded process do it, hour by hour."""
    filled(service_cls, bench)
    bench.at("2031-01-01T09:00")
    with bench.transaction() as tx:
        for held in service_cls.data_map:
            if held.fades:
                table = service_cls.tables.tables[held.table]
                tx.conn.execute(sa.update(table).values({held.over: AT}))
    sweep(bench.runtime)
    for held in service_cls.data_map:
        if held.fades == ROWS and held.whose:
            assert rows_of(service_cls, bench)[held.table] == [], held.table


def test_no_digest_is_given_to_anybody(service_cls):
    """A digest says nothing to its person, and lets others try values against it."""
    told = {
        f"{held.table}.{name}"
        for held in service_cls.data_map
        if held.whose
        for name in held.told
        if name in {"digest", "hash", "sha256", "parent"} or name.endswith("_hmac")
    }
    assert told == set()
