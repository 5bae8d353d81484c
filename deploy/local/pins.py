"""Pin what is installed, with the digests of its files: python -m deploy.local.pins [--upgrade].

`requirements.txt` is what all units need to run, `requirements-test.txt` what the tests need
beside it, `requirements-fuzz.txt` what `make fuzz` needs in an environment of its own. Pins that
stand there stay while they fit; with --upgrade the newest are taken. The digests are those of every
file of a release, so the lists hold for each platform and Python.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from deploy.local.prepare import ROOT, units

RUN, TEST, FUZZ = (ROOT / f"requirements{kind}.txt" for kind in ("", "-test", "-fuzz"))
# The oldest Python that the units take; newer ones need nothing else.
PYTHON = "3.11"
_HEAD = "# {what}, pinned with digests. Written by `make pins`.\n"


def needed() -> list[str]:
    """Return what the units need of others to run and to be built, as they say it."""
    found: set[str] = set()
    for unit in units():
        whole = tomllib.loads((unit / "pyproject.toml").read_text("utf-8"))
        for one in (*whole["project"]["dependencies"], *whole["build-system"]["requires"]):
            if not one.startswith("fivered-"):
                found.add(one)
    return sorted(found, key=str.lower)


def blocks(text: str) -> dict[str, str]:
    """Return each pinned package of a list, by name, with its lines."""
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines(keepends=True):
        if line.strip() and not line.startswith((" ", "#", "-")):
            name = line.partition("==")[0]
            found[name] = ""
        if name:
            found[name] += line
    return found


def resolved(asked: str, known: Path, options: list[str]) -> dict[str, str]:
    """Return what is asked for and all that it needs, pinned; pins of `known` are preferred."""
    uv = Path(sys.executable).with_name("uv")
    given = known.with_suffix(".new")
    given.write_text(known.read_text("utf-8") if known.exists() else "", "utf-8")
    try:
        subprocess.run(
            [str(uv), "pip", "compile", "-", "--output-file", str(given), "--quiet",
             "--python-version", PYTHON, "--python-platform", "linux", "--generate-hashes",
             "--no-header", "--no-annotate", "--strip-extras", *options],
            cwd=ROOT, input=asked, text=True, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        return blocks(given.read_text("utf-8"))
    finally:
        given.unlink()


def main() -> None:
    """Write the lists."""
    options = sys.argv[1:]
    run = resolved("\n".join(needed()), RUN, options)
    RUN.write_text(_HEAD.format(what="What a running system needs") + "".join(run.values()))
    asked = (ROOT / "requirements-test.in").read_text("utf-8")
    fuzz = resolved((ROOT / "requirements-fuzz.in").read_text("utf-8"), FUZZ, options)
    FUZZ.write_text(_HEAD.format(what="What `make fuzz` needs") + "".join(fuzz.values()))
    test = resolved(asked, TEST, [*options, "--constraint", str(RUN)])
    beside = "".join(lines for name, lines in test.items() if name not in run)
    TEST.write_text(
        _HEAD.format(what="What tests and checks need") + "-r requirements.txt\n" + beside
    )


if __name__ == "__main__":
    main()
