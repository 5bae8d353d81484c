"""Contact boards of before, plans of visits, dangers, volunteer activities."""

from __future__ import annotations

from fivered.chassis.table import query
from fivered.services.steward import views
from fivered.services.steward.rules import access

doors = (
    query("GET /grids/{grid}/boards", views.boards.contact_boards, roles=access.OVERSIGHT),
    query(
        "GET /grids/{grid}/boards/{version}",
        views.boards.contact_board_version,
        roles=access.OVERSIGHT,
    ),
)
