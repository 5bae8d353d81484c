"""During the story every process of the distributed installation is killed, and each service is away
for a while: the others go on, and it catches up."""

import pytest

from tests.systems import told

# Which process dies at which step, so that each dies where it has work; most of them once.
KILLS = {
    "hours-1": "serve-steward",
    "hours-2": "work-steward",
    "close-2025-01": "work-credit",
    "confirm-2025-01": "serve-credit",
    "request": "gateway",
    "accept": "serve-forum",
    "resolve": "work-forum",
    "redeem-haircut": "work-partner",
    "verify": "serve-partner",
    "redeem-film": "postgresql",
    "close-2025-02": "work-property",
    "confirm-2025-02": "serve-property",
    "final-2025-02": "rabbitmq",
    "adopt": "work-forum",
    "close-topic": "work-credit",
}
# Step -> (service that comes back, service that is stopped). Commands to a stopped service would
# wait, so each is away while the story needs the others.
AWAY = {
    "request": (None, "partner"),
    "accept": ("partner", "property"),
    "contact": ("property", "forum"),
    "resolve": ("forum", "credit"),
    "credited": ("credit", None),
    "redeem-haircut": (None, "steward"),
    "redeem-hamper": ("steward", None),
}


@pytest.mark.servers
@pytest.mark.timeout(900)
@pytest.mark.covers("C5", "N1", "N12", "S18", "N25")
def test_processes_are_killed_and_services_stopped_and_the_story_ends_the_same(
    installation, expected
):
    def before(step):
        back, gone = AWAY.get(step, (None, None))
        for kind in ("serve", "work"):
            if back:
                installation.control("start", f"{kind}-{back}")
            if gone:
                installation.control("stop", f"{kind}-{gone}")
        if step in KILLS:
            installation.control("kill", KILLS[step])

    assert told(installation.running, before) == expected
