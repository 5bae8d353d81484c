"""The doors of a service, read from its contract: nothing about a service is written here.

`contracts/api.json` of an installed service says of each door its verb, path, roles, precondition,
request and reply.
"""

from __future__ import annotations

import functools
from importlib import resources

from fivered.chassis import api
from fivered.chassis.api import ApiContract, DoorContract, Schema, Schemas
from fivered.chassis.shapes import Shape
from fivered.chassis.table import places_of
from fivered.gateway.doors import PLACE, Door, Doors, Refused

# What of a place's schema an address is compared with.
_FORMS = ("pattern", "enum", "const")


@functools.cache
def contract_of(service: str) -> ApiContract | None:
    """Return the contract of an installed service; None where it has none."""
    try:
        folder = resources.files(f"fivered.services.{service}")
    except ModuleNotFoundError:
        return None
    file = folder.joinpath("contracts/api.json")
    return api.read_file(file.read_bytes()) if file.is_file() else None


def doors_of(contract: ApiContract) -> Doors:
    """Return the doors that a contract states."""
    doors = Doors(contract.service, contract.title, contract.imports, contract.about)
    known = contract.refusals or {}
    refused = {
        name: Refused(one.status, one.guard or one.code, one.text) for name, one in known.items()
    }
    for method, said in contract.doors.items():
        # A service of the release before does not say its refusals.
        named = tuple(refused[name] for name in said.refusals or ())
        doors.adopt(_door(doors, method, said, contract.schemas, named))
    return doors


def _door(
    doors: Doors, method: str, said: DoorContract, schemas: Schemas, refused: tuple[Refused, ...]
) -> Door:
    places = places_of(said.path)
    command = said.kind == "command"
    words = f"fivered.services.{doors.service}"
    asked = Shape.at(said.request, schemas, words)
    left = asked.of_members(
        {name: one for name, one in asked.members.items() if name not in places},
        asked.name if command else "",
    )
    return Door(
        service=doors.service,
        tag=doors.tag,
        kind=said.kind,
        verb=said.verb,
        path=said.path,
        method=method,
        roles=tuple(said.roles),
        summary=said.summary,
        description=said.description,
        status=said.status,
        if_match=said.if_match,
        body=left if command else None,
        params=None if command else left,
        path_params=asked.of_members({name: _of_place(asked.members[name]) for name in places}),
        reply=Shape.at(said.reply, schemas),
        deadline_s=said.deadline_s,
        leaving=said.leaving,
        oauth=said.oauth,
        produces=said.produces,
        cost=said.cost,
        common=said.common,
        refusals=refused,
        moments=asked.moments if command else None,
    )


def _of_place(schema: Schema) -> Schema:
    """Return what a place of an address must be; the id of a thing where nothing is said."""
    plain = schema.get("type") == "string" and not any(name in schema for name in _FORMS)
    return {**schema, "pattern": PLACE.pattern} if plain else schema
