"""`fivered`, but the embedded host delivers out of order and more than once.

python -m tests.faults.disorder up ...

What the bus does not promise is broken here: a subscriber looks away from a source for a while, so
that sources overtake each other; what one source says about different subjects is mixed; batches
are cut anywhere; every event comes at least twice, some of them long after. What it does promise
is kept: the order of one subject, and a month's marker behind all that lies before it.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import defaultdict, deque
from itertools import groupby

from fivered.chassis import cli, embedded, inbox

CHANCE = random.Random(20250303)

_deliver = inbox.deliver
_pump_source = embedded.Writer._pump_source
_before = defaultdict(lambda: deque(maxlen=300))


def _subject(delivery):
    said = json.loads(delivery.body)
    return said["subject"], ".month_measured." in said["type"]


def mixed(deliveries):
    """Return the deliveries in another order that the bus could bring."""
    found = []
    marked = [(one, *_subject(one)) for one in deliveries]
    for is_marker, run in groupby(marked, key=lambda part: part[2]):
        if is_marker:
            found += [one for one, _, _ in run]
            continue
        streams = defaultdict(deque)
        for one, subject, _ in run:
            streams[subject].append(one)
        while streams:
            subject = CHANCE.choice(list(streams))
            found.append(streams[subject].popleft())
            if not streams[subject]:
                del streams[subject]
    return found


def deliver(runtime, deliveries, *, pause, also=None):
    """Deliver in disorder and repeatedly; the cursor moves with the last of it."""
    before = _before[runtime.name, deliveries[0].source if deliveries else ""]
    rest = mixed(deliveries)
    done = 0
    while rest:
        size = CHANCE.choice((1, 1, 2, 3, 7))
        batch, rest = rest[:size], rest[size:]
        done += _deliver(runtime, batch, pause=pause)
        before.extend(batch)
        # Once more, together with something from long ago.
        again = batch + CHANCE.sample(list(before), min(3, len(before)))
        done += _deliver(runtime, again, pause=pause)
    return done + _deliver(runtime, [], pause=pause, also=also)


def pump_source(writer, name, source):
    """Look away from a source two times out of three."""
    if CHANCE.random() < 0.66:
        time.sleep(0.002)
        return True
    return _pump_source(writer, name, source)


if __name__ == "__main__":
    inbox.deliver = deliver
    embedded.Writer._pump_source = pump_source
    sys.exit(cli.main(sys.argv[1:]))
