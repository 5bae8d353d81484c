"""The digest of an entry and of a settlement, made where the rows are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fivered.chassis import storage as store
from fivered.services.credit.rules import settlement as month
from fivered.services.credit.storage import bulk
from fivered.services.credit.storage import tables as t
from fivered.services.credit.storage.counting import Value, counts_sql, listed_awards
from fivered.services.credit.storage.entries import entries


def _concat(*parts: store.Expression | str) -> sa.ColumnElement[str]:
    written = (sa.literal_column(f"'{part}'") if isinstance(part, str) else part for part in parts)
    return sa.func.concat(*written, type_=sa.Text)


def awards_text(period: Value[str]) -> sa.ColumnElement[str]:
    """Return the aggregate that writes the awards of a month as the digest of an entry does."""
    award = t.awards.c
    text = _concat(
        "[", sa.func.to_json(award.rule_code), ',"', award.day, '",', award.score, ",",
        award.points, "]",
    )  # fmt: skip
    order: store.Expression = postgresql.aggregate_order_by(
        sa.literal_column("','"), _binary(award.rule_code), award.day, award.score, award.points
    )
    return sa.func.string_agg(text, order).filter(
        award.period == period, sa.or_(award.score != 0, award.points != 0)
    )


def entry_hash(of: sa.FromClause, awards: sa.ColumnElement[str]) -> sa.ColumnElement[bytes]:
    """Return the hash of an entry, from its columns and the text of its awards."""
    entry = of.c
    gate = sa.func.unnest(sa.func.string_to_array(entry.gates_failed, ",")).column_valued("gate")
    by_name: store.Expression = postgresql.aggregate_order_by(
        sa.literal_column("','"), _binary(gate)
    )
    gates = sa.select(
        sa.func.string_agg(sa.cast(sa.func.to_json(gate), sa.Text), by_name)
    ).scalar_subquery()
    text = _concat(
        "[", sa.func.to_json(entry.subject_id), ",", entry.good, ",", entry.bad, ",",
        sa.func.coalesce(sa.cast(entry.score, sa.Text), sa.literal_column("'null'")), ",",
        sa.func.to_json(entry.grade), ",[", sa.case((entry.gates_failed != "", gates)), "],[",
        awards, "]]",
    )  # fmt: skip
    return _sha256(text)


def _sha256(text: sa.ColumnElement[str]) -> sa.ColumnElement[bytes]:
    bytes_of = sa.func.convert_to(text, sa.literal_column("'UTF8'"))
    return sa.func.sha256(bytes_of, type_=sa.LargeBinary)


def _hex(value: sa.ColumnElement[bytes]) -> sa.ColumnElement[str]:
    return sa.func.encode(value, sa.literal_column("'hex'"), type_=sa.Text)


def _binary(text: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """Order text as the reference orders it, whatever the locale of the database is."""
    return sa.collate(text, "C")


def _hashes_now(settlement_id: Value[str], period: Value[str]) -> sa.Subquery:
    """Return (subject, hash) of the entries of a settlement as the awards are now."""
    award, entry = t.awards.c, t.entries.c
    listed = (
        sa.select(awards_text(period).label("awards"))
        .where(award.subject_id == entry.subject_id, counts_sql(period))
        .lateral("listed")
    )
    return (
        sa.select(entry.subject_id, entry_hash(t.entries, listed.c.awards).label("hash"))
        .select_from(t.entries.join(listed, sa.true()))
        .where(entry.settlement_id == settlement_id)
        .subquery("now")
    )


def _lines(conn: sa.Connection, settlement_id: str, period: str) -> list[month.EntryLine]:
    """Return the entries of a settlement with their awards as they are now."""
    awards: dict[str, list[month.AwardLine]] = defaultdict(list)
    for award in listed_awards(conn, settlement_id, period):
        awards[award.subject_id].append(
            month.AwardLine(award.rule_code, award.day.isoformat(), award.score, award.points)
        )
    return [
        month.EntryLine(
            subject=entry.subject_id,
            gain=entry.good,
            loss=entry.bad,
            score=entry.score,
            grade=entry.grade,
            gates_failed=tuple(entry.gates_failed.split(",")) if entry.gates_failed else (),
            awards=tuple(awards.get(entry.subject_id, ())),
        )
        for entry in entries(conn, settlement_id)
    ]


def hash_entries(conn: sa.Connection, settlement_id: str, period: str) -> None:
    """Give each entry that the formula did not hash its hash: companies, and all on SQLite."""
    entry = t.entries.c
    if store.is_postgresql(conn):
        now = _hashes_now(settlement_id, period)
        conn.execute(
            sa.update(t.entries)
            .where(
                entry.settlement_id == settlement_id,
                entry.subject_id == now.c.subject_id,
                entry.hash.is_(None),
            )
            .values(hash=now.c.hash)
        )
        return
    bulk.change(
        conn,
        t.entries,
        [
            {
                "settlement_id": settlement_id,
                "subject_id": line.subject,
                "hash": bytes.fromhex(month.entry_digest(line)),
            }
            for line in _lines(conn, settlement_id, period)
        ],
        keys=("settlement_id", "subject_id"),
        put=("hash",),
    )


def drafted(
    conn: sa.Connection, areas: Mapping[str, str], *, period: str, rule_set: str
) -> dict[str, tuple[int, str]]:
    """Return settlement -> (number of its entries, its digest), from the hashes of its entries.

    Args:
        conn: The transaction.
        areas: Settlement -> its area.
        period: The month.
        rule_set: Code of the rules in force.
    """
    found = {
        settlement_id: (0, _digest_of((), rule_set, period, area))
        for settlement_id, area in areas.items()
    }
    entry = t.entries.c
    if store.is_postgresql(conn):
        # One hash over the lines of an area, made where they are: they are many.
        lines = (
            sa.select(
                entry.settlement_id,
                sa.func.count().label("count"),
                sa.func.string_agg(
                    _concat(entry.subject_id, ":", _hex(entry.hash), sa.func.chr(10)),
                    postgresql.aggregate_order_by(
                        sa.literal_column("''"), _binary(entry.subject_id)
                    ),
                ).label("text"),
            )
            .where(bulk.members(entry.settlement_id, list(areas), conn))
            .group_by(entry.settlement_id)
            .subquery("lines")
        )
        head = sa.cast(month.header(rules=rule_set, period=period, community="")[:-1], sa.Text)
        row = t.settlements.c
        asked = sa.select(
            row.settlement_id,
            lines.c.count,
            _hex(_sha256(_concat(head, row.area, sa.func.chr(10), lines.c.text))),
        ).join(lines, lines.c.settlement_id == row.settlement_id)
        found |= {one: (count, digest) for one, count, digest in conn.execute(asked)}
        return found
    for settlement_id, code in areas.items():
        asked_one = sa.select(entry.subject_id, entry.hash).where(
            entry.settlement_id == settlement_id
        )
        hashes = sorted((row.subject_id, row.hash.hex()) for row in conn.execute(asked_one))
        found[settlement_id] = (len(hashes), _digest_of(hashes, rule_set, period, code))
    return found


def _digest_of(hashes: Iterable[tuple[str, str]], rule_set: str, period: str, area: str) -> str:
    digest = month.SettlementDigest(rules=rule_set, period=period, community=area)
    for subject_id, one in hashes:
        digest.add(subject_id, one)
    return digest.value()


def changed_since_drafted(conn: sa.Connection, settlement_id: str, period: str) -> bool:
    """Tell whether the awards that a settlement lists are other ones than when it was drafted."""
    if store.is_postgresql(conn):
        given = {"settlement_id": settlement_id, "period": period}
        return conn.execute(_changed(), given).first() is not None
    entry = t.entries.c
    asked = sa.select(entry.subject_id, entry.hash).where(entry.settlement_id == settlement_id)
    now_of = {
        line.subject: bytes.fromhex(month.entry_digest(line))
        for line in _lines(conn, settlement_id, period)
    }
    return any(now_of[row.subject_id] != row.hash for row in conn.execute(asked))


@cache
def _changed() -> store.Select:
    """Return the entries that list other awards now, as a statement that is written once: every
    draft is looked at each night."""
    entry, settlement_id = t.entries.c, sa.bindparam("settlement_id", type_=sa.String)
    now = _hashes_now(settlement_id, sa.bindparam("period", type_=sa.String))
    return (
        sa.select(sa.literal(1))
        .select_from(t.entries.join(now, now.c.subject_id == entry.subject_id))
        .where(entry.settlement_id == settlement_id, entry.hash != now.c.hash)
        .limit(1)
    )
