"""What the gateway's commands do."""

from __future__ import annotations

import argparse
import getpass
import itertools
import os
import socket
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from fivered.chassis import doctor, here, logs, telemetry
from fivered.chassis.commands import open_runtime
from fivered.chassis.here import keys_file, read_keys
from fivered.chassis.json_values import Json, JsonObject
from fivered.chassis.messages import SYSTEM, Call, new_uuid
from fivered.chassis.refusal import NotFound, Refusal, Sentence, fill
from fivered.chassis.roles import exclude
from fivered.chassis.runtime import Runtime
from fivered.chassis.settings import CommandFailed, SettingsError
from fivered.gateway import keyring
from fivered.gateway.app import run
from fivered.gateway.identity import issue
from fivered.gateway.serving import PortTaken


def run_gateway(_given: argparse.Namespace) -> int:
    """Carry out `fivered gateway`."""
    logs.configure("gateway")
    telemetry.start("gateway")
    try:
        return run()
    except PortTaken as error:
        raise CommandFailed(str(error)) from error


def run_init(given: argparse.Namespace) -> int:
    """Carry out `fivered init`: an account for each administrator, with its one-time password."""
    if not given.admin and not given.end:
        raise CommandFailed("name somebody: --admin LOGIN or --end LOGIN")
    with here.at(given.data):
        runtime = open_runtime(keyring.SERVICE)
        left: Json = None
        try:
            runtime.prepare()
            for login in given.end:
                ended: JsonObject = {"login": login, "district": given.district}
                done = runtime.call(Call("_end_first_day", ended, SYSTEM, new_uuid()))
                left = cast("JsonObject", done)["administrators"]
                sys.stdout.write(f"{login}  授权已终止 the right has ended\n")
            for login in given.admin:
                body: JsonObject = {"login": login, "district": given.district}
                call = Call("_first_day", body, SYSTEM, new_uuid())
                made = cast("dict[str, str]", runtime.call(call))
                sys.stdout.write(
                    f"{made['login']}  {made['person_id']}  一次性密码 one-time password: "
                    f"{made['password']}  (72 h)\n"
                )
        except Refusal as refusal:
            raise CommandFailed(fill(Sentence(refusal.text).english, refusal.params)) from refusal
        finally:
            runtime.close()
        if not given.admin:
            if left == 0:
                sys.stderr.write(
                    "注意:本系统已没有区级管理员,无人能授权;请用 --admin LOGIN 指定\n"
                    "warning: no administrator of the district is left, and nobody can grant "
                    "rights; name one: --admin LOGIN\n"
                )
            return 0
        sys.stdout.write(
            "首次登录 first sign-in: POST /v1/identity/sign-in {login, password, new_password}\n"
            "尚待完成 left to do (fivered doctor, GET /v1/setup):\n"
        )
        for one in doctor.findings():
            if one.state != "ok":
                sys.stdout.write(f"  {one.state:<4} {one.what}: {one.text}\n")
    return 0


def run_token(given: argparse.Namespace) -> int:
    """Carry out `fivered token`: make one, list those that were made, or end some."""
    if given.list or given.end:
        return _keep_tokens(given)
    if not given.person or not given.grant:
        raise CommandFailed("say for whom and what: --person ID --grant ROLE:SCOPE")
    key = os.environ.get("FIVERED_TOKEN_KEY", "")
    if given.data:
        key = _key_of(given.data)
    if not key:
        raise CommandFailed("FIVERED_TOKEN_KEY is not set (or name the folder: --data)")
    grants = []
    for text in given.grant:
        role, _, scope = text.partition(":")
        grants.append({"role": role, "scope": scope})
    roles = sorted({one["role"] for one in grants})
    for one, other in itertools.combinations(roles, 2):
        if exclude(one, other):
            raise CommandFailed(
                f"{one} and {other} exclude each other: an auditor watches over administrators; "
                "make two tokens, for two people"
            )
    token_id = new_uuid()
    try:
        token = issue(key, given.person, grants, given.hours, token_id)
    except ValueError as error:
        raise CommandFailed(str(error)) from error
    made: JsonObject = {
        "token_id": token_id,
        "person_id": given.person,
        "grants": cast("Json", grants),
        "until": (datetime.now(UTC) + timedelta(hours=given.hours)).isoformat(),
        "made_by": _operator(),
    }
    _record(given.data, made)
    sys.stdout.write(token + "\n")
    return 0


