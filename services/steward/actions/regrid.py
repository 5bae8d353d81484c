"""What follows when grids are split or merged: buildings, people, requests, posts, plans."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from fivered.chassis.bus import Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.records import Row
from fivered.chassis.telling import tell
from fivered.services.steward import events, storage
from fivered.services.steward.actions import boards, cases, posts
from fivered.services.steward.actions.ground import announce
from fivered.services.steward.rules.grid_changes import Follows

_Before = tuple[str, int, Mapping[str, object]]


def hindrance(tx: Tx, row: Row) -> str | None:
    """Return why a change cannot be carried out any more, or None."""
    for code in row.grids:
        if not storage.ground.known(tx.conn, [code], "GRID"):
            return f"GRID_GONE {code}"
    for part in row.into:
        if part["code"] not in row.grids and storage.ground.area(tx.conn, part["code"]) is not None:
            return f"CODE_TAKEN {part['code']}"
    return None


def concerned(tx: Tx, row: Row) -> set[str]:
    """Return who hears of a change: who serves in the grids, and who answers for them."""
    codes = {*row.grids, *(part["code"] for part in row.into)}
    found = {post.person_id for post in storage.grid_changes.posts(tx.conn, codes)}
    for code in sorted(row.grids):
        found |= storage.ground.responsible_people(tx.conn, code)
    return found


def tell_of(tx: Tx, kind: str, persons: Collection[str], row: Row) -> None:
    """Tell people of a change."""
    areas = [storage.ground.area(tx.conn, code) for code in row.grids]
    tell(
        tx,
        kind,
        persons,
        about=("grid_change", row.change_id),
        before="、".join(area.name for area in areas if area is not None),
        after="、".join(part["name"] for part in row.into),
        day=row.effective_on.isoformat(),
        **({"reason": row.note} if row.note else {}),
    )


def apply(tx: Tx, row: Row) -> None:
    """Carry a change out, whole: nothing of it stands when any of it fails."""
    for code in row.grids:
        storage.ground.lock_area(tx.conn, code)
    follows = storage.grid_changes.follows(
        tx.conn, storage.vault(tx), storage.grid_changes.drawn(row)
    )
    split, period = follows.split, tx.calendar.period(tx.now)
    _found_areas(tx, row)
    _move_buildings(tx, follows)
    _move_people(tx, row, follows)
    _move_requests(tx, follows)
    for ended in split.ended:
        storage.grid_changes.move_rest(tx.conn, ended, row.rest, tx.now, period)
        storage.grid_changes.inherit(tx.conn, ended, split.codes)
    for grid in split.codes:
        people = [
            one.person_id for one in follows.residents if follows.of_person(one.person_id) == grid
        ]
        storage.grid_changes.move_plans(tx.conn, people, grid, period)
    _move_posts(tx, row, follows)
    storage.grid_changes.remove_shapes(tx.conn, row.grids)
    for ended in split.ended:
        area = storage.grid_changes.end_area(tx.conn, ended, tx.now, split.codes)
        _note(tx, "AREA", [(ended, area.version, {"ended_at": None})])
    tx.publish(
        fact_of(
            events.GridsChanged, row, ended=split.ended, into=split.codes, buildings=split.by_name
        ),
        subject=row.change_id,
        scope=row.community,
        sequence=1,
    )


def _note(tx: Tx, kind: str, changes: Sequence[_Before]) -> None:
    """Keep what registers said before, of many."""
    vault = storage.vault(tx)
    storage.grid_changes.note_changes(
        tx.conn,
        [
            {
                "kind": kind,
                "ref": ref,
                "version": version,
                "at": tx.now,
                "actor_id": tx.actor.id,
                "actor_role": tx.actor.role,
                "action": "regrid",
                "fields": sorted(before),
                "reason": None,
                "before": vault.seal(msgspec.json.encode(before).decode(), f"{ref}.before", ref),
            }
            for ref, version, before in changes
        ],
    )


def _found_areas(tx: Tx, row: Row) -> None:
    """Let new grids be there, and kept ones have the name that they have from now on."""
    for part in row.into:
        area = storage.ground.lock_area(tx.conn, part["code"])
        if area is None:
            area = storage.ground.insert_area(
                tx.conn,
                code=part["code"],
                name=part["name"],
                kind="GRID",
                parent=row.community,
                version=1,
                created_at=tx.now,
            )
        elif area.name != part["name"]:
            before = {"name": area.name}
            area = storage.ground.update_area(tx.conn, area, name=part["name"])
            _note(tx, "AREA", [(area.code, area.version, before)])
        else:
            continue
        assert area is not None, "its code was looked for just now"  # noqa: S101
        announce(tx, area)


def _move_buildings(tx: Tx, follows: Follows) -> None:
    noted: list[_Before] = []
    for one in follows.split.buildings:
        grid = follows.split.by_name[one.name]
        if grid != one.grid:
            row = storage.places.lock(tx.conn, one.place_code)
            stands = [row, *storage.places.parts(tx.conn, one.place_code)]
            noted += [
                (part.place_code, part.version + 1, {"grid": part.grid})
                for part in stands
                if part is not None
            ]
            storage.grid_changes.place(tx.conn, one.place_code, grid)
    _note(tx, "PLACE", noted)


def _move_people(tx: Tx, row: Row, follows: Follows) -> None:
    moved = [one for one in follows.residents if follows.of_person(one.person_id) != one.grid]
    for grid in follows.split.codes:
        theirs = [one.person_id for one in moved if follows.of_person(one.person_id) == grid]
        storage.grid_changes.house(tx.conn, theirs, grid)
    _note(tx, "PERSON", [(one.person_id, one.version + 1, {"grid": one.grid}) for one in moved])
    for one in moved:
        tx.publish(
            events.ResidentMoved(
                one.person_id,
                one.grid,
                follows.of_person(one.person_id),
                row.community,
                one.household_id,
            ),
            subject=one.person_id,
            scope=row.community,
            sequence=one.version + 1,
        )


def _move_requests(tx: Tx, follows: Follows) -> None:
    of = follows.split.of_building
    moved = [one for one in follows.cases if of(one.building) != one.grid]
    for grid in follows.split.codes:
        theirs = [one.request_id for one in moved if of(one.building) == grid]
        storage.grid_changes.move_requests(tx.conn, theirs, grid)
    steps = [
        cases.step(
            tx,
            one.request_id,
            "regrid",
            state=one.state,
            version=one.version + 1,
            detail={"grid": of(one.building), "before": {"grid": one.grid}},
        )
        for one in moved
    ]
    storage.cases.write_timeline(tx.conn, steps)


def _move_posts(tx: Tx, row: Row, follows: Follows) -> None:
    for post in storage.grid_changes.posts(tx.conn, row.grids, locks=True):
        held = storage.posts.grids_of(tx.conn, post.steward_id)
        grids = follows.split.of_post(held, post.buildings)
        if grids == held:
            continue
        storage.posts.set_grids(tx.conn, post.steward_id, grids)
        after = storage.posts.update(tx.conn, post)
        _note(tx, "STEWARD", [(post.steward_id, after.version, {"grids": held})])
        posts.publish_enrolled(tx, after, grids)
    published = [storage.posts.board(tx.conn, code) for code in row.grids]
    said = {
        duty: reason
        for board in published
        if board is not None
        for duty, reason in board.reasons.items()
    }
    if any(published):
        for grid in follows.split.codes:
            boards.renew(tx, grid, said)
