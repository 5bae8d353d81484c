"""Files in a bucket, where the store does not answer."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

# As `serve` runs: everything in one thread, under eventlet.
ASKED = """
import eventlet
eventlet.monkey_patch()
import socket, sys, time
from fivered.chassis.kept import FilesAway, InBucket, kept_in
from fivered.chassis.settings import FileSettings, Secret

assert not any(name.startswith("botocore") for name in sys.modules)
silent = socket.create_server(("127.0.0.1", 0))
url = f"http://127.0.0.1:{silent.getsockname()[1]}"
bucket = kept_in(FileSettings(
    blobs=sys.argv[1], s3_url=url, s3_bucket="b", s3_key_id="k", s3_secret=Secret("s")
))
assert kept_in(bucket._settings) is bucket
turns = []
def others():
    while True:
        turns.append(time.monotonic())
        eventlet.sleep(0.05)
eventlet.spawn(others)
for most in (5.0, 0.2):
    began = time.monotonic()
    try:
        bucket.size("toy/" + "0" * 64)
    except FilesAway as away:
        print(type(away.__cause__).__name__)
    assert time.monotonic() - began < most, time.monotonic() - began
print(max(later - sooner for sooner, later in zip(turns, turns[1:])) < 1.0, len(turns) > 20)
"""


def test_a_store_that_never_answers_holds_up_nobody_else(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASKED, str(tmp_path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["ReadTimeoutError", "TimeoutError", "True True"]
