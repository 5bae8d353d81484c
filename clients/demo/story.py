"""The story of the five mechanisms, told through HTTP: every step is a command or a question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fivered.clients.demo.api import Api
from fivered.clients.demo.chapters_governance import (
    PROJECT,
    complaint_rate,
    march,
    objection,
    together,
)
from fivered.clients.demo.chapters_points import balance, february, january, redemption, request
from fivered.clients.demo.district import PEOPLE
from fivered.clients.demo.screen import Screen
from fivered.clients.demo.teller import Teller, TellingFailed

STEPS = 46

# In the order of the calendar; the letters are those of the table in the README.
CHAPTERS: tuple[Callable[[Teller], None], ...] = (
    together,
    january,
    request,
    redemption,
    february,
    march,
    objection,
    complaint_rate,
    balance,
)


def tell(
    api: Api, screen: Screen, *, before: Callable[[str], None] = lambda _step: None
) -> dict[str, Any]:
    """Tell the whole story; returns the end state, without anything made at run time.

    Raises:
        TellingFailed: The system did something else.
        Refused: A command of the story was refused.
        StillWaiting: The system did not answer in time.
    """
    teller = Teller(api, screen, before)
    for chapter in CHAPTERS:
        chapter(teller)
    return end_state(teller)


def end_state(t: Teller) -> dict[str, Any]:
    """Return what both run modes must agree on: no ids and no times made at run time."""
    resident = t.points("resident")
    settlements = t.api.get("/v1/credit/settlements", PEOPLE["street"])["items"]
    request_card = t.api.get(
        f"/v1/steward/requests/{t.known['request']}", PEOPLE["cadre"], role="R_CADRE"
    )
    redemptions = t.api.get("/v1/partner/redemptions", PEOPLE["resident"])["items"]
    sheet = t.api.get("/v1/credit/trial-balance", PEOPLE["auditor"])
    topic = t.api.get(t.known["topic"], PEOPLE["secretary"])
    order = t.api.get(t.known["order"], PEOPLE["street"])
    project = t.api.get(PROJECT, PEOPLE["secretary"])
    return {
        "topic": [topic["state"], topic["step"], [task["state"] for task in topic["tasks"]]],
        "order": [order["state"], order["level"], order["late"]],
        "project": [project["agreements_active"], project["credit"].get("grade")],
        "points": {
            name: resident["points"][name] for name in ("pending", "available", "held", "clawback")
        },
        "standing": resident["standing"],
        "request": request_card["state"],
        "redemptions": sorted((row["offer_id"], row["state"]) for row in redemptions),
        "settlements": sorted(
            (row["period"], row["community"], row["state"], row["hash"]) for row in settlements
        ),
        "accounts": sheet["accounts"],
        "sum": sheet["sum"],
        "postings": sheet["postings"],
    }


__all__ = ["STEPS", "TellingFailed", "end_state", "tell"]
