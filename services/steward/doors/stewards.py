"""Stewards, their rota and their boards."""

from __future__ import annotations

from fivered.chassis.bus import ANY_ROLE, PUBLIC
from fivered.chassis.table import command, query
from fivered.services.steward import views
from fivered.services.steward.actions import boards, posts, rota
from fivered.services.steward.rules import access

APPOINTERS = access.SENIORS
WATCHERS = access.WATCHERS

doors = (
    command(
        "POST /stewards",
        posts.enrol_steward,
        roles=APPOINTERS,
        status=201,
    ),
    command(
        "POST /stewards/{steward_id}/correct",
        posts.correct_steward,
        roles=APPOINTERS,
        if_match=True,
    ),
    command(
        "POST /stewards/{steward_id}/board-consent",
        posts.agree_to_board,
        roles=(ANY_ROLE,),
        if_match=True,
    ),
    command(
        "POST /stewards/{steward_id}/suspend",
        posts.suspend_steward,
        roles=APPOINTERS,
        if_match=True,
    ),
    command(
        "POST /stewards/{steward_id}/resume",
        posts.resume_steward,
        roles=APPOINTERS,
        if_match=True,
    ),
    command(
        "POST /stewards/{steward_id}/leave",
        posts.leave_steward,
        roles=APPOINTERS,
        if_match=True,
    ),
    command(
        "POST /shifts",
        posts.plan_shift,
        roles=("R_GRID", *APPOINTERS),
        status=201,
    ),
    command(
        "POST /shifts/{shift_id}/attend",
        posts.attend_shift,
        roles=("R_STEWARD", "R_GRID", *APPOINTERS),
        if_match=True,
    ),
    command("POST /shift-plans", rota.plan_shifts, roles=("R_GRID", *APPOINTERS)),
    command("POST /shift-copies", rota.copy_shifts, roles=("R_GRID", *APPOINTERS)),
    command(
        "POST /shifts/{shift_id}/move",
        rota.move_shift,
        roles=("R_GRID", *APPOINTERS),
        if_match=True,
    ),
    command(
        "POST /shifts/{shift_id}/cancel",
        rota.cancel_shift,
        roles=("R_GRID", *APPOINTERS),
        if_match=True,
    ),
    command("POST /shift-swaps", rota.ask_swap, roles=("R_STEWARD", "R_GRID"), status=201),
    command(
        "POST /shift-swaps/{swap_id}/answer",
        rota.answer_swap,
        roles=("R_STEWARD", "R_GRID"),
        if_match=True,
    ),
    query("GET /shift-swaps", views.rota.shift_swaps, roles=(ANY_ROLE,)),
    query(
        "GET /households/{household_id}/stewards",
        views.rota.household_stewards,
        roles=(ANY_ROLE,),
    ),
    query("GET /places/{place_code}/stewards", views.rota.place_stewards, roles=(ANY_ROLE,)),
    query("GET /gaps-ahead", views.rota.gaps_ahead, roles=access.OVERSIGHT),
    query("GET /shifts", views.posts.shifts, roles=(ANY_ROLE,)),
    query("GET /shifts/{shift_id}", views.posts.shift, roles=(ANY_ROLE,)),
    command(
        "POST /shifts/{shift_id}/miss",
        posts.miss_shift,
        roles=APPOINTERS,
        if_match=True,
    ),
    command(
        "POST /grids/{grid}/board",
        boards.publish_board,
        roles=("R_GRID", *APPOINTERS),
        status=201,
    ),
    query(
        "GET /grids/{grid}/duty",
        views.posts.duty_board,
        roles=(PUBLIC,),
    ),
    query(
        "GET /grids/{grid}/board",
        views.posts.contact_board,
        roles=(PUBLIC,),
    ),
    query(
        "GET /grids/{grid}/vcard",
        views.posts.contact_cards,
        roles=(PUBLIC,),
    ),
    query(
        "GET /grids/{grid}/contacts.vcf",
        views.posts.contact_cards,
        name="contact_cards_file",
        roles=(PUBLIC,),
        produces="text/vcard",
    ),
    query("GET /coverage", views.posts.coverage, roles=WATCHERS),
    query("GET /grids/{grid}/gaps", views.posts.shift_gaps, roles=WATCHERS),
    query(
        "GET /stewards/{steward_id}",
        views.posts.steward,
        roles=(ANY_ROLE,),
    ),
    query(
        "GET /stewards/{steward_id}/history",
        views.posts.steward_history,
        roles=APPOINTERS,
    ),
    query(
        "GET /areas/{code}/history",
        views.ground.area_history,
        roles=("R_STREET", "R_DISTRICT", "R_SYSTEM"),
    ),
    query(
        "GET /stewards",
        views.posts.stewards,
        roles=access.OVERSIGHT,
    ),
    query(
        "GET /stewards/{steward_id}/month",
        views.posts.steward_month,
        roles=(ANY_ROLE,),
    ),
)
