"""Every column of every table is classed: whose it is, and whether it tells of people (REQ-L07)."""

import importlib
import re

import pytest
import sqlalchemy as sa

from fivered.chassis import i18n, idempotency
from fivered.chassis.bus import entries
from fivered.chassis.installed import service_class, service_names
from fivered.chassis.personal import OF_CHASSIS, Held, Use, listed, problems
from fivered.chassis.vault import Sealed
from tests.architecture.test_merged import may_hold_a_person, tables_of


@pytest.fixture(params=sorted(set(service_names())))
def cls(request):
    return service_class(request.param)


def test_the_map_and_the_tables_agree(cls):
    """A new column fails here until somebody has decided what it holds."""
    assert problems(cls.tables, (*OF_CHASSIS, *cls.data_map)) == []


def test_whatever_may_hold_a_person_is_somebodys(cls):
    """By another list than the map itself: that of the columns that a merge looks at."""
    classed = {held.table: dict(listed(held)) for held in cls.data_map}
    found = {
        f"{table.name}.{column.name}"
        for table in tables_of(cls)
        if table.name in classed
        for column in table.columns
        if may_hold_a_person(cls.name, column)
        and classed[table.name].get(column.name, "things") == "things"
    }
    # Words and references beside a person's id, and the registration that stands for another one.
    assert found - {"subjects.ref", "persons.merged_into", "people.merged_into",
                    "residents.merged_into", "consents.subject_id", "postings.ref",
                    "consent_proposals.subject_id", "objections.subject_id",
                    "objections.target_id", "repairs.subject_id", "messages.subject_id",
                    "messages.ref", "vetoes.subject_id", "posts.subject_id",
                    "awards.cause_ref", "grants.ref"} == set()  # fmt: skip


def test_what_is_sealed_is_personal(cls):
    for held in cls.data_map:
        classes = dict(listed(held))
        for column in cls.tables.tables[held.table].columns:
            if isinstance(column.type, Sealed) and held.use is not None:
                assert classes[column.name] != "things", f"{held.table}.{column.name}"


def test_what_ends_is_ended_by_something_that_is_there(cls):
    doors = {
        getattr(entry.door, "timer_kind", None) or getattr(entry.door, "job_kind", None)
        for entry in entries(cls).values()
        if entry.kind in {"timer", "job"}
    }
    named = {held.use.ends for held in cls.data_map if held.use and held.use.ends}
    assert named <= doors


def test_what_officials_read_is_said_in_both_languages(cls):
    texts = [
        text
        for held in (*OF_CHASSIS, *cls.data_map)
        for text in (held.stays, *((held.use.purpose, held.use.kept, held.use.readers,
                                    held.use.consent)
                                   if held.use else ()))
        if text
    ]  # fmt: skip
    assert [text for text in texts if i18n.Sentence(text).english in {"", text}] == []


USE = Use("目的 / purpose", ("13(1)(3)",), "一年 / a year", "无 / nobody")
AGREED = Use("目的 / purpose", ("13(1)(1)",), "一年 / a year", "无 / nobody")


def test_where_a_consent_stands_is_a_table_or_a_column_that_there_is():
    tables = {t.name: t for name in service_names() for t in tables_of(service_class(name))}
    uses = {held.use for name in service_names() for held in service_class(name).data_map}
    said = [use.consent for use in uses if use is not None and use.consent]
    assert len(said) > len(service_names())
    for text in said:
        named = re.findall(r"`([a-z_]+)(?:\.([a-z_]+))?`", text)
        assert named, text
        for table, column in named:
            assert table in tables and (not column or column in tables[table].columns), text


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (None, ["people: no entry"]),
        (Held("people", USE, whose="person_id", erased="*"), ["people.name: nobody has decided"]),
        (Held("people", whose="person_id", general="name", erased="*"), ["people: holds data"]),
        (Held("people", USE, whose="person_id", general="name"), ["people: does not say what an"]),
        (Held("people", USE, general="name", things="person_id"), ["people: has data of people"]),
        (
            Held("people", USE, whose="person_id", general="name phone", erased="*"),
            ["people.phone: no such column"],
        ),
        (
            Held("people", USE, whose="person_id", general="name", things="name", erased="*"),
            ["people.name: in two lists"],
        ),
        (Held("people", USE, whose="person_id", general="name", erased="*"), []),
        (Held("people", AGREED, whose="person_id", general="name", erased="*"), ["people: rests"]),
    ],
)
def test_what_nobody_has_decided_is_named(entry, said):
    metadata = sa.MetaData()
    sa.Table(
        "people",
        metadata,
        sa.Column("person_id", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(20)),
        sa.Column("born", sa.Date),
    )
    found = problems(metadata, (entry,) if entry else ())
    assert [one.startswith(start) for one, start in zip(found, said, strict=True)] == [True] * len(
        said
    )


def test_every_service_has_a_map():
    for name in service_names():
        module = importlib.import_module(f"fivered.services.{name}.storage.personal")
        assert service_class(name).data_map is module.DATA_MAP


def test_the_map_says_how_long_replies_are_really_kept():
    (held,) = [one for one in OF_CHASSIS if one.table == "idempotency"]
    days = f"{idempotency.KEEP_DAYS} 天"
    assert held.use.kept.startswith(days)
    assert held.stays.startswith(days)
