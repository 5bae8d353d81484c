"""`fivered verify credit 2025-05`: a published month computed again from its log.

With `--export FILE` nothing but that file and the rules is needed. Without it the log is read from
the database, its digest is compared with the public notice, and the live awards with the log.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa

from fivered.chassis import database_errors, here, storage
from fivered.chassis.forms import MONTH
from fivered.chassis.settings import CommandFailed
from fivered.chassis.text import PERIOD
from fivered.services.credit.actions import verify_live
from fivered.services.credit.rules import findings, recompute
from fivered.services.credit.storage import month_logs as store

Command = tuple[Callable[[argparse.ArgumentParser], None], Callable[[argparse.Namespace], int]]

SOUND, TAMPERED = 0, 1


def _declare(parser: argparse.ArgumentParser) -> None:
    """Compute a published month of credit again and compare it with its notice."""
    parser.add_argument("service", choices=("credit",))
    parser.add_argument("period", help="the month, e.g. 2025-05")
    parser.add_argument("--community", help="only this area, e.g. 370811015901; none: every one")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--export", metavar="FILE", help="read this exported log, no database")
    source.add_argument("--data", metavar="FOLDER", help="read the data folder of `fivered up`")
    parser.add_argument("--digest", help="with --export: the digest in the public notice")
    parser.add_argument("--log", help="with --export: the digest of the log in the public notice")
    parser.add_argument(
        "--write", metavar="FILE", help="also write the log there (needs --community)"
    )
    parser.add_argument("--json", action="store_true", help="an object per notice, all findings")
    parser.add_argument("--all", action="store_true", help="name every finding, not the first only")


def _run(given: argparse.Namespace) -> int:
    if not re.fullmatch(PERIOD, given.period):
        raise CommandFailed(f"{given.period!r} is not {MONTH.english}")
    if given.export:
        return _from_file(given)
    if given.digest or given.log:
        raise CommandFailed("--digest and --log go with --export; a database has its notices")
    if given.write and not given.community:
        raise CommandFailed("--write needs --community: a log is that of one area")
    engine = storage.open_engine(here.database_of("credit"))
    try:
        with storage.reading(engine) as conn:
            return _from_database(conn, given)
    except sa.exc.DBAPIError as error:
        why = database_errors.words_of(error)
        raise CommandFailed(f"the database cannot be read: {why}") from error
    finally:
        engine.dispose()


def _from_file(given: argparse.Namespace) -> int:
    try:
        with Path(given.export).open(encoding="utf-8", newline="\n") as file:
            lines = (line.rstrip("\n") for line in file)
            verdict = recompute.verify(lines, given.digest, given.log)
    except (OSError, UnicodeDecodeError, findings.Unreadable) as error:
        raise CommandFailed(f"{given.export}: {error}") from error
    if verdict.period != given.period or given.community not in (None, verdict.area):
        raise CommandFailed(
            f"{given.export} is the log of {verdict.period} of {verdict.area}, not of"
            f" {given.period} {given.community or ''}".rstrip()
        )
    return _tell(verdict, verdict.findings, given)


def _from_database(conn: sa.Connection, given: argparse.Namespace) -> int:
    notices = store.published(conn, given.period, given.community)
    gone = store.unpublished(conn, given.period, given.community)
    for row in gone:
        lacking = f"{findings.NOTICE}: there is no notice {row.notice_id}"
        if given.json:
            _write_json(period=given.period, area=row.area, sound=False, findings=[lacking])
            continue
        sys.stdout.write(f"{given.period} {row.area}: NOT what was published\n  {lacking}\n")
    if not notices and not gone:
        where = f" of {given.community}" if given.community else ""
        raise CommandFailed(f"no notice of {given.period}{where} is published here")
    worst = TAMPERED if gone else SOUND
    for notice in notices:
        if given.write:
            key = store.key_of(conn, notice.row.notice_id, notice.settlement_id)
            _write(given.write, store.lines(conn, key))
        verdict, found = judge(conn, notice)
        code = _tell(verdict, found, given, number=notice.row.number)
        worst = max(worst, code)
    return worst


def judge(
    conn: sa.Connection, notice: store.Published
) -> tuple[findings.Verdict, tuple[findings.Finding, ...]]:
    """Verify the log behind a notice, and the live rows against the log.

    Args:
        conn: A transaction that reads.
        notice: One of `storage.month_logs.published`.

    Raises:
        CommandFailed: The log is missing or cannot be read.
    """
    key = store.key_of(conn, notice.row.notice_id, notice.settlement_id)
    if not store.parts(conn, key):
        raise CommandFailed(
            f"there is no log behind {notice.row.number}: its time is over, or somebody has deleted"
            f" it; verify an exported one with --export FILE --digest {notice.digest}"
            f" --log {notice.log}"
        )
    try:
        verdict = recompute.verify(store.lines(conn, key), notice.digest, notice.log or "-")
    except findings.Unreadable as error:
        raise CommandFailed(f"log of {key}: {error}") from error
    live = verify_live.findings(conn, notice.row, key, notice.settlement_id)
    return verdict, (*verdict.findings, *live)


def _write(name: str, lines: Iterator[str]) -> None:
    try:
        with Path(name).open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(line + "\n" for line in lines)
    except OSError as error:
        raise CommandFailed(f"cannot write {name}: {error.strerror}") from error


def _tell(
    verdict: findings.Verdict,
    found: tuple[findings.Finding, ...],
    given: argparse.Namespace,
    *,
    number: str = "",
) -> int:
    sound = not found and verdict.sound
    if given.json:
        _write_json(
            period=verdict.period, area=verdict.area, number=number, sound=sound,
            published=verdict.published, computed=verdict.computed, entries=verdict.entries,
            awards=verdict.awards, findings=[str(one) for one in found],
        )  # fmt: skip
        return SOUND if sound else TAMPERED
    named = f"{verdict.period} {verdict.area} {number}".rstrip()
    out = sys.stdout.write
    if sound:
        out(f"{named}: verified, {verdict.entries} entries, {verdict.awards} awards\n")
        out(f"  digest {verdict.computed}\n")
        return SOUND
    out(f"{named}: NOT what was published\n")
    out(f"  published {verdict.published}\n  computed  {verdict.computed}\n")
    for finding in found if given.all else found[:1]:
        out(f"  {finding}\n")
    if len(found) > 1 and not given.all:
        out(f"  and {len(found) - 1} more (--all names them)\n")
    return TAMPERED


def _write_json(**told: object) -> None:
    sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")


verify_command: Command = (_declare, _run)
