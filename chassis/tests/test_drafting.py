"""`fivered migration draft`: the next migration comes from the tables, and only adds."""

import importlib
import shutil
import sys
from pathlib import Path

import pytest

from fivered.chassis import cli
from fivered.chassis import storage as store
from fivered.chassis.drafting import write_draft, write_drafts
from fivered.chassis.migrate import migrate_service
from fivered.chassis.settings import CommandFailed
from fivered.chassis.tests.toy import service as toy
from testkit.drift import differences

pytestmark = pytest.mark.slow

TOY = Path(__file__).parent / "toy"


@pytest.fixture
def changed(tmp_path, monkeypatch):
    """A copy of the toy service whose tables have one column more, written as given."""
    made = []

    def change(column):
        name = f"toy_{tmp_path.name.replace('-', '_')}"
        shutil.copytree(TOY, tmp_path / name)
        for path in (tmp_path / name).rglob("*.py"):
            path.write_text(
                path.read_text("utf-8").replace("fivered.chassis.tests.toy", name), "utf-8"
            )
        service = tmp_path / name / "service.py"
        known = 'sa.Column("total", sa.BigInteger, nullable=False),'
        text = service.read_text("utf-8")
        assert known in text
        text = text.replace(known, known + column)
        sealed = "from fivered.chassis.vault import Sealed\n" if "Sealed(" in column else ""
        service.write_text(
            text.replace("import sqlalchemy as sa\n", f"import sqlalchemy as sa\n{sealed}")
        )
        monkeypatch.syspath_prepend(tmp_path)
        made.append(name)
        return importlib.import_module(f"{name}.service").Toy

    yield change
    for name in made:
        for module in [one for one in sys.modules if one.partition(".")[0] == name]:
            del sys.modules[module]


def test_a_draft_brings_a_database_to_the_tables(changed, tmp_path):
    service_cls = changed('sa.Column("seen_at", store.UtcDateTime, nullable=True),')
    path = write_draft(service_cls, "counters_are_seen")
    assert path.name.endswith("_counters_are_seen.py")
    engine = store.open_engine(f"sqlite:///{tmp_path}/after.sqlite")
    migrate_service(service_cls, engine)
    assert differences(service_cls, engine) == []
    engine.dispose()


def test_a_draft_of_sealed_and_json_columns_runs_as_it_stands(changed, tmp_path):
    """It named types that it did not import."""
    service_cls = changed(
        'sa.Column("secret", Sealed("{name}.secret")), sa.Column("parts", store.Json), '
        'sa.Column("seen_at", store.UtcDateTime), sa.Column("place", store.BigId),'
    )
    path = write_draft(service_cls, "counters_have_secrets")
    engine = store.open_engine(f"sqlite:///{tmp_path}/sealed.sqlite")
    migrate_service(service_cls, engine)
    assert differences(service_cls, engine) == []
    engine.dispose()
    text = path.read_text("utf-8")
    assert "sa.LargeBinary()" in text
    assert 'sa.Column("parts", store.Json' in text


def test_the_first_migration_of_a_new_service_is_drafted_too(changed, tmp_path):
    """It had to be copied from another service: without one the draft fell over."""
    service_cls = changed("")
    folder = tmp_path / service_cls.__module__.partition(".")[0] / "migrations"
    known = (folder / "env.py").read_text("utf-8")
    shutil.rmtree(folder)
    path = write_draft(service_cls, "begin")
    assert path == folder / "versions" / "0001_begin.py"
    assert "run_env(metadata)" in (folder / "env.py").read_text("utf-8")
    (folder / "env.py").write_text(known, "utf-8")  # the toy keeps its tables in one file
    engine = store.open_engine(f"sqlite:///{tmp_path}/first.sqlite")
    migrate_service(service_cls, engine)
    assert differences(service_cls, engine) == []
    engine.dispose()


def test_a_draft_is_written_as_the_formatter_wants_it(changed):
    path = write_draft(changed('sa.Column("seen", sa.Integer),'), "counters_are_seen")
    text = path.read_text("utf-8")
    assert '    op.add_column("counters", sa.Column("seen", sa.Integer(), nullable=True))\n' in text
    # What a migration does not use it does not import.
    assert "chassis" not in text


def test_a_draft_of_an_index_alone_imports_no_more_than_it_names(changed):
    path = write_draft(changed('sa.Index("ix_counters_total", "total"),'), "totals_are_indexed")
    assert "import sqlalchemy" not in path.read_text("utf-8")


def test_drafts_are_written_for_the_services_that_ask_for_one(changed):
    service_cls = changed('sa.Column("seen_at", store.UtcDateTime, nullable=True),')
    (path,) = write_drafts([toy.Toy, service_cls], "counters_are_seen")
    assert service_cls.__module__.partition(".")[0] in path.parts
    with pytest.raises(CommandFailed, match="nothing to do"):
        write_drafts([toy.Toy], "nothing")


@pytest.mark.parametrize(("words", "service"), [(["why"], None), (["toy", "why"], "toy")])
def test_the_service_of_a_draft_may_be_left_out(words, service):
    parser, _handlers = cli._parser(["migration"])
    given = parser.parse_args(["migration", "draft", *words])
    assert (given.service, given.name) == (service, "why")


def test_a_column_that_the_release_before_would_not_fill_is_refused(changed):
    service_cls = changed('sa.Column("wanted", sa.Integer, nullable=False),')
    with pytest.raises(CommandFailed, match=r"counters\.wanted must be nullable"):
        write_draft(service_cls, "wanted")


def test_nothing_is_written_when_nothing_has_changed(changed):
    service_cls = changed("")
    with pytest.raises(CommandFailed, match="nothing to do"):
        write_draft(service_cls, "nothing")
    with pytest.raises(CommandFailed, match="is no name"):
        write_draft(service_cls, "No Name")
