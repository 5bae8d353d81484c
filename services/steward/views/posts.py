"""Questions about stewards: who sits where, how to reach them, how they stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import msgspec

from fivered.chassis.bus import Tx
from fivered.chassis.decimals import decimal, percent, ratio
from fivered.chassis.fields import SORT, Area, Cursor, Instant, Limit, Period, WithTotal
from fivered.chassis.i18n import in_words
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, Sentence, said
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.steward import replies, rules, storage
from fivered.services.steward.errors import BadSpan
from fivered.services.steward.fields import Duty
from fivered.services.steward.storage.posts import Serving
from fivered.services.steward.views.people import history

GAP = timedelta(minutes=15)


class WhichGrid(Request, frozen=True):
    """Which grid is meant."""

    grid: str


class GapQuestion(Request, frozen=True):
    """时段 / Which span."""

    grid: str
    start: Instant
    end: Instant


class CoverageQuestion(Request, frozen=True):
    """区域与月份 / Area and month."""

    scope: Area
    period: Annotated[Period, msgspec.Meta(examples=["2025-03"])]


class WhichSteward(Request, frozen=True):
    """Which steward is meant."""

    steward_id: str


class WhichCard(Request, frozen=True):
    """哪位管家 / Which steward: the id of a board's row."""

    card_id: str


