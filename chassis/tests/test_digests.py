"""What the database tells of a request: nothing that could be tried out."""

import hashlib

import msgspec
import pytest

from fivered.chassis import append_only, digests
from fivered.chassis.refusal import IdempotencyMismatch
from fivered.chassis.runtime import Runtime
from fivered.chassis.settings import ProcessSettings
from fivered.chassis.tests.toy.service import Toy
from testkit.bench import KEY, Bench, environment, open_bench

BODY = {"counter_id": "c", "amount": 5}


def plain(method, body):
    """Build what releases up to 0.1 stored, written down by hand."""
    text = method.encode() + b"\n" + msgspec.json.encode(body, order="sorted")
    return hashlib.sha256(text).hexdigest()


def rekey(runtime):
    return digests.rekey(runtime.engine, runtime.chassis, runtime.digests)


def stored(bench, table):
    return [row["digest"] for row in bench.rows(f"select digest from {table}")]


@pytest.mark.parametrize("table", ["audit", "idempotency"])
def test_a_body_cannot_be_found_by_trying_bodies(bench, table):
    """SEC-H5: a phone, an identity number, a ballot came out of the digest in a few tries."""
    bench.do("add", BODY, key="k1")
    tried = {plain("add", BODY | {"amount": amount}) for amount in range(10)}
    (found,) = stored(bench, table)
    assert found not in tried
    assert not any(found.endswith(digest) or digest in found for digest in tried)


def test_another_key_and_another_service_give_another_digest(bench, database_url, tmp_path):
    """SEC-H5: one per service, under a key that is not in the database."""
    mine = bench.runtime.digests.of("add", BODY).keyed
    other = open_bench(Toy, f"sqlite:///{tmp_path}/other.sqlite", FIVERED_DIGEST_KEY="x" * 32)
    other.runtime.close()
    others = {
        digests.Digests(bench.runtime.process, "forum").of("add", BODY).keyed,
        digests.Digests(other.runtime.process, "toy").of("add", BODY).keyed,
    }
    assert len(others | {mine}) == 3


def test_a_request_is_repeated_across_a_rotation(bench, database_url):
    """SEC-M13: the key of the digests can be replaced, and nothing takes effect twice."""
    first = bench.do("add", BODY, key="k1")
    env = environment(ProcessSettings, FIVERED_DIGEST_KEY="x" * 32)
    for before, refusal in ((KEY, None), ("", IdempotencyMismatch)):
        given = env | {"FIVERED_DIGEST_KEY_BEFORE": before}
        later = Bench(Runtime.open(Toy, database_url, environ=given))
        if refusal is None:
            assert later.do("add", BODY, key="k1") == first
        else:
            with pytest.raises(refusal):
                later.do("add", BODY, key="k1")
        later.runtime.close()
    assert len(bench.published()) == 1


@pytest.mark.parametrize("keyed_yet", [False, True])
def test_a_key_of_before_the_upgrade_is_answered_and_its_digest_is_keyed(bench, keyed_yet):
    """SEC-H5, the upgrade: rows of the last release are keyed in place, and their keys hold."""
    first = bench.do("add", BODY, key="k1")
    with bench.runtime.engine.begin() as conn:
        # Rows of the audit are changed by nobody, except from here on by `rekey`.
        with append_only.lifted(conn, "audit"):
            conn.exec_driver_sql("delete from audit")
        old = {"id": 1, "actor": "per_1", "role": "R_CADRE", "scope": "370811", "action": "add"}
        old |= {"at": bench.now, "result": "DONE", "digest": plain("add", BODY)}
        conn.execute(bench.runtime.chassis.audit.insert(), [old])
        conn.exec_driver_sql(f"update idempotency set digest = '{plain('add', BODY)}'")
    if keyed_yet:
        assert rekey(bench.runtime) == 2
        assert rekey(bench.runtime) == 0
        expected = bench.runtime.digests.of("add", BODY).keyed
        assert stored(bench, "audit") == stored(bench, "idempotency") == [expected]
    assert bench.do("add", BODY, key="k1") == first
    with pytest.raises(IdempotencyMismatch):
        bench.do("add", BODY | {"amount": 6}, key="k1")
    assert bench.ask("total", {"counter_id": "c"})["total"] == 5


def test_many_old_rows_are_keyed_in_steps(bench):
    """SEC-H5."""
    bench.do("add", BODY, key="k1")
    table = bench.runtime.chassis.idempotency
    with bench.runtime.engine.begin() as conn:
        row = dict(conn.execute(table.select()).mappings().one())
        conn.execute(
            table.insert(),
            [row | {"key": f"old-{n:05d}", "digest": plain("add", {"n": n})} for n in range(1203)],
        )
    assert rekey(bench.runtime) == 1203
    assert all(digest.startswith("k1:") for digest in stored(bench, "idempotency"))
