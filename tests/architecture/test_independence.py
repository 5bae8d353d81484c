"""Independence, defined so that it can fail: extract, delete, install."""

import email
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest

from deploy.local.prepare import units
from fivered.chassis import __version__
from tests.alone import LEFT_OUT
from tests.architecture.imports import ROOT, service_packages
from tests.kept import made_once

SERVICES = [package.rpartition(".")[2] for package in service_packages()]
# The units of this checkout are installed in editable form, so every other one could be imported
# from a copy too; without their finders only what lies in the copy is there.
ALONE = """
import sys
sys.meta_path[:] = [f for f in sys.meta_path if "__editable__" not in getattr(f, "__module__", "")]
sys.path_hooks[:] = [h for h in sys.path_hooks if "__editable__" not in getattr(h, "__module__", "")]
sys.path[:] = [p for p in sys.path if "__editable__" not in p]
"""
# Beside it, a plugin of pytest: a line for each phase of a test.
OUTCOMES = """
import os

def pytest_runtest_logreport(report):
    with open(os.environ["OUTCOMES"], "a", encoding="utf-8") as noted:
        print(report.outcome, report.nodeid, file=noted)
"""
# A service whose tests take long is dealt out to several runs, so that all workers are busy; each
# run imports it, and builds the stages that its tests begin at, for itself.
PARTS = {"credit": 3}


def tracked(*folders):
    listed = subprocess.run(
        ["git", "ls-files", "--", *folders], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    return [name for name in listed if name and (ROOT / name).is_file()]


def copy(target, *folders):
    for name in tracked(*folders):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    (target / "alone").mkdir()
    # What is installed as `fivered.chassis` stands in `chassis`.
    names = target / "alone" / "fivered"
    names.mkdir()
    for unit in ("chassis", "gateway", "services", "clients"):
        if (target / unit).exists():
            (names / unit).symlink_to(f"../../{unit}")  # The whole folder is moved later.
    (target / "alone" / "sitecustomize.py").write_text(ALONE)
    (target / "alone" / "outcomes.py").write_text(OUTCOMES)


def copy_compiled(target, *folders):
    """Copy what Python and pytest keep of the files: it fits, as a copy has the time and the size
    of its file, by which both see whether it does."""
    for name in tracked(*folders):
        kept = Path(importlib.util.cache_from_source(ROOT / name))
        for compiled in kept.parent.glob(f"{kept.name.partition('.')[0]}.*.pyc"):
            for source in (target / name, target / "alone/fivered" / name):
                place = Path(importlib.util.cache_from_source(source)).with_name(compiled.name)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(compiled, place)


def shared_copy(tmp_path_factory, name):
    """Return the chassis and one service in a folder that all workers of a run share; what was
    compiled here is not compiled there again."""
    folders = ("chassis", "testkit", f"services/{name}")

    def make(folder):
        copy(folder, *folders, "pyproject.toml")
        copy_compiled(folder, *folders)

    return made_once(tmp_path_factory, f"alone-{name}", make)


def run_tests(target, *paths):
    """Run tests of a copy. Returns the ids of those that passed, setup and teardown included."""
    noted = target / "alone" / f"outcomes-{os.getpid()}"
    noted.unlink(missing_ok=True)
    env = os.environ | {
        "PYTHONPATH": f"{target / 'alone'}{os.pathsep}{target}",
        "OUTCOMES": str(noted),
    }
    env.pop("FIVERED_TEST_PG", None)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "outcomes", "-m", "not servers", *paths],
        cwd=target,
        env=env,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        # Shown as what this test has printed; the failure itself is the list of them.
        print(done.stdout, done.stderr, sep="\n")
        summary = done.stdout.rpartition("short test summary info")[2] or done.stderr
        pytest.fail(summary.strip(" =\n")[-6000:], pytrace=False)
    lines = [line.split(" ", 1) for line in noted.read_text("utf-8").splitlines()]
    return {test for _, test in lines} - {test for outcome, test in lines if outcome != "passed"}


