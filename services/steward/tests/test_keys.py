"""SEC-M13: the key under which people are stored is replaced, and everybody is still found."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from fivered.chassis import cli, jobs, person_keys, sealing
from fivered.chassis.bus import SYSTEM
from fivered.chassis.messages import SELF, Actor
from fivered.chassis.runtime import Runtime
from fivered.chassis.settings import ProcessSettings, SettingsError
from fivered.chassis.vault import KeyMissing, Sealed, key_id, match_key_of
from fivered.chassis.webhook_wire import new_secret
from fivered.services.steward.service import Steward
from fivered.services.steward.settings import StewardSettings
from fivered.services.steward.tests.ground import (
    CADRE,
    CHEN,
    COMMUNITY,
    GRID,
    IDS,
    LI,
    OTHER_CADRE,
    STAFF,
    STREET_SCOPE,
    STW_GRID,
    WANG,
    person_id,
)
from testkit.bench import Bench, environment

pytestmark = pytest.mark.slow

OLD = "a-test-key-that-is-32-bytes-long-or-more"
NEW = "the-key-of-the-year-after-that-of-the-tests"
TWIN = person_id(51)


@pytest.fixture
def of_before(ground):
    """The database is as a release leaves it that knows no keys of persons."""
    runtime = ground.bench.runtime
    with runtime.transaction(SYSTEM) as tx:
        vault = person_keys.vault_in(tx)
        for column in person_keys.owners(Steward):
            key = list(column.table.primary_key)
            for row in tx.conn.execute(sa.select(column.table)).mappings().all():
                if row[column.name] is None:
                    continue
                bound = column.type.bound_to(row)
                plain = vault.seal(vault.open(row[column.name], bound), bound)
                mine = [one == row[one.name] for one in key]
                tx.conn.execute(sa.update(column.table).where(*mine).values({column.name: plain}))
        in_use = runtime.chassis.keys_in_use
        tx.conn.execute(sa.delete(in_use).where(in_use.c.purpose == person_keys.PERSON))
        tx.conn.execute(sa.delete(runtime.chassis.person_keys))
    runtime.seals_persons = False


@pytest.fixture
def opened(database_url, ground):
    """Open the service again on the same database, as a process does that is started with other
    keys; the first one is closed."""
    runtimes = []

    def open_with(**keys):
        now = runtimes[-1].fixed_now if runtimes else ground.bench.runtime.fixed_now
        env = environment(ProcessSettings, StewardSettings, FIVERED_SYNTHETIC="1")
        env |= {"FIVERED_STEWARD_PII_KEY": OLD}
        env["FIVERED_STEWARD_MATCH_KEY"] = ""
        env |= {f"FIVERED_STEWARD_{name}": key for name, key in keys.items()}
        runtime = Runtime.open(Steward, database_url, environ=env)
        runtimes.append(runtime)
        runtime.fixed_now = now
        runtime.prepare()
        return Bench(runtime)

    yield open_with
    for runtime in runtimes:
        runtime.close()


def fill(ground):
    """Leave a value in every sealed column."""
    ground.staff()
    ground.bench.as_("R_DISTRICT")
    correction = {"person_id": LI, "phone": "12800000003", "reason": "登记时写错"}
    ground.cadre(CADRE).do("correct_person", correction, version=1)
    ground.person(TWIN, "王小丽", phone="12800000051", grid=GRID, building="3号楼")
    twice = {"person_id": TWIN, "into": WANG, "reason": "同一人登记两次"}
    ground.cadre(CADRE).do("propose_merge", twice, version=1)
    request = ground.resolved()
    _words_of_a_case(ground, request)
    said = {"request_id": request["id"], "stars": 4, "solved": True, "text": "修得很好"}
    ground.by(WANG, "R_RESIDENT", COMMUNITY).do("rate_request", said)
    ground.cadre().ask("visits", {"steward_id": STW_GRID, "period": "2025-03"})
    _rights_of_a_person(ground)
    _code_that_waits(ground)
    _mailbox(ground)
    _brought_by_the_hotline(ground)
    _called_about(ground, request)
    return request["id"]


def _brought_by_the_hotline(ground):
    order = {
        "order_no": "JN-17", "area": COMMUNITY, "text": "楼道灯不亮", "phone": "12800000066",
        "sent_at": ground.bench.now.isoformat(),
    }  # fmt: skip
    ground.by("svc_hotline", "R_STREET", STREET_SCOPE).do("receive_order", order)


def _called_about(ground, request):
    """What was said when a closed request was called about."""
    at = ground.bench.now
    with ground.bench.transaction() as tx:
        note = person_keys.vault_in(tx).seal("来电确认", "rvs_1.note")
        row = {
            "return_visit_id": "rvs_1", "request_id": request["id"], "area": COMMUNITY,
            "grid": GRID, "reason": "SAMPLE", "state": "DONE", "reopened": False, "tries": 1,
            "note": note, "drawn_at": at, "due_at": at, "version": 1,
        }  # fmt: skip
        tx.conn.execute(sa.insert(Steward.tables.tables["return_visits"]), row)


def _words_of_a_case(ground, request):
    """A note of each kind, and a call."""
    about = {"request_id": request["id"]}
    for visibility in ("PUBLIC", "INTERNAL"):
        ground.cadre().do("add_note", about | {"text": "已约上门", "visibility": visibility})
    call = {"direction": "OUT", "phone": "12800000055", "note": "约定下午"}
    ground.by(STAFF, "R_STEWARD", GRID).do("record_call", about | call)


def _mailbox(ground):
    """An address that is confirmed, and one that waits for its code."""
    with ground.bench.transaction() as tx:
        vault = person_keys.vault_in(tx)
        said = {
            "email": "wang@example.cn", "email_new": "w@example.cn", "email_digits": "123456",
            "wechat": "oWx-1",
        }  # fmt: skip
        sealed = {name: vault.seal(one, f"{WANG}.{name}") for name, one in said.items()}
        row = {
            "person_id": WANG, "channels": {}, "quiet_from": 1260, "quiet_to": 480,
            "email_tries": 0, "email_codes": 1, "version": 1, "changed_at": ground.bench.now,
        }  # fmt: skip
        tx.conn.execute(sa.insert(Steward.tables.tables["message_choices"]), row | sealed)


def _code_that_waits(ground):
    """A code for the phone that the sender does not have yet."""
    at = ground.bench.now
    with ground.bench.transaction() as tx:
        vault = person_keys.vault_in(tx)
        row = {
            "code_id": "cod_1", "person_id": WANG, "state": "WAITING", "attempts": 0, "asked_at": at,
            "until": at, "phone": vault.seal("12812345678", "cod_1.phone"),
            "digits": vault.seal("123456", "cod_1.digits"),
        }  # fmt: skip
        tx.conn.execute(sa.insert(Steward.tables.tables["phone_codes"]), row)


def _rights_of_a_person(ground):
    """A correction and an erasure that were refused, and a correction that waits."""
    own = ground.by(LI, SELF, "")
    for _ in range(2):
        asked = own.do("propose_correction", {"name": "陈明"})
    no = {"approved": False, "reason": "请持证件到社区办理"}
    district = ground.by(OTHER_CADRE, "R_DISTRICT", "370811")
    district.do("decide_correction", {"correction_id": asked["id"], **no}, version=1)
    erasure = ground.by(LI, SELF, "").do("ask_erasure", {})
    district = ground.by(OTHER_CADRE, "R_DISTRICT", "370811")
    district.do("decide_erasure", {"erasure_id": erasure["id"], **no}, version=1)


def _a_code_that_waits(ground):
    """A code to sign in with that the sender, which is away, is to be given."""
    runtime = ground.bench.runtime
    sender = {"sender_url": "http://127.0.0.1:9/send", "sender_secret": new_secret()}
    runtime.settings = replace(runtime.settings, **sender)
    ground.bench.actor = Actor("", "R_ANONYMOUS", "", address="203.0.113.7")
    ground.bench.do("ask_phone_code", {"phone": "12812345678"})
    work(ground.bench)


def everything(bench, request_id):
    """Read through the doors what stands in sealed columns."""
    cadre = bench.as_("R_CADRE", person=OTHER_CADRE, scope=COMMUNITY)
    by_phone = cadre.ask("people", {"phone": "12812345678"})["items"]
    by_number = cadre.ask("people", {"id_no": IDS["LI"]})["items"]
    case = cadre.ask("request", {"request_id": request_id})
    bench.as_("R_RESIDENT", person=WANG, scope=COMMUNITY)
    mine = bench.ask("request", {"request_id": request_id})
    bench.as_("R_CADRE", person=OTHER_CADRE, scope=COMMUNITY)
    by_initials = cadre.do("find_people", {"initials": "lm"})["items"]
    return {
        "found": [(one["person_id"], one["name"]) for one in by_initials],
        "people": [(one["person_id"], one["name"], one["phone"]) for one in by_phone + by_number],
        "person": cadre.ask("person", {"person_id": WANG})["id_no"],
        "case": (case["text"], case["note"], mine["text"], mine.get("rating_text")),
        "history": [
            (one["reason"], one["before"]["phone"])
            for one in cadre.ask("person_history", {"person_id": LI})["items"]
        ],
        "merges": [one["reason"] for one in cadre.ask("person_merges", {})["items"]],
        "reads": [
            one["reason"]
            for one in bench.as_("R_AUDITOR").ask("person_reads", {})["items"]
            if one["door"] == "visits"
        ],
    }


def work(bench):
    while jobs.run_next(bench.runtime):
        pass


def found_with(bench):
    with bench.runtime.snapshot(SYSTEM) as tx:
        return sealing.status(tx)


def test_every_column_that_holds_bytes_is_sealed_anew(ground):
    """A new sealed column cannot be forgotten: its type is the list."""
    names = ("outbox", "parked", "audit_marks")
    chassis = {getattr(ground.bench.runtime.chassis, name) for name in names}
    own = [table for table in Steward.tables.sorted_tables if table not in chassis]
    of_bytes = [
        column
        for table in own
        for column in table.columns
        if isinstance(column.type, sa.LargeBinary)
    ]
    assert of_bytes
    assert [str(column) for column in of_bytes if not isinstance(column.type, Sealed)] == []
    fill(ground)
    _a_code_that_waits(ground)
    empty = [
        str(column)
        for column in of_bytes
        if not ground.bench.rows(
            f"select 1 from {column.table.name} where {column.name} is not null limit 1"
        )
    ]
    # What no test fills, none of the tests below has seen sealed anew.
    assert empty == []


def test_a_key_is_replaced_and_everything_is_read_and_found(ground, opened):
    request_id = fill(ground)
    _a_code_that_waits(ground)
    before = everything(ground.bench, request_id)
    assert before["people"][0] == (WANG, "王小丽", "128****5678")
    assert [one[0] for one in before["people"]] == [WANG, LI]
    assert before["found"] == [(LI, "李明")]
    ground.bench.runtime.close()

    match = match_key_of("steward", OLD)
    bench = opened(PII_KEY=NEW, PII_KEY_BEFORE=OLD, MATCH_KEY=match)
    assert everything(bench, request_id) == before
    assert not found_with(bench).safe
    work(bench)
    assert found_with(bench).safe
    assert list(found_with(bench).values) == [key_id("steward", NEW)]
    assert everything(bench, request_id) == before

    bench = opened(PII_KEY=NEW, MATCH_KEY=match)
    assert everything(bench, request_id) == before
    # A number that is known by its digest only is still one person's.
    with pytest.raises(Exception, match=WANG):
        bench.as_("R_CADRE", person=CADRE, scope=COMMUNITY).do(
            "register_person", {"name": "王小丽", "synthetic": True, "id_no": IDS["WANG"]}
        )


def test_the_first_key_itself_is_a_match_key_too(ground, opened):
    request_id = fill(ground)
    before = everything(ground.bench, request_id)
    bench = opened(PII_KEY=NEW, PII_KEY_BEFORE=OLD, MATCH_KEY=OLD)
    work(bench)
    assert everything(opened(PII_KEY=NEW, MATCH_KEY=OLD), request_id) == before


def test_a_second_rotation_needs_nothing_new(ground, opened):
    request_id = fill(ground)
    before = everything(ground.bench, request_id)
    match = match_key_of("steward", OLD)
    opened(PII_KEY=NEW, PII_KEY_BEFORE=OLD, MATCH_KEY=match)
    # The first is not through when the second begins.
    third = "a-third-key-of-at-least-thirty-two-bytes"
    bench = opened(PII_KEY=third, PII_KEY_BEFORE=f"{NEW}, {OLD}", MATCH_KEY=match)
    work(bench)
    assert everything(opened(PII_KEY=third, MATCH_KEY=match), request_id) == before


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"PII_KEY": NEW}, "sealed with key"),
        ({"PII_KEY": NEW, "MATCH_KEY": OLD}, "sealed with key"),
        ({"PII_KEY": NEW, "PII_KEY_BEFORE": OLD}, "nobody would be found by phone"),
        ({"MATCH_KEY": NEW}, "nobody would be found by phone"),
        ({"MATCH_KEY": "derived:not-hexadecimal-but-long-enough"}, "MATCH_KEY is wrong"),
        ({"PII_KEY_BEFORE": "short"}, "PII_KEY_BEFORE is too short"),
    ],
)
@pytest.mark.parametrize("noted", [True, False])
def test_keys_that_do_not_fit_the_database_are_refused_at_the_start(
    ground, opened, keys, said, noted
):
    """Never silently: people could not be read, or would be registered twice."""
    fill(ground)
    if not noted:  # as a release before left it, which knew of one key only
        with ground.bench.runtime.engine.begin() as conn:
            conn.execute(sa.text("delete from keys_in_use"))
        said = said.replace("sealed with key", "FIVERED_STEWARD_PII_KEY")
    with pytest.raises(SettingsError, match=said):
        opened(**keys)
    # What was refused has changed nothing.
    assert opened().ask("people_cards", {"ids": [WANG]})["items"]


def test_an_empty_database_takes_any_keys(bench, database_url):
    env = environment(ProcessSettings, StewardSettings, FIVERED_STEWARD_PII_KEY=NEW)
    runtime = Runtime.open(Steward, database_url, environ=env)
    runtime.prepare()
    runtime.close()


def heads(bench):
    """How the values of each sealed column begin, which are those of a person first."""
    own = person_keys.owners(Steward)
    found = [column for sealed in sealing.columns(Steward.tables).values() for column in sealed]
    rest = [column for column in found if column not in own]

    def of(columns):
        with bench.transaction() as tx:
            asked = [sa.select(column).where(column.is_not(None)) for column in columns]
            return {bytes(one)[:1] for each in asked for one in tx.conn.execute(each).scalars()}

    return of(own), of(rest)


def test_a_person_has_a_key_and_a_new_key_of_the_service_seals_that_key_only(ground, opened):
    request_id = fill(ground)
    before = everything(ground.bench, request_id)
    found = found_with(ground.bench)
    assert heads(ground.bench)[0] >= {b"\x03"}
    # What is about no person in particular: areas, posts, who looked, the keys themselves.
    assert heads(ground.bench)[1] == {b"\x01"}
    assert found.waiting == 0
    assert found.persons > 20
    values = ground.bench.rows("select name from persons order by person_id")
    ground.bench.runtime.close()

    bench = opened(PII_KEY=NEW, PII_KEY_BEFORE=OLD, MATCH_KEY=OLD)
    work(bench)
    assert found_with(bench).safe
    assert found_with(bench).persons == found.persons
    assert bench.rows("select name from persons order by person_id") == values
    assert everything(opened(PII_KEY=NEW, MATCH_KEY=OLD), request_id) == before


@pytest.mark.usefixtures("of_before")
def test_values_of_before_get_the_keys_of_their_persons_when_the_operator_begins(
    ground, opened, monkeypatch
):
    request_id = fill(ground)
    before = everything(ground.bench, request_id)
    assert heads(ground.bench)[0] == {b"\x01"}
    with ground.bench.runtime.transaction(SYSTEM) as tx:
        person_keys.begin(tx.runtime, tx.conn)
    waiting = found_with(ground.bench).waiting
    assert waiting > 20
    ground.bench.runtime.close()

    monkeypatch.setattr(sealing, "_BATCH", 2)
    bench = opened()
    steps = iter(range(3))
    jobs.run_next(bench.runtime, stopping=lambda: next(steps, None) is None)
    assert 0 < found_with(bench).waiting < waiting
    assert everything(bench, request_id) == before
    # The process is gone; another one goes on.
    bench = opened()
    work(bench)
    assert found_with(bench).waiting == 0
    assert heads(bench)[0] == {b"\x03"} | ({b"\x01"} & heads(bench)[0])
    assert everything(bench, request_id) == before
    with bench.runtime.transaction(SYSTEM) as tx:
        assert person_keys.state(tx.runtime, tx.conn) == person_keys.DONE
        assert not sealing.begin(tx)


def test_the_key_of_who_commands_is_read_with_the_command(ground):
    ground.submit(text="楼道灯不亮")
    asked = []

    @sa.event.listens_for(ground.bench.runtime.engine, "before_cursor_execute")
    def _sent(_conn, _cursor, statement, *_more):
        asked.append(statement)

    mine = ground.submit(text="门禁坏了")
    assert not [one for one in asked if "FROM person_keys" in one]
    # Another person's key is still asked for, and each text is sealed with its reporter's.
    theirs = ground.submit(who=None, reporter_id=LI, channel="WECHAT_GROUP")
    assert [one for one in asked if "FROM person_keys" in one]
    with ground.bench.runtime.transaction(SYSTEM) as tx:
        person_keys.destroy(tx, [WANG])
    kept = {
        one["request_id"]: bytes(one["text"])
        for one in ground.bench.rows("select request_id, text from requests")
    }
    with ground.bench.runtime.transaction(SYSTEM) as tx:
        vault = person_keys.vault_in(tx)
        for made, told in ((mine["id"], None), (theirs["id"], "楼道灯不亮")):
            assert vault.open_or_none(kept[made], f"{made}.text") == told


@pytest.mark.usefixtures("of_before")
def test_the_operator_begins_by_a_command_and_is_told_what_waits(
    ground, opened, database_url, monkeypatch, capsys
):
    fill(ground)
    env = environment(ProcessSettings, StewardSettings, FIVERED_STEWARD_PII_KEY=OLD)
    env |= {"FIVERED_STEWARD_MATCH_KEY": "", "FIVERED_STEWARD_DATABASE_URL": database_url}
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert cli.main(["keys", "persons"]) == 0
    assert "fivered keys persons --begin" in capsys.readouterr().out
    assert found_with(ground.bench).waiting is None
    assert cli.main(["keys", "status", "--begin"]) == 2
    assert cli.main(["keys", "persons", "--begin"]) == 0
    said = capsys.readouterr().out
    waiting = found_with(ground.bench).waiting
    assert waiting > 20
    assert f"steward: 0 values have the key of their person, {waiting} wait" in said
    work(opened())
    assert cli.main(["keys", "persons"]) == 0
    assert ", 0 wait" in capsys.readouterr().out


def test_with_a_destroyed_key_nothing_of_that_person_can_be_read_and_all_of_the_others(ground):
    fill(ground)
    with ground.bench.runtime.transaction(SYSTEM) as tx:
        person_keys.destroy(tx, [LI])
    own = person_keys.owners(Steward)
    with ground.bench.runtime.transaction(SYSTEM) as tx:
        vault = person_keys.vault_in(tx)
        for column, owner in own.items():
            for row in tx.conn.execute(sa.select(column.table)).mappings():
                if row[column.name] is None or not str(row[owner.name]).startswith("per_"):
                    continue
                told = vault.open_or_none(row[column.name], column.type.bound_to(row))
                assert (told is None) == (row[owner.name] == LI), column
        # It is the key that is gone, not the words: sealed again they are the service's.
        assert vault.seal("李明", "x", LI)[:1] == b"\x01"
    cadre = ground.by(OTHER_CADRE, "R_CADRE", COMMUNITY)
    assert cadre.ask("person", {"person_id": WANG})["name"] == "王小丽"
    assert "李明" not in str(cadre.ask("person", {"person_id": LI}))


@pytest.mark.usefixtures("of_before")
def test_what_is_written_before_a_rotation_is_read_by_the_release_before(ground, opened):
    """Its code runs beside this one while units are upgraded one by one."""
    (row,) = ground.bench.rows("select name from persons where person_id = :id", id=WANG)
    assert bytes(row["name"])[:1] == b"\x01"
    bench = opened(PII_KEY=NEW, PII_KEY_BEFORE=OLD, MATCH_KEY=OLD)
    bench.as_("R_DISTRICT").do("register_person", {"name": "陈静", "synthetic": True})
    (row,) = bench.rows("select name from persons order by created_at desc, person_id desc limit 1")
    begin = {bytes(one["name"])[:5] for one in bench.rows("select name from persons")}
    assert b"\x02" + bytes.fromhex(key_id("steward", NEW)) in begin


def test_sealing_anew_goes_on_after_a_crash_and_leaves_what_others_write(
    ground, opened, monkeypatch
):
    """Killed after any step: what is done shows in the values, the rest is taken up."""
    request_id = fill(ground)
    before = everything(ground.bench, request_id)
    monkeypatch.setattr(sealing, "_BATCH", 2)
    bench = opened(PII_KEY=NEW, PII_KEY_BEFORE=OLD, MATCH_KEY=OLD)
    left = found_with(bench).left
    steps = iter(range(3))
    jobs.run_next(bench.runtime, stopping=lambda: next(steps, None) is None)
    assert 0 < found_with(bench).left < left
    # The process is gone; another one begins.
    bench = opened(PII_KEY=NEW, PII_KEY_BEFORE=OLD, MATCH_KEY=OLD)
    correction = {"person_id": WANG, "phone": "12812345670", "reason": "换号"}
    bench.as_("R_CADRE", person=CADRE, scope=COMMUNITY).do("correct_person", correction, version=1)
    work(bench)
    assert found_with(bench).safe
    assert [card["state"] for card in bench.rows("select state from jobs")] == ["DONE"]
    after = everything(bench, request_id)
    assert after["people"] == [(LI, "李明", "128****0003")]
    assert after["case"] == before["case"]


def test_a_value_of_a_key_that_was_dropped_too_early_is_told_as_such(ground, opened):
    """A process that still seals with the key before, after it was dropped elsewhere."""
    rotated = {"PII_KEY": NEW, "MATCH_KEY": OLD}
    work(opened(PII_KEY_BEFORE=OLD, **rotated))
    late = opened(**rotated)
    ground.person(CHEN, "陈静", grid=GRID)
    with pytest.raises(KeyMissing):
        late.as_("R_CADRE", person=CADRE, scope=COMMUNITY).ask("person", {"person_id": CHEN})
    # While the key before is given, it is found and sealed anew.
    bench = opened(PII_KEY_BEFORE=OLD, **rotated)
    assert found_with(bench).left == 1
    work(bench)
    assert found_with(bench).safe
    assert late.ask("person", {"person_id": CHEN})["name"] == "陈静"