class ShiftList(Request, frozen=True):
    """值班筛选 / Which shifts; of the month that runs when no span is given."""

    scope: Area | None = None
    steward_id: str | None = None
    start: Instant | None = None
    end: Instant | None = None
    sort: Annotated[Literal["start", "-start"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class WhichShift(Request, frozen=True):
    """Which shift is meant."""

    shift_id: str


class StewardHistory(Request, frozen=True):
    """分页 / Which part of a list."""

    steward_id: str
    sort: Annotated[Literal["at", "-at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class StewardList(Request, frozen=True):
    """管家筛选 / Which stewards."""

    scope: Area
    duty: Duty | None = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class MonthQuestion(Request, frozen=True):
    """月份 / Which month."""

    steward_id: str
    period: Annotated[Period, msgspec.Meta(examples=["2025-03"])]


def duty_board(tx: Tx, payload: WhichGrid) -> replies.DutyReply:
    """网格值班表 / Who answers in a grid now.

    Answer who answers in a grid now: who sits on shift, and the part-time stewards.

    Off-duty hours of a steward are nobody's business, so full-time stewards who do not sit now are
    not shown, and no future shift is.

    Raises:
        UnknownGrid: No such grid.
    """
    storage.ground.require_grid(tx.conn, payload.grid)
    now = {
        row.steward_id: row
        for row in storage.posts.shifts_within(
            tx.conn, payload.grid, tx.now, tx.now + timedelta(microseconds=1)
        )
    }
    items = []
    serving = storage.posts.serving(tx.conn, payload.grid)
    for row in serving:
        if not row.board_consent:
            continue
        if row.steward_id in now:
            shift = now[row.steward_id]
            said = {"on_shift": True, "place": shift.place, "until": shift.end_at}
            items.append(replies.OnDuty.of(row, **_reached(tx, row), **said))
        elif row.type == "PART_TIME":
            said = {"on_shift": False, "place": None, "until": None}
            items.append(replies.OnDuty.of(row, **_reached(tx, row), **said))
    items.sort(key=lambda item: (not item.on_shift, item.duty, item.steward_id))
    covered = any(row.steward_id in now for row in serving)
    note_zh, note_en = _told(None if covered else rules.words.UNCOVERED)
    return replies.DutyReply(
        grid=payload.grid,
        grid_name=_grid_name(tx, payload.grid),
        now=tx.now,
        covered=covered,
        note_zh=note_zh,
        note_en=note_en,
        items=items,
    )


def _reached(tx: Tx, row: Row) -> dict[str, str | None]:
    """Return how anybody reaches a steward who agreed to be named; no id of a person."""
    vault = storage.vault(tx)
    return {
        **in_words("fivered.services.steward", "duty", row.duty),
        "name": vault.open(row.name, f"{row.person_id}.name"),
        "work_phone": vault.open_or_none(row.work_phone, f"{row.steward_id}.work_phone"),
        **in_words("fivered.services.steward", "type", row.type),
        **_backup_of(tx, row),
    }


def _backup_of(tx: Tx, row: Row) -> dict[str, str | None]:
    """Return who takes over from a steward, where that one serves and agreed to be named."""
    post = storage.posts.steward(tx.conn, row.backup) if row.backup is not None else None
    if post is None or post.status != "ACTIVE" or not post.board_consent:
        return {"backup_name": None, "backup_phone": None}
    person = storage.people.person(tx.conn, post.person_id)
    vault = storage.vault(tx)
    return {
        "backup_name": vault.open(person.name, f"{post.person_id}.name") if person else None,
        "backup_phone": vault.open_or_none(post.work_phone, f"{post.steward_id}.work_phone"),
    }


def steward_card(tx: Tx, payload: WhichCard) -> replies.BoardEntry:
    """管家公示卡 / What everybody may see of a steward.

    Answer name, duty, phone, hours, backup and picture of a steward who serves and agreed to be
    named; of another one to the steward and to who reads the roster there.

    Raises:
        NotFound: No such steward, or one who did not agree.
    """
    row = storage.posts.with_name(tx.conn, payload.card_id)
    shown = row is not None and row.board_consent and row.status == "ACTIVE"
    if row is None or not (
        shown
        or row.person_id == tx.actor.id
        or rules.access.may_see(tx.actor, "standing", row.area)
    ):
        raise NotFound(kind="steward", id=payload.card_id)
    return replies.BoardEntry.of(row, **_reached(tx, row))


def _told(text: str | None) -> tuple[str | None, str | None]:
    """Return a text in both languages; what somebody wrote has no English."""
    if isinstance(text, Sentence):
        return str(text), text.english
    return text, None


def _grid_name(tx: Tx, grid: str) -> str:
    return "".join(storage.ground.names(tx.conn, grid))


def _posts(
    tx: Tx,
    entries: list[replies.BoardEntry],
    reasons: dict[str, str],
    served: set[str],
) -> list[replies.BoardPost]:
    """Return a row for each name of a board, and for each post without one who does its work."""
    rows: list[replies.BoardPost] = []
    chains = storage.standards.chains(tx.conn, tx.now)
    for duty in rules.routing.DUTIES:
        named = [entry for entry in entries if entry.duty == duty]
        rows += [replies.BoardPost(**msgspec.structs.asdict(entry)) for entry in named]
        if named:
            continue
        why = rules.words.reason_of(reasons.get(duty), served=duty in served)
        other = None if duty in served else rules.routing.stands_in(duty, served, chains)
        note_zh, note_en = _told(why)
        rows.append(
            replies.BoardPost.of(
                {"duty": duty, **in_words("fivered.services.steward", "duty", duty)},
                note_zh=note_zh,
                note_en=note_en,
                backup=other,
                **in_words("fivered.services.steward", "backup", other),
            )
        )
    return rows


def contact_board(tx: Tx, payload: WhichGrid) -> replies.BoardReply:
    """管家公示牌 / A grid's contact board.

    Answer the published board of a grid, with those who still serve.

    Raises:
        NotFound: No board was published.
        GridEnded: The grid has ended; the refusal names those that took its place.
    """
    board = storage.posts.board(tx.conn, payload.grid)
    if board is None:
        raise NotFound(kind="contact_board", id=payload.grid)
    storage.ground.require_grid(tx.conn, payload.grid)
    named = {entry["steward_id"] for entry in board.entries}
    serving = storage.posts.serving(tx.conn, payload.grid)
    agreed = [row for row in serving if row.board_consent]
    current = {row.steward_id for row in agreed}
    entries = [
        replies.BoardEntry.of(row, **_reached(tx, row)) for row in agreed if row.steward_id in named
    ]
    return replies.BoardReply.of(
        board,
        grid_name=_grid_name(tx, payload.grid),
        entries=entries,
        posts=_posts(tx, entries, board.reasons, {row.duty for row in serving}),
        fresh=current == named,
    )


def contact_cards(tx: Tx, payload: WhichGrid) -> replies.CardsReply:
    """公示牌电子名片 / The board as vCards.

    Answer the published board as vCard 4.0 (RFC 6350), for a telephone's address book.

    Raises:
        NotFound: No board was published.
    """
    board = contact_board(tx, payload)
    revised = board.published_at.astimezone(UTC)
    cards = []
    for entry in board.entries:
        lines = [
            "BEGIN:VCARD",
            "VERSION:4.0",
            f"UID:urn:fivered:{entry.steward_id}",
            f"FN:{_escaped(entry.name)}",
            f"TITLE;ALTID=1;LANGUAGE=zh:{_escaped(entry.duty_zh)}",
            f"TITLE;ALTID=1;LANGUAGE=en:{_escaped(entry.duty_en)}",
            f"ORG:{_escaped(entry.employer or '红色管家')}",
            f"NOTE:{_escaped('网格 ' + payload.grid)}",
            f"REV:{revised.strftime('%Y%m%dT%H%M%SZ')}",
        ]
        if entry.work_phone:
            number, _, extension = entry.work_phone.partition(rules.identity.EXTENSION)
            behind = f";ext={extension}" if extension else ""
            # A number without its country is one only within it (RFC 3966, 5.1.5).
            within = "" if number.startswith("+") else ";phone-context=+86"
            lines.append(f"TEL;TYPE=work;VALUE=uri:tel:{number}{behind}{within}")
        lines.append("END:VCARD")
        cards.append("\r\n".join(lines) + "\r\n")
    return replies.CardsReply(grid=payload.grid, version=board.version, vcard="".join(cards))


def _escaped(text: str) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace(",", "\\,").replace(";", "\\;")


def shift_gaps(tx: Tx, payload: GapQuestion) -> replies.GapReply:
    """空岗时段 / When nobody sat in a grid.

    Answer when a grid had no full-time steward on shift for more than 15 minutes.

    Raises:
        UnknownGrid: No such grid.
        BadSpan: The end does not follow the start within 62 days.
    """
    storage.ground.require_grid(tx.conn, payload.grid)
    tx.require_scope(payload.grid)
    if not timedelta(0) < payload.end - payload.start <= timedelta(days=62):
        raise BadSpan(field="end")
    covered_until = payload.start
    gaps = []
    for row in storage.posts.shifts_within(tx.conn, payload.grid, payload.start, payload.end):
        if row.start_at - covered_until > GAP:
            gaps.append((covered_until, row.start_at))
        covered_until = max(covered_until, row.end_at)
    if payload.end - covered_until > GAP:
        gaps.append((covered_until, payload.end))
    open_minutes = sum(int((end - start).total_seconds() // 60) for start, end in gaps)
    return replies.GapReply(
        grid=payload.grid,
        # In one zone, no matter in which the question was written.
        gaps=[replies.Gap(start=a.astimezone(UTC), end=b.astimezone(UTC)) for a, b in gaps],
        minutes=int((payload.end - payload.start).total_seconds() // 60),
        uncovered_minutes=open_minutes,
    )


def coverage(tx: Tx, payload: CoverageQuestion) -> replies.Coverage:
    """网格力量覆盖与公示牌一致率 / How grids are served, and boards that are fresh.

    Answer how each grid of an area is served in a month (M-20), and how many boards say what the
    roster says (M-21). Of a month that runs, the time up to now is counted.

    A duty that the grid's board names as not applicable, with its reason, is not required.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
    """
    tx.require_scope(payload.scope)
    start, end = tx.calendar.month_bounds(payload.period)
    end = max(start, min(end, tx.now))
    minutes = int((end - start).total_seconds() // 60)
    stewards_of: dict[str, list[Serving]] = {}
    # A month that is over is shown as it was at its end.
    past = end < tx.now
    serving_then = storage.posts.serving_in(tx.conn, payload.scope, end, past=past)
    for row in as_they_were(tx, payload.scope, end, serving_then) if past else serving_then:
        stewards_of.setdefault(row.grid, []).append(row)
    boards = {row.grid: row for row in storage.posts.boards_in(tx.conn, payload.scope, end)}
    shifts = storage.posts.full_time_shifts_in(tx.conn, payload.scope, start, end)
    sat = _covered_minutes(shifts, start, end)
    items, fresh = [], 0
    for grid in storage.posts.grids_in(tx.conn, payload.scope, end):
        serving = stewards_of.get(grid.code, [])
        board = boards.get(grid.code)
        waived = rules.words.waived(board.reasons) if board is not None else set()
        filled = {row.duty for row in serving}
        required = [duty for duty in rules.routing.DUTIES if duty in filled or duty not in waived]
        full_time = len({row.steward_id for row in serving if row.type == "FULL_TIME"})
        shown = {row.steward_id for row in serving if row.board_consent}
        named = {entry["steward_id"] for entry in board.entries} if board is not None else None
        fresh += shown == named
        items.append(
            replies.GridCoverage(
                grid=grid.code,
                duties=_share(len(filled), len(required)),
                missing=[duty for duty in required if duty not in filled],
                full_time_minutes=_share(sat.get(grid.code, 0), minutes),
                full_time_stewards=full_time,
                households=grid.households,
                households_per_full_time=_mean(grid.households, full_time),
                board_fresh=shown == named,
            )
        )
    return replies.Coverage(
        scope=payload.scope,
        period=payload.period,
        staffing=replies.Staffing(
            duties=_sum_of(item.duties for item in items),
            full_time_minutes=_sum_of(item.full_time_minutes for item in items),
            households_per_full_time=_mean(
                sum(item.households or 0 for item in items),
                sum(item.full_time_stewards for item in items),
            ),
        ),
        fresh_boards=_share(fresh, len(items)),
        items=items,
    )


def as_they_were(tx: Tx, scope: str, at: datetime, rows: Sequence[Serving]) -> list[Serving]:
    """Return who served in an area's grids at an instant: a person who was corrected since then,
    with the grids and the duty of that time."""
    vault = storage.vault(tx)
    then: dict[str, storage.people.Before] = {}
    for change in storage.people.steward_changes_since(tx.conn, at):
        # From the newest to the oldest, so that what is found last is what held then.
        then.setdefault(change.ref, {}).update(storage.people.before(vault, change))
    found = [row for row in rows if row.steward_id not in then]
    for steward_id, before in then.items():
        row = storage.posts.steward(tx.conn, steward_id)
        if row is None or row.created_at > at or (row.left_at is not None and row.left_at <= at):
            continue
        grids = before.get("grids") or storage.posts.grids_of(tx.conn, steward_id)
        found += [
            Serving(
                grid=grid,
                steward_id=steward_id,
                duty=before.get("duty", row.duty),
                type=before.get("type", row.type),
                board_consent=row.board_consent,
            )
            for grid in grids
            if grid.startswith(scope)
        ]
    return found


def _covered_minutes(rows: Iterable[Row], start: datetime, end: datetime) -> dict[str, int]:
    """Return per grid the minutes of a span in which at least one of the shifts ran."""
    until: dict[str, datetime] = {}
    found: dict[str, timedelta] = {}
    for row in rows:
        begin = max(row.start_at, until.get(row.grid, start))
        over = min(row.end_at, end)
        if over > begin:
            found[row.grid] = found.get(row.grid, timedelta()) + (over - begin)
            until[row.grid] = over
    return {grid: int(span.total_seconds() // 60) for grid, span in found.items()}


def _share(part: int, whole: int) -> replies.Share:
    return replies.Share(part=part, whole=whole, percent=percent(ratio(part, whole)))


def _sum_of(shares: Iterable[replies.Share]) -> replies.Share:
    # A ratio of sums, not a mean of ratios.
    several = list(shares)
    return _share(sum(one.part for one in several), sum(one.whole for one in several))


def _mean(households: int | None, stewards: int) -> str | None:
    return decimal(ratio(households or 0, stewards))


def steward(tx: Tx, payload: WhichSteward) -> replies.StewardCard:
    """管家卡 / A steward's card.

    Answer a steward's card: post and grids.

    The name is shown to the steward and to those who read the roster of the community; the final
    grades to the steward and to who oversees the work.

    Raises:
        NotFound: No such steward in the caller's district.
    """
    row = storage.posts.steward(tx.conn, payload.steward_id)
    own = row is not None and row.person_id == tx.actor.id
    if row is None or not (own or row.area.startswith(tx.actor.scope[:6])):
        raise NotFound(kind="steward", id=payload.steward_id)
    found = _steward_card(tx, row)
    # Who it is, they read in the list of each place where the steward serves.
    if own or any(rules.access.may_see(tx.actor, "standing", grid) for grid in found.grids):
        found.person_id = row.person_id
    if _may_see_standing(tx, row):
        grades = storage.posts.grades(tx.conn, row.steward_id)
        found.grades = [replies.Grade.of(one) for one in grades]
    return found


def _may_see_standing(tx: Tx, row: Row) -> bool:
    own = row.person_id == tx.actor.id
    return own or rules.access.may_see(tx.actor, "grades", row.area)


def _steward_card(tx: Tx, row: Row) -> replies.StewardCard:
    return replies.StewardCard.of(
        row,
        id=row.steward_id,
        grids=storage.posts.grids_of(tx.conn, row.steward_id),
        community=row.area,
        state=row.status,
        since=row.created_at,
    )


def stewards(tx: Tx, payload: StewardList) -> Page[replies.StewardCard]:
    """管家名册 / Stewards of an area.

    Answer who serves in an area, a page at a time: a community, or one of its grids.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
    """
    tx.require_scope(payload.scope)
    found = storage.posts.page(tx.conn, payload.scope, payload.duty, payload)
    return found.listed(
        lambda row: msgspec.structs.replace(_steward_card(tx, row), person_id=row.person_id)
    )


def shifts(tx: Tx, payload: ShiftList) -> Page[replies.ShiftCard]:
    """值班列表 / Shifts of an area, or one's own.

    Answer shifts by their start: stewards theirs, those who plan and oversee their area's.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
        BadSpan: The end does not follow the start within 62 days.
    """
    own = [post.steward_id for post in storage.posts.of_person(tx.conn, tx.actor.id)]
    month = tx.calendar.month_bounds(tx.calendar.period(tx.now))
    start, end = payload.start or month[0], payload.end or month[1]
    if not timedelta(0) < end - start <= timedelta(days=62):
        raise BadSpan(field="end")
    scope = payload.scope
    if payload.steward_id is None or payload.steward_id not in own:
        if tx.actor.role not in rules.access.OVERSIGHT:
            raise RoleDenied(role=tx.actor.role)
        scope = payload.scope or tx.actor.scope
        tx.require_scope(scope)
    found = storage.posts.shifts_of(
        tx.conn,
        scope=scope,
        steward_id=payload.steward_id,
        start=start,
        end=end,
        part=payload,
    )
    return found.listed(_shift_card)


def shift(tx: Tx, payload: WhichShift) -> replies.ShiftCard:
    """值班 / One shift.

    Answer one shift to its steward and to those who plan and oversee there.

    Raises:
        NotFound: No such shift, or none of the caller's business.
    """
    row = storage.posts.one_shift(tx.conn, payload.shift_id)
    steward = storage.posts.steward(tx.conn, row.steward_id) if row is not None else None
    own = steward is not None and steward.person_id == tx.actor.id
    if row is None or not (own or rules.access.may_see(tx.actor, "shifts", row.grid)):
        raise NotFound(kind="shift", id=payload.shift_id)
    return _shift_card(row)


def _shift_card(row: Row) -> replies.ShiftCard:
    return replies.ShiftCard.of(row, id=row.shift_id, start=row.start_at, end=row.end_at)


def steward_history(tx: Tx, payload: StewardHistory) -> Page[replies.Change]:
    """管家变更记录 / What was changed of a steward.

    Answer what was changed of a steward, newest first.

    Raises:
        NotFound: No such steward here.
    """
    row = storage.posts.steward(tx.conn, payload.steward_id)
    if row is None or not tx.actor.covers(row.area):
        raise NotFound(kind="steward", id=payload.steward_id)
    return history(tx, payload.steward_id, payload, by_name=True)


def steward_month(tx: Tx, payload: MonthQuestion) -> replies.StewardMonth:
    """管家月卡 / A steward's month.

    Answer what a steward's month counts up to now; the same figures go into the marker.

    Raises:
        NotFound: No such steward.
        RoleDenied: Neither the steward nor somebody who oversees the work asks.
        Invalid: The steward held no post in that month.
    """
    row = storage.posts.steward(tx.conn, payload.steward_id)
    if row is None:
        raise NotFound(kind="steward", id=payload.steward_id)
    if not _may_see_standing(tx, row):
        raise RoleDenied(role=tx.actor.role)
    found = storage.months.steward_months(
        tx.conn, tx.calendar, payload.period, tx.now, only=payload.steward_id
    )
    if not found:
        raise Invalid(field="period", reason=said("该月未任职 / no post was held in that month"))
    share = percent(ratio(found[0].accepted_on_time, found[0].orders))
    return replies.StewardMonth.of(found[0], period=payload.period, accepted_on_time_percent=share)