def parts(name):
    """Deal the test files of a service out to runs of about the same length."""
    dealt = [[] for _ in range(PARTS.get(name, 1))]
    files = [file for file in tracked(f"services/{name}") if fnmatch(file, "*/test_*.py")]
    for number, file in enumerate(sorted(files, key=lambda file: -(ROOT / file).stat().st_size)):
        dealt[number % len(dealt)].append(file)
    return dealt


@pytest.mark.covers("N25")
@pytest.mark.timeout(1500)  # Many tests of a service on SQLite: a run that hangs, not a slow one.
@pytest.mark.parametrize(
    ("name", "files"),
    [
        pytest.param(name, files, id=f"{name}{number}", marks=pytest.mark.runs_alone(*files))
        for name in SERVICES
        for number, files in enumerate(parts(name), 1)
    ],
)
def test_the_chassis_and_one_service_pass_that_services_tests(
    request, tmp_path_factory, record_property, name, files
):
    target = shared_copy(tmp_path_factory, name)
    seen = subprocess.run(
        [sys.executable, "-c", "import importlib.util as u; print(u.find_spec('fivered.gateway'))"],
        cwd=target,
        env=os.environ | {"PYTHONPATH": f"{target / 'alone'}{os.pathsep}{target}"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert seen.strip() == "None", "the copy is not alone"
    passed = run_tests(target, *files)
    assert passed
    # What the run of everything has left out, because it runs here, did run here.
    mine = {one for one in request.config.stash[LEFT_OUT] if one.partition("::")[0] in files}
    record_property(
        "alone",
        f"{name}, {len(files)} files: {len(passed)} tests passed;"
        f" {len(mine)} were left out of the other run, {len(mine - passed)} of which did not pass",
    )
    assert sorted(mine - passed) == []


@pytest.mark.parametrize(
    "upward",
    [
        "from fivered.chassis.runtime import Runtime",
        "if TYPE_CHECKING:\n    from fivered.chassis.runtime import Runtime",
        "def late():\n    from fivered.chassis.runtime import Runtime",
    ],
)
def test_an_upward_import_of_the_chassis_is_found_however_it_is_hidden(tmp_path, upward):
    copy(tmp_path, "chassis", "testkit", "tests/architecture", "tests/__init__.py")
    inbox = tmp_path / "chassis/inbox.py"
    inbox.write_text(inbox.read_text("utf-8") + f"\nTYPE_CHECKING = False\n{upward}\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "tests.architecture.imports"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": f"{tmp_path / 'alone'}{os.pathsep}{tmp_path}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert "fivered.chassis.inbox -> fivered.chassis.runtime" in done.stdout


@pytest.mark.timeout(600)
def test_with_one_service_deleted_the_gateway_and_the_architecture_pass(tmp_path):
    gone = SERVICES[-1]
    folders = [
        "chassis",
        "testkit",
        "gateway",
        "clients",
        "tests/architecture",
        "tests/__init__.py",
    ]
    copy(tmp_path, *folders, "services", "pyproject.toml", "deploy/local")
    shutil.rmtree(tmp_path / "services" / gone)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    # The gateway's other tests stand before doors of their own (toy_routes.py): they know no
    # service in any checkout.
    of_services = [
        f"gateway/tests/{name}.py"
        for name in (
            "test_documents", "test_filters", "test_imports", "test_own_answers", "test_pages",
        )
    ]  # fmt: skip
    # The document of all services is valid, and that of fewer is made of its parts: both are
    # shown where all of them are, by these two.
    shown = [
        f"--deselect=gateway/tests/test_own_answers.py::test_the_openapi_document_of_{one}"
        for one in ("every_routes_file_is_valid", "fewer_services_is_made_of_parts_of_that_of_all")
    ]
    run_tests(tmp_path, *of_services, "tests/architecture/test_shape.py", *shown)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """The wheel of every unit, by its folder; built once for all workers of a run."""

    def make(folder):
        for unit in units():
            # Built from a copy: setuptools leaves folders behind where it builds.
            source = folder / "src" / unit.name
            for name in tracked(str(unit.relative_to(ROOT))):
                inner = (ROOT / name).relative_to(unit)
                (source / inner).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, source / inner)
            made = folder / "wheels" / unit.name
            made.mkdir(parents=True)
            # As pip asks the unit's own build backend, without a pip for each of them.
            build = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))["build-system"]
            assert build["build-backend"] == "setuptools.build_meta"
            asked = (
                "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
            )
            subprocess.run(
                [sys.executable, "-c", asked, str(made)],
                cwd=source,
                check=True,
                capture_output=True,
            )

    folder = made_once(tmp_path_factory, "wheels", make)
    return {unit: next((folder / "wheels" / unit.name).glob("*.whl")) for unit in units()}


