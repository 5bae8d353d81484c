"""What a telephone's calendar opens."""

import httpx

from fivered.clients.demo.api import token
from fivered.clients.demo.district import PEOPLE


def test_a_session_is_a_file_that_a_calendar_opens(after_story):
    running = after_story.start()
    signed = {"Authorization": f"Bearer {token(running.token_key, PEOPLE['secretary'])}"}
    with httpx.Client(base_url=running.address, headers=signed, trust_env=False) as client:
        (session, *_) = client.get("/v1/forum/sessions").json()["items"]
        path = f"/v1/forum/sessions/{session['id']}"
        told = client.get(path).json()["ical"]
        file = client.get(f"{path}/session.ics")
    assert file.headers["content-type"] == "text/calendar; charset=utf-8"
    assert f'filename="{session["id"]}.ics"' in file.headers["content-disposition"]
    assert file.content == told.encode()
    assert told.startswith("BEGIN:VCALENDAR\r\n")
