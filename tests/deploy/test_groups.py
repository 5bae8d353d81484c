"""What has to run in one process does so where tests run side by side."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMES_ITS_PROCESS = """
import os
from pathlib import Path

import pytest

@pytest.mark.parametrize("number", range(6))
def test_runs(number):
    with Path("ran").open("a") as ran:
        print(os.environ["PYTEST_XDIST_WORKER"], Path(__file__).name, file=ran)
"""


def test_a_file_runs_in_one_process_and_files_in_several(tmp_path):
    """A release of pytest that pytest-xdist did not know yet: each told its story three times."""
    files = [f"test_{letter}.py" for letter in "abcd"]
    for name in files:
        (tmp_path / name).write_text(NAMES_ITS_PROCESS, "utf-8")
    (tmp_path / "conftest.py").write_text(
        "from tests.conftest import pytest_collection_modifyitems\n", "utf-8"
    )
    paths = os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))
    # As `make test` deals them out.
    dealt = ["-n", "2", "--dist", "loadgroup", "--no-loadscope-reorder"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *dealt],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    ran = [line.split() for line in (tmp_path / "ran").read_text("utf-8").splitlines()]
    assert len(ran) == 6 * len(files)
    assert {name: len({worker for worker, its in ran if its == name}) for name in files} == (
        dict.fromkeys(files, 1)
    )
    assert {worker for worker, _name in ran} == {"gw0", "gw1"}
