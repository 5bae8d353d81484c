"""The shape of the code: what import-linter sees, and what it cannot."""

import ast
import re
import subprocess
import sys
import tomllib

import pytest

from tests.architecture.imports import ROOT, configuration, path_of, service_packages

pytestmark = pytest.mark.slow

ROOM_NAMES = {
    "service", "doors", "actions", "views", "storage", "rules", "events", "errors", "fields", "settings",
    "migrations", "tests", "contracts", "locale", "data", "replies", "messages",
}  # fmt: skip
BUILTIN_PROPERTY = re.compile(r"@property|\bproperty\(")


def sources(*folders):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if ".venv" not in path.parts and "build" not in path.parts:
                yield path


def test_imports_go_downstairs_only_and_no_unit_knows_another():
    # In a process of its own: import-linter sets up logging and silences every logger that is there.
    module = "tests.architecture.imports"
    subprocess.run([sys.executable, "-m", module], cwd=ROOT, check=True)


def test_every_folder_of_a_service_is_linted():
    folders = {
        f"fivered.services.{path.name}" for path in (ROOT / "services").iterdir() if path.is_dir()
    }
    assert folders == set(service_packages())
    assert all(package in configuration() for package in folders)


def test_every_service_has_the_same_rooms_and_no_others():
    for package in service_packages():
        folder = path_of(package)
        names = {
            path.stem if path.suffix == ".py" else path.name
            for path in folder.iterdir()
            if not path.name.startswith((".", "__")) and not path.name.endswith(".egg-info")
        }
        assert names - ROOM_NAMES == {"pyproject.toml", "README.md", "LICENSE"}, package
        assert (
            ROOM_NAMES - {"data", "doors", "fields", "locale", "messages", "rules", "settings"}
            <= names
        ), package


ROOMS = ("actions", "views", "storage", "rules")


def rooms_of(package):
    """The rooms of a service that are folders, each with the names of its files."""
    folder = path_of(package)
    return {
        room: {path.stem for path in (folder / room).glob("*.py")} - {"__init__"}
        for room in ROOMS
        if (folder / room).is_dir()
    }


def test_what_is_heard_is_taken_in_one_room_of_one_name():
    for package in service_packages():
        names = rooms_of(package)["actions"]
        assert "heard" in names, package
        assert not names & {"hearing", "projections", "listening"}, package


def test_one_noun_is_written_one_way_in_all_rooms_of_a_service():
    """A noun in the singular here and in the plural there is found by nobody who looks for it."""
    for package in service_packages():
        names = set().union(*rooms_of(package).values())
        both = {name for name in names if f"{name}s" in names} - PLURAL_TOO.get(package, set())
        assert both == set(), package


# Two things of which one is called like several of the other.
PLURAL_TOO = {"fivered.services.credit": {"award", "month_log"}}


def test_the_face_of_a_package_holds_no_code():
    for package in service_packages():
        folder = path_of(package)
        for room in ROOMS:
            face = folder / room / "__init__.py"
            if face.exists():
                tree = ast.parse(face.read_text("utf-8"))
                code = [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
                assert code == [], face


def test_cursors_are_read_and_written_in_one_place():
    for path in sources("services"):
        if "tests" not in path.parts:
            assert "base64" not in path.read_text("utf-8"), path


def test_no_file_has_more_than_800_lines():
    for top in ("services", "chassis", "gateway", "clients", "deploy", "testkit", "bench"):
        for path in sources(top):
            # The first migration of a service is all of its tables.
            if not {"tests", "versions"} & set(path.parts):
                assert len(path.read_text("utf-8").splitlines()) <= 800, path


def test_the_chassis_knows_no_service():
    names = [package.partition(".")[2] for package in service_packages()]
    word = re.compile(rf"\b({'|'.join(names)})\b")
    for path in sources("chassis"):
        if "tests" in path.parts:
            continue
        text = BUILTIN_PROPERTY.sub("", path.read_text("utf-8"))
        for number, line in enumerate(text.splitlines(), 1):
            assert not word.search(line), f"{path}:{number}: {line.strip()}"


@pytest.mark.parametrize(("unit", "suffix"), [("chassis", ""), ("gateway", ".py")])
def test_the_card_of_a_unit_names_its_modules_and_no_others(unit, suffix):
    folder = ROOT / unit
    rows = [line for line in (folder / "README.md").read_text("utf-8").splitlines() if "|" in line]
    cells = [cell for row in rows for cell in row.split("|")]
    column = cells if suffix else [row.split("|")[1] for row in rows]
    named = {
        name for cell in column for name in re.findall(rf"`([a-z0-9_]+){re.escape(suffix)}`", cell)
    }
    modules = {path.stem for path in folder.glob("[a-z]*.py")}
    assert named == modules


def test_nothing_is_imported_by_a_computed_name():
    # import-linter cannot see it; entry points are the one way by which units find each other.
    for path in sources("services", "gateway", "chassis"):
        if "tests" in path.parts:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            # A worker may be given "module:Class" by name, and the command line is a table of names.
            allowed = path.relative_to(ROOT).as_posix() in {"chassis/topology.py", "chassis/cli.py"}
            assert allowed or name not in {
                "__import__",
                "import_module",
                "importlib.import_module",
                "pkgutil.resolve_name",
            }, f"{path}:{node.lineno}"


def test_no_module_of_the_chassis_makes_up_its_names():
    # A module `__getattr__` hides a circle from import-linter's layers.
    for path in sources("chassis"):
        tree = ast.parse(path.read_text("utf-8"))
        made = [node for node in tree.body if getattr(node, "name", "") == "__getattr__"]
        assert made == [], path


def test_rules_know_neither_the_time_nor_chance():
    for package in service_packages():
        for room in ("rules", "events"):
            folder = path_of(package)
            files = [folder / f"{room}.py", *sorted((folder / room).rglob("*.py"))]
            for path in files:
                if not path.exists():
                    continue
                text = path.read_text("utf-8")
                for call in (".now(", ".today(", "time.time(", "uuid4(", "uuid7(", "random."):
                    assert call not in text, f"{path} calls {call}"


@pytest.mark.covers("N25")
def test_every_unit_lists_all_its_packages():
    for pyproject in sorted(ROOT.glob("*/pyproject.toml")) + sorted(
        ROOT.glob("*/*/pyproject.toml")
    ):
        tool = tomllib.loads(pyproject.read_text("utf-8"))["tool"]["setuptools"]
        folder = pyproject.parent
        top = next(name for name, path in tool["package-dir"].items() if path == ".")
        found = {top}
        for init in folder.rglob("__init__.py"):
            inner = init.parent.relative_to(folder).parts
            if inner and not {"tests", ".venv", "build"} & set(inner):
                found.add(".".join((top, *inner)))
        assert set(tool["packages"]) == found, pyproject


def test_the_repository_holds_no_path_of_a_machine():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    for name in listed:
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".json", ".yaml", ".yml", ""} and path.is_file():
            text = path.read_text("utf-8", errors="replace")
            for word in ("/" + "work/", "/" + "root/"):
                assert word not in text, f"{name} names {word}"


def test_python_is_new_enough():
    assert sys.version_info >= (3, 11)
