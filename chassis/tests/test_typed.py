"""Types are read from several threads at once, from the first time on."""

import subprocess
import sys

_FIRST_READS = """
import sys, threading
from msgspec import defstruct
from fivered.chassis.typed import converted, decoded
sys.setswitchinterval(1e-6)
faults = []
for number in range(1500):
    inner = defstruct(f"Inner{number}", [(f"f{i}", int | None, None) for i in range(20)])
    outer = defstruct(f"Outer{number}", [(f"g{i}", list[inner], ()) for i in range(20)])
    together = threading.Barrier(4)

    def read(way, kind, given):
        together.wait()
        try:
            way(given, kind)
        except Exception as error:
            faults.append(error)

    threads = [
        threading.Thread(target=read, args=one)
        for one in [
            (converted, outer, {"g0": [{"f0": 1}], "g19": [{"f19": 2}]}),
            (decoded, outer, b'{"g0": [{"f0": 1}], "g19": [{"f19": 2}]}'),
            (converted, inner, {"f19": 1}),
            (decoded, dict[str, inner], b'{"one": {"f3": 4}}'),
        ]
    ]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
print(faults)
"""


def test_first_reads_of_a_type_by_several_threads_leave_the_process_alive():
    """A process died in its first second, when two calls read the same type (SIGSEGV)."""
    ended = subprocess.run(
        [sys.executable, "-c", _FIRST_READS],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout.strip()) == (0, "[]"), ended.stderr
