"""Contact boards of before, plans of visits, dangers, volunteer activities."""

from __future__ import annotations

from fivered.chassis.bus import PUBLIC
from fivered.chassis.table import command, query
from fivered.services.steward import views
from fivered.services.steward.actions import hazards, planning
from fivered.services.steward.rules import access

VISITORS = ("R_STEWARD", *access.NEIGHBOURS)

doors = (
    command("POST /visit-plans", planning.plan_visits, roles=VISITORS, status=201),
    command("POST /visit-plan-copies", planning.copy_visits, roles=VISITORS),
    command(
        "POST /visit-plans/{plan_id}/remove", planning.remove_visit, roles=VISITORS, if_match=True
    ),
    query("GET /visit-plans", views.planning.visit_plans, roles=VISITORS),
    query("GET /visit-plans/{plan_id}", views.planning.visit_plan, roles=VISITORS),
    query("GET /visit-months", views.planning.visit_months, roles=access.NEIGHBOURS),
    query("GET /not-visited", views.planning.not_visited, roles=access.NEIGHBOURS),
    command(
        "POST /hazards/{hazard_id}/mended",
        hazards.check_mended,
        roles=access.HAZARD_VERIFIERS,
        if_match=True,
    ),
    query("GET /steward-cards/{card_id}", views.posts.steward_card, roles=(PUBLIC,)),
    query(
        "GET /grids/{grid}/board.html",
        views.posts.contact_board,
        name="contact_board_page",
        roles=(PUBLIC,),
        produces="text/html",
    ),
    query(
        "GET /grids/{grid}/board.pdf",
        views.posts.contact_board,
        name="contact_board_sheet",
        roles=(PUBLIC,),
        produces="application/pdf",
        cost=2,
    ),
    query(
        "GET /grids/{grid}/board.vcf",
        views.posts.contact_cards,
        name="contact_board_cards",
        roles=(PUBLIC,),
        produces="text/vcard",
    ),
    query("GET /grids/{grid}/boards", views.boards.contact_boards, roles=access.OVERSIGHT),
    query(
        "GET /grids/{grid}/boards/{version}",
        views.boards.contact_board_version,
        roles=access.OVERSIGHT,
    ),
)
