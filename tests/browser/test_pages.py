"""The pages as a browser shows them, in headless Chromium against the embedded system."""

import re
import shutil
import subprocess

import pytest

from fivered.clients.demo.api import Api
from fivered.clients.demo.district import District

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--virtual-time-budget=4000",
)  # fmt: skip


def shown(address, folder):
    """Return the document as it stands after its scripts have run."""
    browser = shutil.which("chromium")
    assert browser, "not installed: apt-get install -y chromium"
    done = subprocess.run(
        [browser, *FLAGS, f"--user-data-dir={folder}", "--dump-dom", address],
        capture_output=True,
        text=True,
        timeout=90,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-1500:]
    return done.stdout


@pytest.mark.servers
@pytest.mark.timeout(240)
def test_start_page_board_and_reference_are_shown_in_chinese_and_need_nothing_from_outside(
    embedded, tmp_path
):
    running = embedded.start()
    api = Api(running.address, running.token_key)
    District(api).load()
    api.close()
    start = shown(running.address, tmp_path / "browser")
    for mechanism in ("红色信用", "红色物业", "红色管家", "红色合伙人", "红色议站"):
        assert mechanism in start
    assert "演示环境" in start
    reference = shown(f"{running.address}/docs", tmp_path / "browser")
    assert "提交诉求" in reference
    assert "/v1/steward/requests" in reference
    for page in (start, reference):
        # Whatever the page loads comes from the gateway itself.
        loaded = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(https?://[^"]+)"', page)
        assert [one for one in loaded if not one.startswith(running.address)] == []
    board = shown(f"{running.address}/board", tmp_path / "browser")
    assert "网格" in board
