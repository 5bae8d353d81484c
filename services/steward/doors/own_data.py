"""Erasing one's data."""

from __future__ import annotations

from fivered.chassis.bus import ANY_ROLE, SELF
from fivered.chassis.table import command, query
from fivered.services.steward import views
from fivered.services.steward.actions import erasures

doors = (
    command(
        "POST /erasures",
        erasures.ask_erasure,
        roles=(ANY_ROLE, SELF),
        status=201,
    ),
    query("GET /erasures", views.erasures.erasures, roles=(ANY_ROLE, SELF)),
    query("GET /erasures/{erasure_id}", views.erasures.erasure, roles=(ANY_ROLE, SELF)),
    command(
        "POST /erasures/{erasure_id}/withdraw",
        erasures.withdraw_erasure,
        roles=(ANY_ROLE, SELF),
        if_match=True,
    ),
    command(
        "POST /erasures/{erasure_id}/decide",
        erasures.decide_erasure,
        roles=("R_SECRETARY", "R_STREET", "R_DISTRICT"),
        unkept=("reason",),
        if_match=True,
    ),
    query(
        "GET /person-reads",
        views.people.person_reads,
        roles=(ANY_ROLE,),
    ),
)
