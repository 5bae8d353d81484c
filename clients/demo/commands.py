"""What `fivered demo` does."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from fivered.chassis.here import address_and_key
from fivered.chassis.settings import CommandFailed
from fivered.clients.demo.api import Api, Refused, StillWaiting, token
from fivered.clients.demo.district import CAST, PEOPLE, District
from fivered.clients.demo.screen import Screen
from fivered.clients.demo.story import STEPS, TellingFailed, tell


def run(given: argparse.Namespace) -> int:
    """Carry out `fivered demo`."""
    if given.action == "who":
        for one in CAST.values():
            roles = ", ".join(f"{role} {area}" for role, area in one.grants)
            print(f"{one.name:<16} {one.full_name}  {one.person.person_id}  {roles}")
        return 0
    address, key = address_and_key()
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


def _story(api: Api, given: argparse.Namespace) -> int:
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
