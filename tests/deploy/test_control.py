"""What one process of `make up` can be told to do."""

import json
import os

import pytest

from deploy.local import control
from fivered.chassis import here


@pytest.mark.parametrize("name", ["rabbitmq", "postgresql"])
@pytest.mark.parametrize("action", ["stop", "start"])
def test_a_server_is_not_stopped_and_that_is_said(tmp_path, name, action):
    pid = os.getpid()
    found = {"supervisor": pid, "born": here.born(pid), "broker_pid": pid, "postgres_pid": pid}
    (tmp_path / "running.json").write_text(json.dumps(found | {"children": {}}))
    (tmp_path / "stopped").mkdir()
    with pytest.raises(LookupError, match="only be killed"):
        control.control(tmp_path, action, name)
    assert not list((tmp_path / "stopped").iterdir())
