"""The score of a steward's month, for that steward and who oversees the place."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import UNSET

from fivered.chassis import deadlines
from fivered.chassis.bus import Tx
from fivered.chassis.fields import Community, Period
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound, Sentence
from fivered.chassis.requests import Request
from fivered.services.steward import rules, storage
from fivered.services.steward.replies import scores as told

_LEAST, _PRIOR = rules.scores.LEAST, rules.scores.PRIOR_CASES
_HOW = {
    "RATINGS": Sentence(
        "只计已结案且有评价的。每件取 (星级-1)×25,超时办结打八折;P1 计 3 件,P2 计 2 件。"
        "差评在核查中或不属实的、同户当月第 4 件起的不计。"
        f"不足 {_LEAST} 件不评分。再与所在网格平均合并,网格平均计 {_PRIOR} 件。"
        " / Closed cases that were rated. Each gives (stars - 1) x 25, four fifths of it when late;"
        " a P1 counts as 3 cases, a P2 as 2. Bad ratings under review or found unjust do not count,"
        f" nor from the fourth of a household on. Below {_LEAST} cases there is no score. The mean"
        f" is drawn to that of the grids, which counts as {_PRIOR} cases.",
    ),
    "ACCEPTANCE": Sentence(
        f"兼职管家只看按时接单率×100。不足 {_LEAST} 件不评分。"
        f"再与本社区兼职平均合并,其计 {_PRIOR} 件。办结超时由派出单位负责。"
        " / A part-time steward is measured by orders accepted in time x 100."
        f" Below {_LEAST} orders there is no score. It is drawn to the mean of the community's"
        f" part-time stewards, which counts as {_PRIOR} orders. Late ones are the employer's.",
    ),
}


class ScoreOf(Request, frozen=True):
    """管家与月份 / Of which steward, and which month."""

    steward_id: str
    period: Period


class ScoresOf(Request, frozen=True):
    """社区与月份 / Of which community, and which month."""

    scope: Community
    period: Period


def steward_score(tx: Tx, payload: ScoreOf) -> told.StewardScore:
    """管家月度评分 / The score of a steward's month.

    Answer it with what it is made of and how it is computed, to the steward, and to who oversees
    the place: these also read whether the ratings come from few. At the month's cut-off it is
    settled; what is rated or found out later is told beside it as `now`.

    Raises:
        NotFound: No such steward, or none of the viewer's business.
    """
    row = storage.posts.steward(tx.conn, payload.steward_id)
    sees = row is not None and (
        row.person_id == tx.actor.id or rules.access.may_see(tx.actor, "grades", row.area)
    )
    if row is None or not sees:
        raise NotFound(kind="steward", id=payload.steward_id)
    found = _scores(tx, row.area[:12], payload.period)
    if row.steward_id not in found:
        raise NotFound(kind="steward", id=payload.steward_id)
    return found[row.steward_id]


def steward_scores(tx: Tx, payload: ScoresOf) -> told.StewardScores:
    """社区管家评分 / The scores of a community's stewards.

    Answer them, the best first and those with too few cases last, and what employers answer for.

    Raises:
        RoleDenied: The community lies outside the caller's scope.
    """
    tx.require_scope(payload.scope)
    found = list(_scores(tx, payload.scope, payload.period).values())
    found.sort(key=lambda one: (one.score is None, -float(one.score or 0), one.id))
    late: dict[str, int] = {}
    for one in found:
        if one.late_is_of == "EMPLOYER" and one.employer is not None and one.late:
            late[one.employer] = late.get(one.employer, 0) + one.late
    return told.StewardScores(
        items=found,
        employers=[
            told.EmployerLate(employer=name, late=count) for name, count in sorted(late.items())
        ],
    )


def _scores(tx: Tx, community: str, period: str) -> dict[str, told.StewardScore]:
    start, end = tx.calendar.month_bounds(period)
    settled = storage.scores.settled(tx.conn, community, period)
    orders = storage.months.orders(tx.conn, start, end, tx.now)
    months = storage.scores.measured(tx.conn, community, start, end, orders)
    # Of a month before scores were settled nothing is kept: it is told as it is counted now.
    over = tx.now >= deadlines.as_cut_off(tx).cutoff(period)
    found = {}
    for one in months:
        kept = settled.get(one.steward.steward_id)
        now = rules.scores.points(one.score.score)
        if kept is None:
            fields = {
                **_figures(one.score),
                "late": one.late,
                "duty": one.steward.duty,
                "type": one.steward.type,
                "employer": one.steward.employer,
            }
            card = _card(tx, one.steward, period, fields, final=over and not settled)
        else:
            card = _card(tx, one.steward, period, kept._asdict(), final=True)
            if now != kept.score:
                card.now = now
        found[one.steward.steward_id] = card
    return found


def _figures(score: rules.scores.Score) -> dict[str, object]:
    points = rules.scores.points
    return {
        "score": points(score.score),
        "cases": score.cases,
        "left_out": score.left_out,
        "weight": score.weight,
        "own_mean": points(score.own_mean),
        "prior": points(score.prior),
        "suspect": score.suspect,
    }


def _card(
    tx: Tx, row: Row, period: str, fields: Mapping[str, object], *, final: bool
) -> told.StewardScore:
    full_time = fields["type"] == storage.scores.FULL_TIME
    basis = "RATINGS" if full_time else "ACCEPTANCE"
    oversees = rules.access.may_see(tx.actor, "grades", row.area) and row.person_id != tx.actor.id
    return told.StewardScore.of(
        fields,
        id=row.steward_id,
        period=period,
        final=final,
        basis=basis,
        least=rules.scores.LEAST,
        prior_cases=rules.scores.PRIOR_CASES,
        late_is_of="STEWARD" if full_time else "EMPLOYER",
        how_zh=str(_HOW[basis]),
        how_en=_HOW[basis].english,
        suspect=fields["suspect"] if oversees else UNSET,
    )