@pytest.mark.timeout(600)
def test_every_wheel_holds_its_contracts_migrations_and_texts_and_no_tests(wheels):
    for unit, wheel in wheels.items():
        with zipfile.ZipFile(wheel) as archive:
            inside = {name for name in archive.namelist() if ".dist-info/" not in name}
        wanted = set()
        prefix = str(unit.relative_to(ROOT))
        tool = tomllib.loads((unit / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
        top = next(name for name, path in tool["package-dir"].items() if path == ".")
        package = top.replace(".", "/")
        for name in tracked(prefix):
            inner = name.removeprefix(prefix + "/")
            if inner in {"pyproject.toml", "CHANGELOG.md", ".gitignore", "LICENSE"}:
                continue
            if "tests/" not in inner and not inner.startswith("build/"):
                wanted.add(f"{package}/{inner}")
        readme = {f"{package}/README.md"}
        assert wanted - inside - readme == set(), unit
        assert {name for name in inside if "/tests/" in name} == set(), unit
        texts = {path: (ROOT / prefix / path.removeprefix(package + "/")) for path in inside}
        tested = {path for path, file in texts.items() if b"import pytest" in file.read_bytes()}
        assert tested == set(), unit


# Wheels whose types others read.
TYPED = {"chassis", "clients/python"}
CLASSIFIED = {
    "Development Status :: 4 - Beta",
    "Natural Language :: Chinese (Simplified)",
    "Natural Language :: English",
    "Operating System :: POSIX :: Linux",
    "Programming Language :: Python :: 3.11",
}


@pytest.mark.timeout(600)
def test_every_wheel_says_what_it_is_and_under_which_licence(wheels):
    """An index refuses, or shows nothing of, a package without text, licence and classifiers."""
    licence = (ROOT / "LICENSE").read_bytes()
    for unit, wheel in wheels.items():
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
            (about,) = (name for name in names if name.endswith(".dist-info/METADATA"))
            told = email.message_from_string(archive.read(about).decode())
            text = archive.read(about.replace("METADATA", "licenses/LICENSE"))
        assert text == licence, unit
        assert told["License-Expression"] == "Apache-2.0"
        assert told["Requires-Python"] == ">=3.11"
        assert told["Version"] == __version__
        assert told["Description-Content-Type"] == "text/markdown"
        readme = (unit / "README.md").read_text("utf-8")
        assert told.get_payload().strip() == readme.strip(), unit
        classified = set(told.get_all("Classifier"))
        assert classified >= CLASSIFIED, unit
        typed = str(unit.relative_to(ROOT)) in TYPED
        assert ("Typing :: Typed" in classified) == typed, unit
        assert any(name.endswith("/py.typed") for name in names) == typed, unit
        # Who imports the chassis asks for it; what a wheel needs is installed with it.
        needs = {re.match(r"[\w.-]+", needed)[0] for needed in told.get_all("Requires-Dist")}
        imports = any(
            re.search(
                r"^(from|import) fivered\.chassis\b", (ROOT / name).read_text("utf-8"), re.MULTILINE
            )
            for name in tracked(str(unit.relative_to(ROOT)))
            if name.endswith(".py") and "/tests/" not in name and unit.name != "chassis"
        )
        assert ("fivered-chassis" in needs) == imports, unit
