"""The ground and its people: areas, places, the register, corrections."""

from __future__ import annotations

from datetime import date

from fivered.chassis.api import Leaving
from fivered.chassis.bus import ANY_ROLE, PUBLIC, SELF
from fivered.chassis.table import command, query
from fivered.services.steward import views
from fivered.services.steward.actions import (
    calendar,
    codes,
    corrections,
    deliveries,
    ground,
    merges,
    people,
    places,
    registration,
    reveals,
)
from fivered.services.steward.actions.standing import serving
from fivered.services.steward.rules import access

REGISTRARS = access.INTAKE
OWN = (ANY_ROLE, SELF)
APPOINTERS = access.SENIORS
BY_ADDRESS = Leaving(date(2026, 11, 30), date(2027, 12, 31), "POST /v1/steward/people/search")

doors = (
    command(
        "POST /areas",
        ground.define_area,
        roles=("R_STREET", "R_DISTRICT", "R_SYSTEM"),
        status=201,
    ),
    command("POST /people", registration.register_person, roles=REGISTRARS, status=201),
    command("POST /people-batch", registration.register_people, roles=REGISTRARS),
    command(
        "POST /people/{person_id}/move",
        people.move_person,
        roles=REGISTRARS,
        if_match=True,
    ),
    command(
        "POST /people/{person_id}/deactivate",
        people.deactivate_person,
        roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"),
        if_match=True,
    ),
    command(
        "POST /people/{person_id}/death",
        people.decide_death,
        roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"),
        if_match=True,
    ),
    query(
        "GET /person-deaths",
        views.people.person_deaths,
        roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"),
    ),
    command(
        "POST /calendar-years",
        calendar.propose_calendar_year,
        roles=("R_DISTRICT",),
        status=201,
    ),
    command(
        "POST /calendar-years/{proposal_id}/approve",
        calendar.approve_calendar_year,
        roles=("R_DISTRICT",),
        if_match=True,
    ),
    command(
        "POST /calendar-years/{proposal_id}/reject",
        calendar.reject_calendar_year,
        roles=("R_DISTRICT",),
        if_match=True,
    ),
    query(
        "GET /calendar-years",
        views.calendar.calendar_years,
        roles=(PUBLIC,),
    ),
    command(
        "POST /places",
        places.define_place,
        roles=REGISTRARS,
        status=201,
    ),
    command(
        "POST /places/{place_code}/correct",
        places.correct_place,
        roles=REGISTRARS,
        if_match=True,
    ),
    command(
        "POST /places/{place_code}/end",
        places.end_place,
        roles=APPOINTERS,
        if_match=True,
    ),
    query("GET /places", views.places.places, roles=(PUBLIC,)),
    query("GET /places/{place_code}", views.places.place, roles=(PUBLIC,)),
    query("GET /places/{place_code}/history", views.places.place_history, roles=REGISTRARS),
    query(
        "GET /places/{place_code}/households",
        views.places.households_at,
        roles=access.NEIGHBOURS,
    ),
    command("POST /shapes", places.draw_shape, roles=APPOINTERS, status=201),
    command(
        "POST /shapes/{shape_code}/remove",
        places.remove_shape,
        roles=APPOINTERS,
        if_match=True,
    ),
    query("GET /shapes", views.places.shapes, roles=(PUBLIC,)),
    query("GET /locate", views.places.locate, roles=(PUBLIC,), cost=2),
    command(
        "POST /areas/{code}/correct",
        ground.correct_area,
        roles=("R_STREET", "R_DISTRICT", "R_SYSTEM"),
        if_match=True,
    ),
    command(
        "POST /people/{person_id}/correct",
        people.correct_person,
        roles=REGISTRARS,
        if_match=True,
    ),
    command(
        "POST /people/{person_id}/return",
        people.return_person,
        roles=REGISTRARS,
        if_match=True,
    ),
    command(
        "POST /people/{person_id}/merge",
        merges.propose_merge,
        roles=REGISTRARS,
        if_match=True,
        status=201,
    ),
    command(
        "POST /person-merges/{merge_id}/decide",
        merges.decide_merge,
        roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"),
        if_match=True,
    ),
    # It puts a number into an address, which proxies write down.
    query("GET /people", views.people.people, roles=REGISTRARS, leaving=BY_ADDRESS),
    command(
        "POST /people/search",
        views.finding.find_people,
        roles=REGISTRARS,
        unkept=("items",),
        before=serving,
    ),
    query(
        "GET /people/{person_id}/history",
        views.people.person_history,
        roles=(ANY_ROLE,),
    ),
    query(
        "GET /person-merges",
        views.people.person_merges,
        roles=REGISTRARS,
    ),
    query("GET /areas", views.ground.areas, roles=(PUBLIC,)),
    query("GET /areas/{code}", views.ground.area, roles=(PUBLIC,)),
    query(
        "GET /people-cards",
        views.people.people_cards,
        roles=(PUBLIC,),
        cost=5,
    ),
    query(
        "GET /people/{person_id}",
        views.people.person,
        roles=(ANY_ROLE,),
    ),
    command(
        "POST /pii/reveal",
        reveals.reveal_number,
        roles=access.CALLERS_BACK,
        unkept=("value",),
        common=True,
    ),
    command("POST /phone-codes", codes.ask_phone_code, roles=(PUBLIC,), unkept=("request_id",)),
    query("GET /phone-codes", views.codes.phone_codes, roles=("R_DISTRICT", "R_AUDITOR")),
    command(
        "POST /corrections",
        corrections.propose_correction,
        roles=(ANY_ROLE, SELF),
        unkept=("wanted",),
        status=201,
    ),
    query("GET /message-preferences", views.telling.message_choices, roles=OWN),
    command("POST /message-preferences", deliveries.choose_messages, roles=OWN),
    command("POST /message-preferences/email", deliveries.give_email, roles=OWN),
    command("POST /message-preferences/email/confirm", deliveries.confirm_email, roles=OWN),
    command(
        "POST /message-preferences/wechat",
        deliveries.bind_wechat,
        roles=OWN,
        unkept=("code",),
        ahead=deliveries.ask_wechat,
    ),
    query("GET /corrections", views.corrections.corrections, roles=(ANY_ROLE, SELF)),
    command(
        "POST /corrections/{correction_id}/withdraw",
        corrections.withdraw_correction,
        roles=(ANY_ROLE, SELF),
        if_match=True,
    ),
    command(
        "POST /corrections/{correction_id}/decide",
        corrections.decide_correction,
        roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"),
        unkept=("reason",),
        if_match=True,
    ),
)
