"""`fivered consumer`: outside consumers of public facts, from their user to their queues.

A consumer is a user of the broker with rights for its own queues (`ext.<name>.*`) and for exactly
the public facts that are named. Nothing of it is kept elsewhere: what the broker says is the list.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote, urlsplit

from fivered.chassis import broker, here, topology
from fivered.chassis.broker_users import BrokerUsersSettings, QueueState, Users, UsersError, reach
from fivered.chassis.settings import CommandFailed, each_address, read
from fivered.chassis.topology import Permission, TopologyError

# What one consumer may hold open.
LIMITS = {"max-connections": 20, "max-channels": 200}
_TAKEN = {
    "events": ("add", "change"),
    "apply": ("add", "change"),
    "address": ("add", "password"),
    "credentials": ("add", "password"),
    "yes": ("remove",),
    "json": ("list", "show"),
}


def command(given: argparse.Namespace) -> int:
    """Carry out `fivered consumer`."""
    for option, actions in _TAKEN.items():
        if getattr(given, option) and given.action not in actions:
            raise CommandFailed(f"consumer {given.action} takes no --{option}")
    if (given.name is None) != (given.action == "list"):
        lacks = "takes no name" if given.name else "needs the consumer's name"
        raise CommandFailed(f"consumer {given.action} {lacks}")
    if given.action in {"add", "change"} and not _named(given.events):
        raise CommandFailed(
            f"consumer {given.action} needs --events SERVICE:FACT.vN, with commas between"
            " (fivered events list says which are public)"
        )
    here.refuse_one_process()
    try:
        return _ACTIONS[given.action](given)
    except (TopologyError, UsersError) as error:
        raise CommandFailed(str(error)) from error


def _named(events: str | None) -> list[str]:
    return [one.strip() for one in (events or "").split(",") if one.strip()]


def _broker_url() -> str:
    return here.needed_broker_url("that applies the topology")


def _vhost() -> str:
    return topology.vhost_of(here.broker_url())


def _users() -> Users:
    return reach(read(BrokerUsersSettings), _vhost())


def _consumer(users: Users, name: str) -> Permission:
    """Return the rights of a consumer that is there.

    Raises:
        CommandFailed: There is none of that name.
    """
    rights = users.rights()
    found = rights.get(name)
    if found is None or topology.facts_of(found) is None:
        known = ", ".join(_consumers(rights)) or "none"
        raise CommandFailed(f"there is no consumer {name!r} (known: {known})")
    return found


def _consumers(rights: dict[str, Permission]) -> list[str]:
    return sorted(name for name, one in rights.items() if topology.facts_of(one) is not None)


# --------------------------------------------------------------------------------------------------
# What is there


def _list(given: argparse.Namespace) -> int:
    users = _users()
    rights, queues = users.rights(), users.queues()
    names = _consumers(rights)
    for name in names:
        _tell(_card(rights[name], queues), as_json=given.json, whole=False)
    if not names:
        print("no outside consumer: fivered consumer add NAME --events FACTS", file=sys.stderr)
    return 0


def _show(given: argparse.Namespace) -> int:
    users = _users()
    _tell(
        _card(_consumer(users, given.name), users.queues()), as_json=given.json, whole=True
    )  # fmt: skip
    return 0


def _card(rights: Permission, queues: Sequence[QueueState]) -> dict[str, object]:
    own = [one for one in queues if one.name.startswith(f"ext.{rights.user}.")]
    return {
        "name": rights.user,
        "events": topology.facts_of(rights) or [],
        "queues": [
            {"name": one.name, "messages": one.messages, "consumers": one.consumers}
            for one in sorted(own, key=lambda one: one.name)
        ],
    }


def _tell(card: dict[str, object], *, as_json: bool, whole: bool) -> None:
    if as_json:
        print(json.dumps(card, ensure_ascii=False))
        return
    events, queues = card["events"], card["queues"]
    assert isinstance(events, list) and isinstance(queues, list)  # noqa: S101, PT018  see `_card`
    waits = sum(one["messages"] for one in queues)
    here_now = max((one["consumers"] for one in queues), default=0)
    if not whole:
        state = "is here" if here_now else "is away"
        print(f"{card['name']}: {len(events)} facts, {waits} wait, {state}")
        return
    print(card["name"])
    for one in events:
        print(f"  may hear {one}")
    for one in queues:
        print(f"  queue {one['name']}: {one['messages']} wait, {one['consumers']} consumers")
    if not queues:
        print("  no queue: nothing is kept for it; it makes them itself at its next start")


# --------------------------------------------------------------------------------------------------
# What changes it


def _add(given: argparse.Namespace) -> int:
    installation = topology.looked_at()
    rights = topology.consumer(installation, given.name, _named(given.events))
    if not given.apply:
        _would(rights, new=True)
        return 0
    url, users = _broker_url(), _users()
    state = _state(users, rights)
    # All that can refuse is asked first: the broker over AMQP makes the queues.
    facts = topology.facts_of(rights) or []
    queues = broker.admit(url, given.name, facts, _public(installation, rights))
    if state != "complete":
        # A first attempt may have ended between the user and its rights: nobody has its password.
        use = users.add if state == "absent" else users.set_password

        def make(password: str) -> None:
            use(given.name, password)
            users.grant(rights, LIMITS)

        _with_password(given, url, make)
    print(f"{given.name} may hear {', '.join(facts)}")
    print(f"queues: {', '.join(queues)}; facts wait there from now on")
    if state == "complete":
        print(f"it was there; a new password: fivered consumer password {given.name}")
    return 0


def _state(users: Users, rights: Permission) -> str:
    """Return whether a consumer with these rights is "absent", "begun" or "complete".

    Raises:
        CommandFailed: There is a user of that name with other rights.
    """
    name = rights.user
    before = users.rights().get(name)
    if before is None:
        tags = users.known().get(name)
        if tags:
            raise CommandFailed(f"the broker has a user {name} with tags ({', '.join(tags)})")
        return "absent" if tags is None else "begun"
    facts = topology.facts_of(before)
    if facts is None:
        raise CommandFailed(f"the broker has a user {name} that is no consumer: name another")
    if facts != topology.facts_of(rights):
        raise CommandFailed(
            f"there is a consumer {name}, and it may hear {', '.join(facts) or 'nothing'}:"
            f" fivered consumer change {name} --events ... --apply"
        )
    return "complete"


def _change(given: argparse.Namespace) -> int:
    installation = topology.looked_at()
    rights = topology.consumer(installation, given.name, _named(given.events))
    if not given.apply:
        _would(rights, new=False)
        return 0
    url, users = _broker_url(), _users()
    before = _consumer(users, given.name)
    old, new = topology.facts_of(before) or [], topology.facts_of(rights) or []
    public = {*_public(installation, rights), *old}
    # First what it loses: should anything fail, it may do less than meant, never more.
    users.grant(topology.without(before, rights), LIMITS)
    broker.admit(url, given.name, new, public)
    for one in sorted({*old, *new}):
        said = "no longer hears" if one not in new else "still hears" if one in old else "may hear"
        print(f"{given.name} {said} {one}")
    return 0


def _public(installation: topology.Installation, rights: Permission) -> set[str]:
    """Return every fact that an outside consumer may ever have been bound to."""
    everything = {
        f"{name}:{key.removesuffix('.*')}"
        for name in installation.members
        for key in topology.public_keys(installation, name)
    }
    return everything | set(topology.facts_of(rights) or ())


def _password(given: argparse.Namespace) -> int:
    url, users = _broker_url(), _users()
    _consumer(users, given.name)
    _with_password(given, url, lambda fresh: users.set_password(given.name, fresh))
    print(f"{given.name}: the old password lets nobody in any more; who is connected stays so")
    return 0


def _remove(given: argparse.Namespace) -> int:
    url, users = _broker_url(), _users()
    _consumer(users, given.name)
    queues = [one for one in users.queues() if one.name.startswith(f"ext.{given.name}.")]
    waiting = sum(one.messages for one in queues)
    if not given.yes:
        if not sys.stdin.isatty():
            raise CommandFailed("consumer remove asks on a terminal; without one it needs --yes")
        print(
            f"{given.name} with {len(queues)} queues, in which {waiting} facts wait, will be gone."
        )
        if input("Its name, to go on: ").strip() != given.name:
            raise CommandFailed("nothing was removed")
    users.delete(given.name)
    broker.dismiss(url, [*(one.name for one in queues), topology.outside_dead(given.name)])
    print(f"{given.name} is removed, with {len(queues)} queues")
    return 0


# --------------------------------------------------------------------------------------------------
# The password, and what would be done


def _with_password(given: argparse.Namespace, url: str, use: Callable[[str], None]) -> None:
    """Make a password, use it, and hand out the URL that has it."""
    password = secrets.token_urlsafe(32)
    login = _address(url, given.name, password, given.address)
    if given.credentials:
        # Before it is used: a place that cannot be written must not cost the password.
        path = Path(given.credentials)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.fchmod(handle, 0o600)
            with os.fdopen(handle, "w") as out:
                out.write(login + "\n")
        except OSError as error:
            raise CommandFailed(f"--credentials {path}: {error.strerror}") from error
    use(password)
    if given.credentials:
        print(f"the URL with its password is in {given.credentials}, for its owner only")
    else:
        print(f"{login}\n(shown this once)")


def _address(url: str, name: str, password: str, address: str | None) -> str:
    """Return the AMQP URL by which a consumer logs in."""
    parts = urlsplit(each_address(url)[0])
    hosts = address or ",".join(
        urlsplit(one).netloc.rpartition("@")[2] for one in each_address(url)
    )
    vhost = quote(topology.vhost_of(url), safe="")
    return f"{parts.scheme}://{name}:{quote(password, safe='')}@{hosts}/{vhost}"


def _would(rights: Permission, *, new: bool) -> None:
    """Print what --apply does beyond AMQP, as commands for the broker."""
    name = rights.user
    if new:
        # `printf` is a part of the shell: no list of processes shows the password. RabbitMQ 4's
        # command reads it only where these two are all its words.
        print(f"printf '%s\\n' \"${{PASSWORD:?}}\" | rabbitmqctl add_user {shlex.quote(name)}")
    limits = shlex.quote(json.dumps(LIMITS))
    print(f"rabbitmqctl set_user_limits {shlex.quote(name)} {limits} </dev/null")
    print("\n".join(topology.commands(rights, _vhost())))
    for queue in topology.outside_queues(name, topology.facts_of(rights) or ()):
        print(f"# queue {queue.name}, bound to {queue.source}.events by {', '.join(queue.keys)}")
    made = (
        "makes the queues, and hands out the URL with a generated password"
        if new
        else ("unbinds what it loses, and deletes the queue of a service of which it hears no more")
    )
    print(f"# nothing is done yet: --apply does this, {made}")


_ACTIONS = {
    "list": _list,
    "show": _show,
    "add": _add,
    "change": _change,
    "password": _password,
    "remove": _remove,
}
