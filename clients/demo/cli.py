"""`fivered demo`: tell the story, load the district, make a token for one of its people."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PLACES = (".fivered/data", ".fivered/up")


def _declare(parser: argparse.ArgumentParser) -> None:
    """Demonstration: tell the story, load the district, make a token."""
    parser.add_argument("action", choices=("story", "load", "token", "who"))
    parser.add_argument("name", nargs="?", help="whose token, e.g. resident")
    parser.add_argument("--data", help="data folder of the running system; default: look for one")
    parser.add_argument("--json", metavar="FILE", help="write the end state of the story there")
    parser.add_argument("--transcript", metavar="FILE", help="write what was told there")


def _run(given: argparse.Namespace) -> int:
    from chassis.settings import CommandFailed  # noqa: PLC0415  quick list of commands
    from clients.demo.api import Api, Refused, StillWaiting, token  # noqa: PLC0415  see above
    from clients.demo.district import CAST, PEOPLE, District  # noqa: PLC0415  see above

    if given.action == "who":
        for one in CAST.values():
            roles = ", ".join(f"{role} {area}" for role, area in one.grants)
            print(f"{one.name:<16} {one.full_name}  {one.person.person_id}  {roles}")
        return 0
    address, key = _system(given.data)
    api = Api(address, key)
    try:
        if not api.get("/v1")["demo"]:
            raise CommandFailed(f"{address} is no demonstration: its people have their own tokens")
        if given.action == "token":
            if given.name not in PEOPLE:
                raise CommandFailed(f"token needs one of: {', '.join(PEOPLE)}")
            print(token(key, PEOPLE[given.name]))
            return 0
        if given.action == "load":
            print(f"{District(api).load()} commands")
            return 0
        return _story(api, given)
    except (StillWaiting, Refused) as error:
        now = api.get("/v1/clock")["now"]
        raise CommandFailed(
            f"the story stops here: {error}\n"
            f"故事需要一个没有手动操作过的演示区,本区时钟为 {now}。"
            "The story needs a district that nobody has played with by hand;\n"
            f"this one's clock stands at {now}. A new one: make run DATA=.fivered/another"
        ) from error
    finally:
        api.close()


def _story(api: Any, given: argparse.Namespace) -> int:
    from clients.demo.district import District  # noqa: PLC0415  see _run
    from clients.demo.screen import Screen  # noqa: PLC0415  see _run
    from clients.demo.story import STEPS, TellingFailed, tell  # noqa: PLC0415  see _run

    began = time.monotonic()
    screen = Screen(STEPS)
    api.on_wait = screen.waiting
    try:
        with screen:
            screen.waiting("装载示范区 loading the district")
            District(api).load()
            state = tell(api, screen)
    except TellingFailed as error:
        print(
            f"fivered: the system did something else than the story says: {error}", file=sys.stderr
        )
        return 1
    print(f"\n故事讲完 the story is told, {time.monotonic() - began:.1f} s: {api.base}")
    if given.json:
        text = json.dumps(state, ensure_ascii=False, indent=2, sort_keys=True)
        Path(given.json).write_text(text + "\n", "utf-8")
    if given.transcript:
        Path(given.transcript).write_text("\n".join(screen.lines).strip() + "\n", "utf-8")
    return 0


def _system(data: str | None) -> tuple[str, str]:
    """Return address and token key of the running system."""
    from chassis.here import keys_file  # noqa: PLC0415  see _run
    from chassis.settings import CommandFailed  # noqa: PLC0415  see _run

    for folder in [Path(data)] if data else [Path(place) for place in PLACES]:
        running = folder / "running.json"
        if not running.exists():
            continue
        found = json.loads(running.read_text("utf-8"))
        if not _alive(found.get("supervisor") or found.get("pid")):
            continue
        keys = json.loads(keys_file(folder).read_text("utf-8"))
        return found["address"], found.get("environment", keys)["FIVERED_TOKEN_KEY"]
    raise CommandFailed("nothing runs here: make run (or make up) in another terminal first")


def _alive(pid: int | None) -> bool:
    """Tell whether a process lives; one that was killed leaves its note behind."""
    try:
        os.kill(pid or 0, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return pid is not None


Command = tuple[Callable[[argparse.ArgumentParser], None], Callable[[argparse.Namespace], int]]
demo_command: Command = (_declare, _run)
