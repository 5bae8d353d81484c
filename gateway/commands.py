"""What the gateway's commands do."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import cast

from fivered.chassis import doctor, here, logs, telemetry
from fivered.chassis.commands import open_runtime
from fivered.chassis.here import keys_file, read_keys
from fivered.chassis.json_values import JsonObject
from fivered.chassis.messages import SYSTEM, Call, new_uuid
from fivered.chassis.refusal import Refusal, Sentence, fill
from fivered.chassis.settings import CommandFailed
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
    with here.at(given.data):
        runtime = open_runtime(keyring.SERVICE)
        try:
            runtime.prepare()
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
        sys.stdout.write(
            "首次登录 first sign-in: POST /v1/identity/sign-in {login, password, new_password}\n"
            "尚待完成 left to do (fivered doctor, GET /v1/setup):\n"
        )
        for one in doctor.findings():
            if one.state != "ok":
                sys.stdout.write(f"  {one.state:<4} {one.what}: {one.text}\n")
    return 0


def run_token(given: argparse.Namespace) -> int:
    """Carry out `fivered token`."""
    key = os.environ.get("FIVERED_TOKEN_KEY", "")
    if given.data:
        key = _key_of(given.data)
    if not key:
        raise CommandFailed("FIVERED_TOKEN_KEY is not set (or name the folder: --data)")
    grants = []
    for text in given.grant:
        role, _, scope = text.partition(":")
        grants.append({"role": role, "scope": scope})
    try:
        token = issue(key, given.person, grants, given.hours)
    except ValueError as error:
        raise CommandFailed(str(error)) from error
    sys.stdout.write(token + "\n")
    return 0


def _key_of(folder: str) -> str:
    path = keys_file(Path(folder))
    key = read_keys(path).get("FIVERED_TOKEN_KEY")
    if key is None:
        raise CommandFailed(f"no token key in {path}")
    return key
