"""What a register takes back, and terms that begin later than they were registered."""

from __future__ import annotations

from fivered.chassis.bus import PUBLIC
from fivered.chassis.table import command, query, timer
from fivered.services.property.actions import bodies, committees, rooms
from fivered.services.property.views import votes

COMMUNITY = ("R_CADRE", "R_SECRETARY", "R_STREET")
REGISTRARS = ("R_STREET", "R_DISTRICT")

doors = (
    command(
        "POST /owners-committees/{committee_id}/withdraw",
        committees.withdraw_committee,
        roles=COMMUNITY,
        if_match=True,
    ),
    command(
        "POST /community-bodies/{body_id}/withdraw",
        bodies.withdraw_body,
        roles=REGISTRARS,
        if_match=True,
    ),
    command(
        "POST /rooms/{room_id}/remove",
        rooms.remove_room,
        roles=(*COMMUNITY, "R_DISTRICT"),
        if_match=True,
    ),
    query(
        "GET /owners-votes/{vote_id}/paper.pdf",
        votes.owners_vote_paper,
        roles=(PUBLIC,),
        produces="application/pdf",
        cost=2,
    ),
    timer("committee_begin", committees.begin_committee),
    timer("body_begin", bodies.begin_body),
)