def _operator() -> str:
    return f"{getpass.getuser()}@{socket.gethostname()}"[:200]


def _keep_tokens(given: argparse.Namespace) -> int:
    """End tokens before their time, and tell which were made, newest first.

    Raises:
        CommandFailed: The identity service keeps no token of that id.
    """
    with here.at(given.data or None):
        runtime = open_runtime(keyring.SERVICE)
        try:
            for token_id in given.end:
                _end(runtime, given.data, token_id)
                sys.stdout.write(f"{token_id}  已终止,30 秒内失效 ended, refused within 30 s\n")
            if given.list:
                _list(runtime)
        except Refusal as refusal:
            raise CommandFailed(fill(Sentence(refusal.text).english, refusal.params)) from refusal
        except SQLAlchemyError as error:
            raise CommandFailed(
                "the identity service's database cannot be reached; another FIVERED_TOKEN_KEY ends "
                "every token of the command line"
            ) from error
        finally:
            runtime.close()
    return 0


def _end(runtime: Runtime, data: str, token_id: str) -> None:
    ended: JsonObject = {"token_id": token_id, "ended_by": _operator()}
    try:
        runtime.call(Call("_end_token", ended, SYSTEM, new_uuid()))
    except NotFound:
        # It was made while the identity service was away, and stands in the file.
        made = next((one for one in _logged(data) if one.get("token_id") == token_id), None)
        if made is None:
            raise
        told: JsonObject = {name: value for name, value in made.items() if name != "at"}
        runtime.call(Call("_token_made", told, SYSTEM, new_uuid()))
        runtime.call(Call("_end_token", ended, SYSTEM, new_uuid()))


def _logged(data: str) -> list[JsonObject]:
    """Return the tokens that were written down in the file."""
    log = _log_of(data)
    lines = log.read_bytes().splitlines() if log.exists() else []
    return [cast("JsonObject", msgspec.json.decode(line)) for line in lines]


def _list(runtime: Runtime) -> None:
    body: JsonObject = {"limit": 200}
    while True:
        page = cast("JsonObject", runtime.call(Call("_operator_tokens", dict(body), SYSTEM)))
        for one in cast("list[dict[str, Json]]", page["items"]):
            rights = cast("list[dict[str, str]]", one["grants"])
            told = ",".join(f"{right['role']}:{right['scope']}" for right in rights)
            ended = f"  ended {one['ended_at']} by {one['ended_by']}" if one["ended_at"] else ""
            sys.stdout.write(
                f"{one['id']}  {one['person_id']}  {told}  until {one['until']}  "
                f"made {one['made_at']} by {one['made_by']}{ended}\n"
            )
        if page["next"] is None:
            return
        body["cursor"] = page["next"]


def _record(data: str, made: JsonObject) -> None:
    """Write down that a token was made: with the identity service, or where that is away, at the
    end of a file. What nobody writes down is not given out.

    Raises:
        CommandFailed: It can be written nowhere.
    """
    try:
        with here.at(data or None):
            runtime = open_runtime(keyring.SERVICE)
            try:
                runtime.call(Call("_token_made", made, SYSTEM, new_uuid()))
            finally:
                runtime.close()
    except (CommandFailed, SettingsError, Refusal, SQLAlchemyError, LookupError) as error:
        log = _log_of(data)
        line = msgspec.json.encode({"at": datetime.now(UTC).isoformat(), **made}) + b"\n"
        try:
            log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with open(log, "ab", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                file.write(line)
        except OSError as failed:
            raise CommandFailed(
                f"a token is written down, and that is not possible: {failed}"
            ) from error
        sys.stderr.write(f"written down in {log}: {error}\n")


def _log_of(data: str) -> Path:
    """Return where tokens are written down that the identity service cannot keep."""
    if named := os.environ.get("FIVERED_TOKEN_LOG"):
        return Path(named)
    if data:
        return Path(data) / "tokens.jsonl"
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    return Path(state) / "fivered/tokens.jsonl"


def _key_of(folder: str) -> str:
    path = keys_file(Path(folder))
    key = read_keys(path).get("FIVERED_TOKEN_KEY")
    if key is None:
        raise CommandFailed(f"no token key in {path}")
    return key
