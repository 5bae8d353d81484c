"""The weekly screen of volunteer hours: what people should look at. It changes no score."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from fivered.chassis.fields import Community, Day
from fivered.chassis.refusal import Invalid, said
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.fields import day_of
from fivered.services.credit.rules import screening as rules
from fivered.services.credit.storage import awards as store
from fivered.services.credit.storage.in_force import InForce, rules_in_force

if TYPE_CHECKING:
    from fivered.chassis.bus import Tx
    from fivered.services.credit.rules.model import Rule

_WEEK = timedelta(days=7)
# Whether one person confirms most of somebody's hours shows over a quarter, not in a week.
_QUARTER = 13 * _WEEK


class Screen(Request, frozen=True):
    """Which week, and which community; empty means the last full week and one's own."""

    week: (
        Annotated[
            Day, Meta(description="该周任意一天 / any day of the week", examples=["2025-03-05"])
        ]
        | None
    ) = None
    community: Annotated[Community, Meta(examples=["370811015901"])] | None = None


def screen(tx: Tx, payload: Screen) -> replies.ScreenReply:
    """志愿时长每周核查 / The weekly screen of volunteer hours.

    Raises:
        Invalid: No day, or no community.
        RoleDenied: The community lies outside the caller's scope.
    """
    in_force = rules_in_force(tx.conn)
    area = (payload.community or tx.actor.scope)[:12]
    if len(area) != 12:
        raise Invalid(
            field="community",
            reason=said("须指明一个社区(12 位代码) / name one community (12 digits)"),
        )
    tx.require_scope(area)
    today = tx.calendar.local_date(tx.now)
    day = day_of(payload.week, "week") if payload.week else today - _WEEK
    monday = day - timedelta(days=day.weekday())
    end = monday + _WEEK
    records = []
    for row, confirmed_by in store.hours_in(tx.conn, area, end - _QUARTER, end):
        rule = _rule(in_force, row.day, row.rule_code)
        if rule is not None and rule.tiers is not None:
            records.append(
                rules.Record(
                    row.subject_id,
                    row.record_id,
                    row.day,
                    row.minutes,
                    confirmed_by,
                    rule.tiers.per_day_minutes,
                )
            )
    of_week = [record for record in records if record.day >= monday]
    helpers = {record.subject for record in of_week}
    flags = rules.over_day(of_week)
    flags += rules.one_confirmer(record for record in records if record.subject in helpers)
    return replies.ScreenReply(
        community=area,
        from_=monday.isoformat(),
        to=(end - timedelta(days=1)).isoformat(),
        helpers=len(helpers),
        items=[_card(flag) for flag in flags],
    )


def _rule(in_force: InForce, day: date, code: str) -> Rule | None:
    found = in_force.on(day)
    sets = [found[1]] if found is not None else []
    sets += [compiled for _, _, compiled in in_force.streets_on(day)]
    return next((rule for one in sets if (rule := one.rule_set.rule(code)) is not None), None)


def _card(flag: rules.Flag) -> replies.ScreenFlag:
    return replies.ScreenFlag(
        flag=flag.what,
        subject=flag.subject,
        day=flag.day.isoformat() if flag.day else None,
        confirmed_by=flag.confirmed_by,
        minutes=flag.minutes,
        of_minutes=flag.of,
        records=list(flag.records),
    )
