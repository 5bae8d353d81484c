"""The README's first command runs on a bare Python: the distribution's, and one without additions."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import prepare
from tests.systems import ROOT

SCRIPTS = re.compile(r"(?:python3?|\$\(PYTHON\)|\"\$python\") +(?:-\w+ +)*([\w/.-]+)/[\w-]+\.py\b")


def script_folders():
    """The folders of the files that are run by name: Python puts them first on its path."""
    texts = [
        ROOT / "Makefile",
        *ROOT.rglob("*.sh"),
        *ROOT.rglob("*.md"),
        *ROOT.glob("deploy/**/*.py"),
    ]
    ours = [path for path in texts if ".venv" not in path.parts and path.is_file()]
    named = {found for path in ours for found in SCRIPTS.findall(path.read_text("utf-8"))}
    return sorted(folder for folder in named if (ROOT / folder).is_dir())


def test_no_file_beside_a_script_hides_a_module_of_the_standard_library():
    assert "deploy/local" in script_folders()
    hiding = [
        f"{folder}/{path.name}"
        for folder in script_folders()
        for path in (ROOT / folder).iterdir()
        if path.stem in sys.stdlib_module_names
    ]
    assert hiding == []


PYTHONS = [[sys.executable, "-S"], ["/usr/bin/python3"], ["python3.13"]]


@pytest.mark.parametrize("python", PYTHONS, ids=" ".join)
def test_the_preparation_starts_on_a_bare_python(python):
    if shutil.which(python[0]) is None:
        assert python[0] != sys.executable
        return
    done = subprocess.run(
        [*python, "deploy/local/prepare.py", "neither"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if "No such command" in done.stderr or "command not found" in done.stderr:
        return  # a name that only says which versions there are
    # Debian 13's and 12's Python pass the check of versions; an older one is told so.
    assert "fivered: prepare.py takes run, test or fuzz, not neither" in done.stderr or (
        "fivered needs Python 3.11 or newer" in done.stderr
    )
    assert "Traceback" not in done.stderr


def test_an_environment_that_cannot_be_made_is_said_in_one_line_and_left_out(tmp_path):
    """Debian without python3-venv: `python3 -m venv` makes half an environment and fails."""
    broken = tmp_path / "lib"
    broken.mkdir()
    (broken / "venv.py").write_text(
        "import sys, pathlib\n"
        "folder = pathlib.Path(sys.argv[-1], 'bin')\n"
        "folder.mkdir(parents=True)\n"
        "(folder / 'python').write_text('half an environment')\n"
        "raise SystemExit('ensurepip is not available')\n"
    )
    target = tmp_path / "env"
    done = subprocess.run(
        [sys.executable, "deploy/local/prepare.py", "run", str(target)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(broken)},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1
    assert "apt-get install python3" in lines[0]
    assert not Path(target).exists()


def test_a_python_that_was_built_without_optimisations_gives_way_to_the_distributions(monkeypatch):
    usual = "/usr/bin/python3"
    version = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    same = Path(usual).exists() and not subprocess.call([usual, "-c", version])

    def given(built_with, base="/opt/built", **environ):
        with monkeypatch.context() as patch:
            patch.setattr(prepare.sysconfig, "get_config_var", lambda _name: built_with)
            patch.setattr(sys, "base_prefix", base)
            patch.delenv("PYTHON", raising=False)
            for name, value in environ.items():
                patch.setenv(name, value)
            return prepare.pythons()

    mine = [sys.executable]
    assert given("'--enable-shared'") == ([usual, *mine] if same else mine)
    assert given(None) == given("'--enable-shared'")
    assert given("'--enable-shared'", PYTHON="python3.11") == mine
    assert given("'--enable-shared' '--enable-optimizations'") == mine
    assert given("'--enable-shared'", base="/usr") == mine
