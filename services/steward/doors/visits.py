"""Contact boards of before, plans of visits, dangers, volunteer activities."""

from __future__ import annotations

from fivered.chassis.bus import PUBLIC
from fivered.chassis.table import query
from fivered.services.steward import views
from fivered.services.steward.rules import access

doors = (
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
