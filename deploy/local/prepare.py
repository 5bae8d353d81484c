"""Make the virtual environment that the README's commands use, or say in one line why not.

Runs on the bare system Python, so it imports nothing of this project and keeps to old syntax until
it knows the version. A second call with nothing changed does nothing.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig

if sys.version_info < (3, 11):  # noqa: UP036  the whole point is to say so
    sys.exit(
        "fivered needs Python 3.11 or newer; this is %d.%d (make run PYTHON=python3.12)"  # noqa: UP031
        % sys.version_info[:2]
    )

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UNITS = ("chassis", "services/*", "gateway", "clients/*")


def units() -> list[Path]:
    """Return the folders of the units that are in this checkout."""
    found = [path.parent for unit in UNITS for path in ROOT.glob(f"{unit}/pyproject.toml")]
    return sorted(found)


def stamp(wanted: list[str]) -> str:
    """Return a digest of everything that decides what is installed."""
    seen = hashlib.sha256(repr((sys.version_info[:3], wanted, str(ROOT))).encode())
    files = [ROOT / "requirements.txt", ROOT / "requirements-test.txt"]
    files += [unit / "pyproject.toml" for unit in units()]
    for path in [ROOT / "requirements-fuzz.txt"] if wanted == ["fuzz"] else files:
        if path.exists():
            seen.update(path.read_bytes())
    return seen.hexdigest()


def run(*command: str) -> None:
    """Run a step; its last lines are shown only when it fails."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
        sys.exit(f"fivered: this step failed: {' '.join(command[:6])} ...\n{tail}")


def pythons() -> list[str]:
    """Return the Pythons that an environment is made of: the first that can make one.

    One that was compiled here without --enable-optimizations, as pyenv does it, computes a fifth
    longer than the distribution's. That one is taken where it is of the same version, unless
    somebody has named another (make run PYTHON=python3.12).
    """
    chosen, usual = sys.executable, "/usr/bin/python3"
    optimised = "--enable-optimizations" in str(sysconfig.get_config_var("CONFIG_ARGS"))
    if optimised or "PYTHON" in os.environ or sys.base_prefix == "/usr":
        return [chosen]
    version = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    there = os.access(usual, os.X_OK) and not subprocess.call(
        [usual, "-I", "-c", version], stderr=subprocess.DEVNULL
    )
    return [usual, chosen] if there else [chosen]


def make_environment(folder: Path) -> None:
    """Make a virtual environment, or end with the line that says why there is none."""
    for python in pythons():
        if python != sys.executable:
            print(f"  with {python}, which computes faster than {sys.executable}", flush=True)
        made = subprocess.run(
            [python, "-m", "venv", str(folder)], capture_output=True, text=True, check=False
        )
        if not made.returncode:
            return
        # A half-made folder would be taken for an environment next time.
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(
        "fivered: this Python cannot make a virtual environment"
        f" (Debian: apt-get install python{sys.version_info[0]}.{sys.version_info[1]}-venv)"
    )


def main() -> None:
    """Install; the first argument is `run`, `test` or `fuzz`, the second where."""
    kind = sys.argv[1] if len(sys.argv) > 1 else "run"
    if kind not in {"run", "test", "fuzz"}:
        sys.exit(f"fivered: prepare.py takes run, test or fuzz, not {kind}")
    prepare(kind, Path(sys.argv[2] if len(sys.argv) > 2 else ".venv"))


def prepare(kind: str, given: Path) -> None:
    """Install what `run`, `test` or `fuzz` needs into an environment, unless it is there.

    The one of `fuzz` holds no unit: it knows the system by its address only.
    """
    folder = given if given.is_absolute() else ROOT / given
    mark = folder / "fivered-installed"
    wanted = ["run", "test"] if kind == "test" else [kind]
    now = stamp(wanted)
    known = mark.read_text().split() if mark.exists() else []
    if now in known:
        return
    print(f"preparing {folder} (once) ...", flush=True)
    python = folder / "bin" / "python"
    if not python.exists():
        make_environment(folder)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    listed = "requirements.txt" if kind == "run" else f"requirements-{kind}.txt"
    run(*pip, "--require-hashes", "-r", str(ROOT / listed))
    if kind == "fuzz":
        mark.write_text(f"{now}\n")
        return
    editable = [part for unit in units() for part in ("-e", str(unit))]
    run(*pip, "--no-deps", "--no-build-isolation", *editable)
    # The test environment is also a run environment.
    marks = {stamp(["run"]), now} if kind == "test" else {now}
    mark.write_text("\n".join(sorted(marks)) + "\n")


if __name__ == "__main__":
    os.environ.setdefault("PIP_ROOT_USER_ACTION", "ignore")
    main()
