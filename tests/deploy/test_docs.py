"""The pages say what happens: their calls are carried out, their paths and commands exist."""

import argparse
import ast
import re
from pathlib import Path

import pytest

from fivered.chassis import cli
from fivered.chassis.installed import COMMANDS, points, service_names
from fivered.clients.demo.api import Api
from fivered.clients.demo.district import District
from fivered.gateway.app import create
from fivered.gateway.settings import GatewaySettings
from tests.architecture.imports import path_of
from tests.deploy import pages

ROOT = Path(__file__).resolve().parents[2]
ROLES = ROOT / "docs" / "roles"
# A page may use what an earlier one has brought about (a month that is closed, points to spend).
ORDER = (
    "resident", "steward", "partner", "project-manager", "secretary", "street", "operator",
    "consumer", "auditor",
)  # fmt: skip
PAGES = [
    *(ROLES / f"{name}.md" for name in ORDER),
    *(ROOT / name for name in ("README.md", "deploy/RUNBOOK.md", "docs/keys.md")),
]
_CALL = re.compile(r"\b(GET|POST|PUT|DELETE) (/[^\s`?|,;)]+)")
_LITERAL = re.compile(r"^(<[a-z_0-9]+>|\{[a-z_]+\}|[a-z]{3}_[0-9a-f-]{36}|STW:.*|\d{6,15})$")


@pytest.fixture(scope="module")
def doors():
    """Every (method, path) that the gateway has, its parameters without names."""

    class Nobody:
        async def call(self, *_arguments, **_named):
            raise AssertionError("no call is made here")

    settings = GatewaySettings(token_key="k" * 32, demo_clock=True)
    app = create(Nobody(), settings=settings, services=service_names())
    return {
        (method.upper(), re.sub(r"\{\w+\}", "{}", path))
        for path, verbs in app.state.document.build()["paths"].items()
        for method in verbs
    } | {("GET", "/live"), ("GET", "/ready"), ("GET", "/docs")}


def bare(path):
    """Return a path with every value in it as a parameter without a name."""
    parts = path.partition("?")[0].rstrip("/.。").split("/")
    return "/".join("{}" if _LITERAL.match(part) else part for part in parts)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_path_that_is_named_exists(page, doors):
    named = set(_CALL.findall(page.read_text("utf-8")))
    unknown = sorted(f"{m} {p}" for m, p in named if (m, bare(p)) not in doors)
    assert not unknown
    assert named or page.stem in {"README", "RUNBOOK"}


@pytest.mark.parametrize(
    "page",
    [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "docs/consume.md"],
    ids=lambda page: page.stem,
)
def test_every_command_that_is_named_exists(page):
    text = page.read_text("utf-8")
    targets = set(
        re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    )
    code = re.findall(r"`([^`\n]+)`", text) + re.findall(
        r"^```(?:sh)?\n(.*?)^```", text, re.DOTALL | re.MULTILINE
    )
    lines = [line.strip() for block in code for line in block.splitlines()]
    assert not {
        words[1] for line in lines if (words := line.split())[:1] == ["make"] and len(words) > 1
        and words[1] not in targets
    }  # fmt: skip
    for line in lines:
        words = line.partition("#")[0].split()
        if words[:1] == ["fivered"] and len(words) > 1:
            parsed(words[1:])
        elif words[:2] == ["python", "-m"]:
            assert (
                path_of(words[2]).with_suffix(".py").exists()
                or (path_of(words[2]) / "__main__.py").exists()
            ), line


def options_of(parser, words):
    """Return the options of a command and of the command within it that the words name."""
    found = {option for action in parser._actions for option in action.option_strings}
    for action in parser._actions:
        named = words[0] if words else None
        if isinstance(action, argparse._SubParsersAction) and named in action.choices:
            found |= options_of(action.choices[named], words[1:])
    return found


def parsed(words):
    """Have the command's own parser read it; places in capitals stand for values."""
    parser, handlers = cli._parser(words)
    assert words[0] in handlers, f"fivered {words[0]}: there is no such command"
    choices = options_of(parser, words)
    assert {word for word in words if word.startswith("--")} <= choices, words
    if len(words) > 1 and not any(word.isupper() for word in words):
        try:
            parser.parse_args(words)
        except SystemExit:
            raise AssertionError(f"fivered {' '.join(words)}") from None


def test_the_command_has_a_parser_for_every_unit():
    parser, handlers = cli._parser([])
    assert isinstance(parser, argparse.ArgumentParser)
    assert set(points(COMMANDS)) <= set(handlers)
    for module, _, function in (
        one.partition(":") for one in handlers.values() if type(one) is str
    ):
        # Read, not loaded: some patch the process that loads them.
        tree = ast.parse(path_of(module).with_suffix(".py").read_text("utf-8"))
        assert function in {getattr(node, "name", "") for node in tree.body}, (module, function)


@pytest.mark.timeout(300)
def test_what_the_pages_say_is_what_happens(embedded):
    running = embedded.start()
    api = Api(running.address, running.token_key)
    District(api).load()
    api.close()
    reader = pages.Reader(running.address, running.token_key)
    try:
        done = 0
        for name in ORDER:
            for call in pages.calls_of(ROLES / f"{name}.md"):
                reader.do(call)
                done += 1
    finally:
        reader.close()
    assert done > 80
    assert {path.stem for path in ROLES.glob("*.md")} == set(ORDER)
