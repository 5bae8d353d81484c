"""Ask whether a pinned package has a known weakness: python -m deploy.local.audit.

`pip-audit` asks PyPI about each pin of each list. Where PyPI's data cannot be reached (a closed
network, a mirror without them), this says so and succeeds: what nobody has looked at is neither
good nor bad. The exit code is 1 where a weakness is known.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple, TypedDict

from deploy.local.prepare import ROOT

# Each environment: the list of the tests names what is run, too.
LISTS = ("requirements-test.txt", "requirements-fuzz.txt")
# How pip-audit says that PyPI does not answer.
_AWAY = re.compile(r"[Cc]onnect|[Tt]imed out|[Tt]imeout")


class Weakness(TypedDict):
    """A known weakness of a package."""

    id: str
    fix_versions: list[str]


class Looked(TypedDict, total=False):
    """What pip-audit says of one package; with `skip_reason` it has found nothing about it."""

    name: str
    version: str
    vulns: list[Weakness]
    skip_reason: str


class Verdict(NamedTuple):
    """What is printed, and the exit code."""

    lines: list[str]
    code: int


def verdict(told: list[str], why: str = "no package is known there") -> Verdict:
    """Judge what pip-audit has written.

    Args:
        told: Its JSON, one per list that it could read about.
        why: Why nothing is known of any package.
    """
    found: list[Looked] = [one for said in told for one in json.loads(said)["dependencies"]]
    weak = [one for one in found if one.get("vulns")]
    unknown = [one["name"] for one in found if "skip_reason" in one]
    if len(unknown) == len(found):
        return Verdict([f"audit: skipped, PyPI's data cannot be reached ({why})"], 0)
    lines = [
        f"audit: {one['name']} {one['version']}: {weakness['id']},"
        f" mended in {', '.join(weakness['fix_versions']) or 'no release yet'}"
        for one in weak
        for weakness in one["vulns"]
    ]
    if unknown:
        lines.append(f"audit: nothing is known of {', '.join(sorted(unknown))}")
    lines.append(f"audit: {len(found) - len(unknown)} packages looked at, {len(weak)} are weak")
    return Verdict(lines, 1 if weak else 0)


def asked(listed: str) -> str:
    """Return what pip-audit writes about a list; nothing where it has reached nobody."""
    tool = Path(sys.executable).with_name("pip-audit")
    # The list holds every package that is installed, so nothing has to be resolved.
    command = [str(tool), "--disable-pip", "--progress-spinner", "off", "-f", "json", "-r", listed]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if not done.stdout.strip() and not _AWAY.search(done.stderr):
        sys.exit(done.stderr)
    return done.stdout


def main() -> None:
    """Ask, print, and end with the verdict's code."""
    told = [said for said in map(asked, LISTS) if said.strip()]
    judged = verdict(told) if told else verdict(told, "nobody answers")
    print("\n".join(judged.lines))
    sys.exit(judged.code)


if __name__ == "__main__":
    main()
