"""Ask whether a pinned package has a known weakness: python -m deploy.local.audit.

`pip-audit` asks PyPI about each pin of requirements.txt and requirements-test.txt. Where PyPI's
data cannot be reached (a closed network, a mirror without them), this says so and succeeds: what
nobody has looked at is neither good nor bad. The exit code is 1 where a weakness is known.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple, TypedDict

from deploy.local.prepare import ROOT

LISTS = (ROOT / "requirements.txt", ROOT / "requirements-test.txt")


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


def verdict(said: str, why: str = "") -> Verdict:
    """Judge what pip-audit has written.

    Args:
        said: Its JSON; empty where it ended without one.
        why: What it has said on its error stream.
    """
    found: list[Looked] = json.loads(said)["dependencies"] if said.strip() else []
    weak = [one for one in found if one.get("vulns")]
    unknown = [one["name"] for one in found if "skip_reason" in one]
    if len(unknown) == len(found):
        last = (why.strip().splitlines() or ["no package is known there"])[-1]
        return Verdict([f"audit: skipped, PyPI's data cannot be reached ({last[:160]})"], 0)
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


def main() -> None:
    """Ask, print, and end with the verdict's code."""
    listed = [argument for path in LISTS for argument in ("-r", str(path))]
    tool = Path(sys.executable).with_name("pip-audit")
    # The lists hold every package that is installed, so nothing has to be resolved.
    asked = [str(tool), "--disable-pip", "--progress-spinner", "off", "-f", "json", *listed]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 2:  # it does not know what it is asked
        sys.exit(done.stderr)
    judged = verdict(done.stdout, "" if done.stdout.strip() else done.stderr)
    print("\n".join(judged.lines))
    sys.exit(judged.code)


if __name__ == "__main__":
    main()
