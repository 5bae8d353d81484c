"""A job that writes without a break lets a command in between."""

import itertools
import threading
import time

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.chassis.sqlite_writers import WriterQueue


def test_who_waits_is_served_before_the_holder_comes_again(tmp_path):
    engine = store.open_engine(f"sqlite:///{tmp_path}/writers.sqlite")
    with engine.begin() as conn:
        conn.execute(sa.text("CREATE TABLE written (who TEXT, n INTEGER)"))
    stop = threading.Event()
    begun = threading.Event()

    def job():
        n = 0
        while not stop.is_set():
            with engine.begin() as conn:
                n += 1
                conn.execute(sa.text("INSERT INTO written VALUES ('job', :n)"), {"n": n})
                begun.set()
                time.sleep(0.02)  # a step takes its time; the next one begins at once

    worker = threading.Thread(target=job)
    worker.start()
    begun.wait()
    started = None
    while started is None:
        with store.reading(engine) as conn:
            started = conn.execute(sa.text("SELECT max(n) FROM written")).scalar()
    try:
        for _ in range(5):
            with engine.begin() as conn:
                before = conn.execute(sa.text("SELECT max(n) FROM written")).scalar()
                conn.execute(sa.text("INSERT INTO written VALUES ('command', :n)"), {"n": before})
    finally:
        stop.set()
        worker.join()
    with engine.connect() as conn:
        rows = conn.execute(sa.text("SELECT n FROM written WHERE who = 'command' ORDER BY n"))
        steps = [started, *(row.n for row in rows)]
    # Between two commands lie the step that was running and the one that came before us; before
    # the first one also those that ran while our connection was opened.
    assert all(later - earlier <= 2 for earlier, later in itertools.pairwise(steps[1:])), steps
    assert steps[1] - steps[0] <= 10, steps
    engine.dispose()


def test_a_turn_that_is_never_given_back_is_passed_on():
    queue = WriterQueue(patience_s=0.05)
    first, second = object(), object()
    queue.take(first)
    queue.take(second)
    queue.give(first)
    third = object()
    queue.give(second)
    queue.take(third)
    queue.give(third)


def test_readers_do_not_wait(tmp_path):
    engine = store.open_engine(f"sqlite:///{tmp_path}/readers.sqlite")
    with engine.begin() as conn:
        conn.execute(sa.text("CREATE TABLE things (n INTEGER)"))
    with engine.begin() as writing:
        writing.execute(sa.text("INSERT INTO things VALUES (1)"))
        with store.reading(engine) as conn:
            assert conn.execute(sa.text("SELECT count(*) FROM things")).scalar() == 0
    engine.dispose()
