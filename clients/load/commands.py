"""What `fivered load` does."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from fivered.chassis.here import address_and_key
from fivered.chassis.settings import CommandFailed
from fivered.clients.load.files import (
    NotAFolderOfOurs,
    ids_in,
    names_of_files,
    read,
    strangers,
    waiting,
    write,
)
from fivered.clients.load.generator import District
from fivered.clients.load.sending import Refused, Sender, Unreachable, token

SHOWN_ERRORS = 20


def run(given: argparse.Namespace) -> int:
    """Carry out `fivered load`."""
    return _generate(given) if given.action == "generate" else _import(given)


def _generate(given: argparse.Namespace) -> int:
    folder = Path(given.out or f".fivered/district-{given.residents}-{given.seed}")
    began = time.monotonic()
    try:
        district = District(given.residents, given.seed)
        with _bars("{task.completed:>9,}") as bars:
            tasks: dict[str, Any] = {}

            def tell(kind: str, rows: int) -> None:
                if kind not in tasks:
                    tasks[kind] = bars.add_task(kind, total=None)
                bars.update(tasks[kind], completed=rows)

            written = write(district, folder, tell)
    except ValueError as error:
        raise CommandFailed(str(error)) from error
    except OSError as error:
        raise CommandFailed(f"cannot write in {folder}: {error.strerror}") from error
    for one in written:
        print(f"{one.kind:<10} {one.rows:>9,} rows  sha256 {one.sha256[:16]}…")
    print(f"{folder}: seed {given.seed}, {time.monotonic() - began:.1f} s")
    print(f"next: fivered load import {folder}")
    return 0


def _import(given: argparse.Namespace) -> int:
    folder = Path(given.folder)
    try:
        files = read(folder)
    except NotAFolderOfOurs as error:
        raise CommandFailed(str(error)) from error
    unknown = set(given.only or ()) - {one.kind for one in files}
    if unknown:
        known = ", ".join(one.kind for one in files)
        raise CommandFailed(f"there is no {', '.join(sorted(unknown))} here (known: {known})")
    address, bearer = _system(given)
    strange = [] if given.only else strangers(folder, files)
    began, clean = time.monotonic(), not strange
    brought: set[str] = set()
    with _bars("{task.completed:>9,} / {task.total:,} rows") as bars:
        sender = Sender(
            address,
            bearer,
            folder,
            dry_run=given.dry_run,
            again=given.again,
            on_wait=lambda text: bars.console.print(f"[dim]… {text}[/dim]"),
        )
        try:
            for file in files:
                if given.only and file.kind not in given.only:
                    continue
                task = bars.add_task(file.kind, total=file.rows)

                def tell(
                    done: int, total: int | None, task: Any = task, rows: int = file.rows
                ) -> None:
                    bars.update(task, completed=done, total=total or rows)

                outcome = sender.take(file, tell)
                bars.update(task, completed=file.rows if outcome.state == "SKIPPED" else None)
                waits: set[int] = set()
                if given.dry_run:
                    errors = outcome.result.get("errors", [])
                    waits = waiting(file, (error["line"] for error in errors), brought)
                    brought |= ids_in(file)
                _report(bars.console, file, outcome, dry_run=given.dry_run, waits=waits)
                clean &= outcome.clean or outcome.waits_only(waits)
                if outcome.state not in {"DONE", "SKIPPED"}:
                    break
        except Unreachable as error:
            raise CommandFailed(f"the import stops here: {error}; run it again to go on") from error
        except Refused as error:
            raise CommandFailed(
                f"the import stops at {file.path.name}: {error}; put that right, or take the file "
                "away, and run it again to go on"
            ) from error
        finally:
            sender.close()
    for name in strange:
        print(f"not sent: {name}; a file is known by its name ({', '.join(names_of_files())})")
    print(f"{time.monotonic() - began:.1f} s, {address}")
    return 0 if clean else 1


def _report(console: Any, file: Any, outcome: Any, *, dry_run: bool, waits: set[int]) -> None:
    result = outcome.result
    if outcome.state == "SKIPPED":
        console.print(f"[green]✓[/green] {file.kind}: in already ({result['rows']:,} rows)")
        return
    if outcome.state != "DONE":
        console.print(f"[red]✗[/red] {file.kind}: {outcome.state} {outcome.error}")
        return
    mark = "[yellow]![/yellow]" if result["refused"] else "[green]✓[/green]"
    would = "would be " if dry_run else ""
    console.print(
        f"{mark} {file.kind}: {result['rows']:,} rows, {would}created {result['created']:,},"
        f" unchanged {result['unchanged']:,}, refused {result['refused']:,}"
    )
    if waits:
        console.print(
            f"    [dim]{len(waits):,} of them name what an earlier file of this folder brings;"
            " a dry run has not written that[/dim]"
        )
    left = [error for error in result["errors"] if error["line"] not in waits]
    for error in left[:SHOWN_ERRORS]:
        where = f"{file.path.name}:{error['line']}" + (
            f" [{error['column']}]" if error["column"] else ""
        )
        expected = f"; expected: {error['expected_en']}" if error["expected_en"] else ""
        # Texts of others may hold square brackets, which would be read as colours.
        line = (
            f"    {where} {error['code']} {error['message_zh']} / {error['message_en']}{expected}"
        )
        console.print(line, markup=False)
    if len(left) > SHOWN_ERRORS:
        console.print(f"    … {len(left) - SHOWN_ERRORS:,} more in the job's result")


def _bars(counter: str) -> Any:
    console = Console(highlight=False, soft_wrap=True)
    return Progress(
        TextColumn("[red]五红[/red] {task.description:<10}"),
        BarColumn(bar_width=30),
        TextColumn(counter),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )


def _system(given: argparse.Namespace) -> tuple[str, str]:
    """Return the address of the system and a token for it."""
    if given.address:
        bearer = os.environ.get("FIVERED_TOKEN")
        if not bearer:
            raise CommandFailed("FIVERED_TOKEN is not set: a token of R_DISTRICT (fivered token)")
        return given.address, bearer
    address, key = address_and_key()
    return address, token(os.environ.get("FIVERED_TOKEN_KEY", key))
