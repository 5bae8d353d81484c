"""Requests, from filing to the end."""

from __future__ import annotations

from fivered.chassis.bus import ANY_ROLE, PUBLIC
from fivered.chassis.table import command, query
from fivered.services.steward import views
from fivered.services.steward.actions import (
    calls,
    dispatch,
    endings,
    handling,
    notes,
    pauses,
    pool,
    ratings,
    submission,
)
from fivered.services.steward.actions.standing import serving
from fivered.services.steward.rules import access
from fivered.services.steward.rules.requests import HANDLERS, SCREENERS, STREET

REGISTRARS = access.INTAKE
WATCHERS = access.WATCHERS
HANDLERS_AND_SCREENERS = ("R_STEWARD", "R_GRID", *SCREENERS)

doors = (
    command(
        "POST /requests",
        submission.submit_request,
        roles=(ANY_ROLE,),
        status=201,
    ),
    command(
        "POST /requests/{request_id}/dispatch",
        dispatch.dispatch_request,
        roles=SCREENERS,
        if_match=True,
    ),
    command(
        "POST /requests/{request_id}/accept",
        dispatch.accept_request,
        roles=HANDLERS,
        if_match=True,
    ),
    command(
        "POST /requests/{request_id}/return",
        dispatch.return_request,
        roles=HANDLERS,
        if_match=True,
    ),
    command(
        "POST /requests/{request_id}/transfer",
        dispatch.transfer_request,
        roles=("R_STEWARD", "R_GRID", *SCREENERS),
        if_match=True,
    ),
    command(
        "POST /requests/{request_id}/contact",
        handling.contact_request,
        roles=HANDLERS,
        if_match=True,
    ),
    command(
        "POST /requests/{request_id}/extend",
        handling.extend_request,
        roles=SCREENERS,
        if_match=True,
    ),
    command(
        "POST /requests/{request_id}/resolve",
        handling.resolve_request,
        roles=HANDLERS,
        if_match=True,
    ),
    command(
        "POST /requests/{request_id}/rate",
        ratings.rate_request,
        roles=(ANY_ROLE,),
    ),
    command(
        "POST /requests/{request_id}/reopen",
        ratings.reopen_request,
        roles=(ANY_ROLE,),
        if_match=True,
    ),
    command(
        "POST /requests/{request_id}/cancel",
        endings.cancel_request,
        roles=(ANY_ROLE,),
        if_match=True,
    ),
    command(
        "POST /requests/{request_id}/urge",
        endings.urge_request,
        roles=(ANY_ROLE,),
    ),
    command(
        "POST /requests/{request_id}/notes",
        notes.add_note,
        roles=(ANY_ROLE,),
        status=201,
    ),
    query(
        "GET /requests/{request_id}/notes",
        views.cases.request_notes,
        roles=(ANY_ROLE,),
    ),
    command(
        "POST /requests/{request_id}/calls",
        calls.record_call,
        roles=HANDLERS_AND_SCREENERS,
        status=201,
    ),
    query(
        "GET /requests/{request_id}/calls",
        views.desk.request_calls,
        roles=HANDLERS_AND_SCREENERS,
    ),
    command(
        "POST /requests/{request_id}/caller",
        calls.show_caller,
        roles=access.CALLERS_BACK,
        unkept=("value",),
    ),
    query(
        "GET /requests/{request_id}/receipt",
        views.desk.receipt,
        roles=(ANY_ROLE,),
    ),
    query(
        "GET /requests/{request_id}/receipt.txt",
        views.desk.receipt,
        name="receipt_file",
        roles=(ANY_ROLE,),
        produces="text/plain",
    ),
    command(
        "POST /requests/{request_id}/pauses",
        pauses.pause_request,
        roles=HANDLERS,
        if_match=True,
        status=201,
    ),
    query(
        "GET /requests/{request_id}/pauses",
        views.desk.request_pauses,
        roles=(ANY_ROLE,),
    ),
    command(
        "POST /requests/{request_id}/pauses/decide",
        pauses.decide_pause,
        roles=SCREENERS,
        if_match=True,
    ),
    command(
        "POST /requests/{request_id}/resume",
        pauses.resume_request,
        roles=HANDLERS_AND_SCREENERS,
        if_match=True,
    ),
    query("GET /pauses", views.desk.pauses, roles=SCREENERS),
    query("GET /pause-grounds", views.desk.pause_grounds, roles=(PUBLIC,)),
    command(
        "POST /requests/{request_id}/reject",
        endings.reject_request,
        roles=SCREENERS,
        if_match=True,
    ),
    command(
        "POST /requests/{request_id}/merge",
        endings.merge_request,
        roles=SCREENERS,
        if_match=True,
    ),
    command(
        "POST /requests/{request_id}/unmerge",
        endings.unmerge_request,
        roles=SCREENERS,
        if_match=True,
    ),
    command(
        "POST /requests/{request_id}/take",
        pool.take_request,
        roles=HANDLERS,
        if_match=True,
    ),
    query("GET /grids/{grid}/pool", views.pool.pool, roles=HANDLERS),
    command("POST /requests-batch", pool.batch_requests, roles=SCREENERS),
    command(
        "POST /requests/{request_id}/reporter",
        submission.attach_reporter,
        roles=("R_GRID", *SCREENERS),
        if_match=True,
    ),
    command(
        "POST /requests/{request_id}/close",
        ratings.close_request,
        roles=SCREENERS,
        if_match=True,
    ),
    command(
        "POST /requests/{request_id}/correct",
        handling.correct_request,
        roles=SCREENERS,
        if_match=True,
    ),
    command(
        "POST /requests/{request_id}/check",
        ratings.check_found,
        roles=SCREENERS,
        if_match=True,
    ),
    command(
        "POST /requests/{request_id}/review",
        ratings.review_request,
        roles=("R_CADRE", "R_SECRETARY", *STREET),
        if_match=True,
    ),
    query(
        "GET /requests/{request_id}",
        views.cases.request,
        roles=(ANY_ROLE,),
    ),
    query("GET /requests", views.cases.requests, roles=(ANY_ROLE,)),
    command(
        "POST /requests/search",
        views.searching.find_requests,
        roles=REGISTRARS,
        unkept=("items",),
        before=serving,
    ),
    query("GET /workbench", views.cases.workbench, roles=HANDLERS),
    query("GET /queue", views.cases.queue, roles=SCREENERS),
    query(
        "GET /requests/{request_id}/timeline",
        views.cases.timeline,
        roles=(ANY_ROLE,),
    ),
    query(
        "GET /similar-requests",
        views.cases.similar_requests,
        roles=(ANY_ROLE,),
    ),
    query("GET /known-incidents", views.incidents.known_incidents, roles=(ANY_ROLE,)),
    query("GET /rates", views.cases.three_rates, roles=WATCHERS),
    query("GET /request-categories", views.opened.request_categories, roles=(PUBLIC,)),
    query("GET /open-requests", views.opened.open_requests, roles=(PUBLIC,)),
    query("GET /open-request-steps", views.opened.open_request_steps, roles=(PUBLIC,)),
)
