"""A published month computed again from its log alone: the same rules, the same digest.

The log of a month is a list of lines (JSON objects), grouped by subject. It holds what the month
was computed from (rule sets, consents, measures, records of hours, awards with their inputs) and
what was published (entries, and the digest of each). The digest of all entries stands in the public
notice, so nobody can change the log without one of two things: what is computed from it differs
from what it says, or what it says differs from the notice. The first difference is named.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, cast

from fivered.services.credit.rules import awards as rules
from fivered.services.credit.rules import hours, standing
from fivered.services.credit.rules import month_log as log
from fivered.services.credit.rules.findings import (
    AWARD_AMOUNT,
    AWARD_IDENTITY,
    AWARD_MISSING,
    CAP,
    ENTRY,
    ENTRY_MISSING,
    EXCLUDED,
    FORM,
    NO_CONSENT,
    NOTICE,
    RULE,
    Finding,
    Verdict,
)
from fivered.services.credit.rules.model import Cap, Rule
from fivered.services.credit.rules.month_reader import Month, Subject, keep, parts
from fivered.services.credit.rules.settlement import AwardLine, EntryLine, entry_digest
from fivered.services.credit.rules.standing import PERSONS


def verify(
    lines: Iterable[str], published: str | None = None, sealed: str | None = None
) -> Verdict:
    """Compute a month again from its log and compare it with what was published.

    Args:
        lines: The lines of the log, without their ends, in order; read once and not kept.
        published: The digest in the public notice; without it the one that the log states.
        sealed: The SHA-256 of the log in the public notice. With it even a change that has no
            effect on any score is found, such as that of an award that was taken back.

    Raises:
        Unreadable: It is no log of a month.
    """
    month = Month()
    findings: list[Finding] = []
    computed: dict[str, str] = {}
    awards = entries = 0
    for part in parts(lines, month, findings, sealed):
        awards += len(part.awards)
        entries += part.entry is not None
        try:
            found = _Check(month, part).run()
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            # A line that lacks a member, or holds what none of ours does, was changed by hand.
            findings.append(
                Finding(FORM, part.subject, member="line", said=repr(error)[:80], found="-")
            )
            continue
        findings += found.findings
        if found.digest is not None:
            computed[part.subject] = found.digest
    said = published or str(month.manifest["digest"])
    ordered, digest = _judge(month, findings, computed, said)
    return Verdict(
        period=month.period,
        area=str(month.manifest["area"]),
        published=said,
        computed=digest,
        entries=entries,
        awards=awards,
        findings=ordered,
    )


def _judge(
    month: Month, findings: list[Finding], computed: Mapping[str, str], said: str
) -> tuple[tuple[Finding, ...], str]:
    """Return all findings in their order, and the digest of what was computed."""
    manifest = month.manifest
    period, area = month.period, str(manifest["area"])
    rule_set = str(manifest["rule_set"] or "")
    named = {finding.subject for finding in findings if finding.subject}
    differing = [
        Finding(
            ENTRY_MISSING if subject not in computed else ENTRY,
            subject=subject,
            member="digest",
            said=month.index.get(subject, "-"),
            found=computed.get(subject, "-"),
        )
        for subject in sorted(month.index.keys() | computed.keys())
        if month.index.get(subject) != computed.get(subject) and subject not in named
    ]
    whole = [finding for finding in findings if not finding.subject]
    rules_first = [finding for finding in whole if finding.what == RULE]
    by_subject = sorted(
        [finding for finding in findings if finding.subject] + differing,
        key=lambda finding: finding.subject,
    )
    digest = log.standing_digest(period, area, rule_set, computed.items())
    stated = log.standing_digest(period, area, rule_set, month.index.items())
    notice = [
        Finding(NOTICE, member=member, said=one, found=digest)
        for member, one in (("digest", said), ("manifest", str(manifest["digest"])))
        if one != digest
    ]
    if not notice and stated != digest:
        notice = [Finding(NOTICE, member="index", said=stated, found=digest)]
    others = [finding for finding in whole if finding.what != RULE]
    return (*rules_first, *by_subject, *notice, *others), digest


# --------------------------------------------------------------------------------------------------
# One subject


@dataclass(frozen=True, slots=True)
class _Found:
    findings: list[Finding]
    digest: str | None


@dataclass(frozen=True, slots=True)
class _Origin:
    """An award of an id that was given up, and whether it stood there in an open month then."""

    award: log.AwardLine
    merged: bool


# What an award that came over has from the one that it came from.
_CAME_OVER: Final = (
    "rule_set", "rule", "type", "event", "deed", "level", "occurred_at", "day", "deduction",
    "decides", "document_no",
)  # fmt: skip


class _Check:
    """Computes one subject's month again."""

    def __init__(
        self, month: Month, part: Subject, origins: dict[str, _Origin] | None = None
    ) -> None:
        self._month = month
        self._part = part
        self._origins: dict[str, _Origin] = {} if origins is None else origins
        self._findings: list[Finding] = []

    def run(self) -> _Found:
        """Return what is wrong, and the digest of the entry as it is computed."""
        part = self._part
        own = [line for line in part.awards if line["period"] == self._month.period]
        self._given_up()
        for line in own:
            self._award(line)
        self._hours(own)
        self._measured(own)
        self._excluded()
        self._caps()
        if part.head is None:
            self._say(ENTRY_MISSING, member="subject", said="-", found=part.subject)
            return _Found(self._findings, None)
        entry = self._entry()
        if entry is None:
            return _Found(self._findings, None)
        return _Found(self._findings, entry_digest(entry))

    def _say(self, what: str, **more: str) -> None:
        self._findings.append(Finding(what, subject=self._part.subject, **more))

    def _differs(
        self, what: str, line: log.AwardLine, member: str, found: object, **more: str
    ) -> None:
        said = cast("log.Line", line)[member]
        if said != found:
            self._say(
                what,
                award=str(line["award"]),
                rule=str(line["rule"]),
                member=member,
                said=str(said),
                found=str(found),
                **more,
            )

    def _rule(self, line: log.AwardLine) -> Rule | None:
        return self._month.rule(str(line["rule_set"]), str(line["rule"]))

    # -- awards -----------------------------------------------------------------------------------

    def _award(self, line: log.AwardLine) -> None:
        """An award must be the one of its rule, subject and event, and give what the rule says."""
        rule = self._rule(line)
        if rule is None:
            self._say(
                AWARD_AMOUNT,
                award=str(line["award"]),
                rule=str(line["rule"]),
                member="rule",
                said=str(line["rule"]),
                found="-",
            )
            return
        # What came over was consented to under the other id, and is looked at there.
        told = log.came_over(line) and self._month.formula > 2
        if rule.kind in PERSONS and line["state"] in ("APPROVED", "PROPOSED") and not told:
            at = log.time(line["occurred_at"])
            if not self._part.consents_at("SCORING", at):
                self._say(NO_CONSENT, award=str(line["award"]), rule=rule.code)
        if not line["correction"]:
            deed, level = str(line["deed"]), line["level"]
            source = line["event"] or rules.evidence_key(rule, deed, level)
            self._differs(
                AWARD_IDENTITY,
                line,
                "award",
                rules.award_id(rule.code, self._part.subject, str(source)),
            )
        if log.came_over(line):
            self._came_over(rule, line)
            return
        if rule.tiers is not None or rule.metric is not None:
            return
        scores, points = self._raw(rule, line)
        if line["score_raw"] not in scores:
            self._differs(AWARD_AMOUNT, line, "score_raw", min(scores))
        self._differs(AWARD_AMOUNT, line, "points_raw", points)
        self._uncut(line)

    def _uncut(self, line: log.AwardLine) -> None:
        """Without a cap and an objection an award gives what its rule says."""
        self._within(line)
        if line["window"] is None and not line["amended"]:
            self._differs(AWARD_AMOUNT, line, "score", line["score_raw"])
            self._differs(AWARD_AMOUNT, line, "points", line["points_raw"])

    def _raw(self, rule: Rule, line: log.AwardLine) -> tuple[set[int], int]:
        level = rule.level(line["level"]) if line["level"] else None
        points = level.points if level else rule.points
        scores = {level.score if level else rule.score}
        if level is None and rule.bindings:
            # A rule may be bound to two events and give another score for each.
            scores = {
                bound.score if bound.score is not None else rule.score
                for bound in rule.bindings
                if bound.event == line["type"]
            } or {rule.score}
        if rule.kind in PERSONS and not self._part.consents_at(
            "POINTS", log.time(line["occurred_at"])
        ):
            points = 0
        return scores, points

    def _within(self, line: log.AwardLine) -> None:
        """No cap and no objection ever makes an award larger, or turns it round."""
        low, high = sorted((0, line["score_raw"]))
        if not low <= line["score"] <= high:
            self._differs(AWARD_AMOUNT, line, "score", line["score_raw"])
        if not 0 <= line["points"] <= line["points_raw"]:
            self._differs(AWARD_AMOUNT, line, "points", line["points_raw"])

    def _hours(self, own: Sequence[log.AwardLine], *, of_all: bool = False) -> None:
        """Awards of running totals follow from the records of hours, all of them and no other; of
        an id that was given up, those that are told, of whatever month."""
        by_rule: dict[str, list[log.HoursLine]] = defaultdict(list)
        for line in self._part.hours:
            by_rule[str(line["rule"])].append(line)
        stated = {
            str(line["award"]): line
            for line in own
            if (rule := self._rule(line)) is not None
            and rule.tiers is not None
            and not log.came_over(line)
        }
        wanted: dict[str, tuple[str, int, int]] = {}
        for code, records in by_rule.items():
            facts = [self._fact(line) for line in records]
            versions = {fact.on: self._month.rule_on(fact.on, code) for fact in facts}
            rule = next((found for found in versions.values() if found is not None), None)
            if rule is None or rule.tiers is None:
                continue

            held = {day: version or rule for day, version in versions.items()}
            for award in hours.hours_awards(held.__getitem__, self._part.subject, facts):
                if award.period != self._month.period and not of_all:
                    continue
                if award.score or award.points or not award.slices:
                    wanted[award.award_id] = (code, award.score, award.points)
                for part in award.slices:
                    identity = rules.award_id("CORRECTION", part.award_id, award.event_id)
                    wanted[identity] = (code, part.score, part.points)
        if of_all:
            wanted = {award_id: one for award_id, one in wanted.items() if award_id in stated}
        # What a record has moved elsewhere stays behind with nothing in it.
        self._compare(stated, wanted, absent=0)

    def _fact(self, line: log.HoursLine) -> hours.Hours:
        at = log.time(line["occurred_at"])
        return hours.Hours(
            event_id=str(line["event"]),
            record_id=str(line["record"]),
            occurred_at=at,
            on=date.fromisoformat(line["day"]),
            minutes=int(line["minutes"]),
            source=str(line["source"]),
            period=str(line["period"]),
            paid=self._part.consents_at("POINTS", at),
        )

    def _measured(self, own: Sequence[log.AwardLine]) -> None:
        """Awards of measured rules follow from the markers' rows, all of them and no other."""
        stated = {
            str(line["award"]): line
            for line in own
            if (rule := self._rule(line)) is not None and rule.metric is not None
        }
        wanted: dict[str, tuple[str, int, int]] = {}
        compiled = self._month.compiled.get(self._month.district)
        if compiled is None:
            return
        for line in self._part.measures:
            data = standing.row_as_settled(line["data"], self._month.formula)
            event = rules.Event(
                id=str(line["event"]),
                type=str(line["type"]),
                occurred_at=log.time(line["occurred_at"]),
                data={"period": self._month.period, line["rows"]: [data]},
                period=self._month.period,
            )
            for fired in compiled.fires(event):
                if fired.subject == self._part.subject:
                    wanted[fired.award_id] = (fired.rule.code, fired.score, fired.points)
        self._compare(stated, wanted, absent=0)

    def _compare(
        self,
        stated: Mapping[str, log.AwardLine],
        wanted: Mapping[str, tuple[str, int, int]],
        absent: int | None = None,
    ) -> None:
        for identity in sorted(stated.keys() | wanted.keys()):
            line, found = stated.get(identity), wanted.get(identity)
            if line is None:
                code = found[0] if found else ""
                self._say(AWARD_MISSING, award=identity, rule=code)
                continue
            if line["amended"]:
                continue
            if found is None and absent is None:
                self._say(
                    AWARD_IDENTITY,
                    award=identity,
                    rule=str(line["rule"]),
                    member="record",
                    said=identity,
                    found="-",
                )
                continue
            _, score, points = found or ("", 0, 0)
            self._differs(AWARD_AMOUNT, line, "score", score)
            self._differs(AWARD_AMOUNT, line, "points", points)

    # -- what came over from an id that was given up ----------------------------------------------

    def _came_over(self, rule: Rule, line: log.AwardLine) -> None:
        """It is what was left of an award under the other id, or with that its part under one cap;
        points that a confirmed month had promised there stayed there."""
        if self._month.formula < 3:
            self._came_over_within(rule, line)
            return
        found = self._origins.get(str(line.get("corrects")))
        if found is None:
            self._differs(AWARD_IDENTITY, line, "corrects", "-")
            return
        origin, merged = found.award, found.merged
        together = merged and line["period"] == origin["period"]
        one_cap = together and origin["window"] is not None and not origin["amended"]
        score, points = (
            (origin["score_raw"], origin["points_raw"])
            if one_cap
            else (origin["score"], origin["points"])
        )
        same = cast("log.Line", origin)
        for member in _CAME_OVER:
            self._differs(AWARD_IDENTITY, line, member, same[member])
        self._differs(AWARD_IDENTITY, line, "window", origin["window"] if together else None)
        if line["period"] < origin["period"]:
            self._differs(AWARD_IDENTITY, line, "period", origin["period"])
        if line["state"] == origin["state"] == "APPROVED":
            self._differs(AWARD_IDENTITY, line, "to_period", origin["to_period"])
        if origin["amended"] and not merged:
            # A decision about it may have come later, and left less of it there.
            self._came_over_within(rule, line)
        else:
            self._differs(AWARD_AMOUNT, line, "score_raw", score)
            self._differs(AWARD_AMOUNT, line, "points_raw", points if merged else 0)
        self._uncut(line)

    def _came_over_within(self, rule: Rule, line: log.AwardLine) -> None:
        if rule.tiers is not None:
            return
        scores, points = self._raw(rule, line)
        if abs(line["score_raw"]) > max(map(abs, scores)):
            self._differs(AWARD_AMOUNT, line, "score_raw", min(scores))
        if not 0 <= line["points_raw"] <= points:
            self._differs(AWARD_AMOUNT, line, "points_raw", points)
        self._within(line)

    def _given_up(self) -> None:
        """Compute again what the awards of the ids that were given up were, and keep them."""
        holders: dict[str, Subject] = {}
        for line in self._part.origins:
            one = line["of"]
            part = holders.setdefault(str(one["subject"]), Subject(str(one["subject"])))
            if one["line"] == "award" and line["merged"]:
                one = {**one, "state": "APPROVED"}
            keep(part, one["line"], cast("log.Line", one), self._findings)
            if one["line"] == "award":
                self._origins[str(one["award"])] = _Origin(one, bool(line["merged"]))
        for part in holders.values():
            check = _Check(self._month, part, self._origins)
            for award in part.awards:
                check._award(award)
            check._hours(part.awards, of_all=True)
            check._windows_given_up()
            self._findings += check._findings

    def _windows_given_up(self) -> None:
        taken_back = {
            (line["rule"], line["window"])
            for line in self._part.awards
            if line["state"] == "REVERSED"
        }
        for key, members in self._windows().items():
            caps = [rule.cap for line in members if (rule := self._rule(line)) is not None]
            periods = sorted({line["period"] for line in members})
            by_deed = any(cap is not None and cap.per == "DEED" for cap in caps)
            if key in taken_back or (by_deed and len(periods) > 1):
                # Who had the room when its month was drafted cannot be told any more.
                continue
            open_ones = [x for x in members if self._origins[str(x["award"])].merged]
            closed = [x for x in members if not self._origins[str(x["award"])].merged]
            for period in periods:
                self._cut(
                    [line for line in closed if line["period"] == period],
                    [line for line in closed if line["period"] < period],
                )
            self._cut(open_ones, closed)

    # -- rules that exclude each other ------------------------------------------------------------

    def _excluded(self) -> None:
        """At one deed a rule yields to the one that excludes it."""
        deeds: dict[str, list[tuple[log.AwardLine, Rule]]] = defaultdict(list)
        for line in self._part.awards:
            rule = self._rule(line)
            if line["deed"] and rule is not None and not line["correction"]:
                deeds[str(line["deed"])].append((line, rule))
        for _, members in sorted(deeds.items()):
            lost = rules.excluded(
                rule
                for line, rule in members
                if rules.takes_deed(str(line["state"]), by_event=line["event"] is not None)
            )
            for line, rule in members:
                if rule.code in lost and log.counts(line, self._month.period):
                    self._say(
                        EXCLUDED,
                        award=str(line["award"]),
                        rule=rule.code,
                        member="state",
                        said=str(line["state"]),
                        found=f"yields to {lost[rule.code]}",
                    )

    # -- caps -------------------------------------------------------------------------------------

    def _windows(self) -> dict[tuple[str, str], list[log.AwardLine]]:
        """Return the awards that fill cap windows, by rule and window."""
        windows: dict[tuple[str, str], list[log.AwardLine]] = defaultdict(list)
        for line in self._part.awards:
            counting = (
                line["state"] == "APPROVED"
                or (line["state"] == "PROPOSED" and line["decides"] != "PERSON")
                or (line["state"] == "REVERSED" and log.counts(line, self._month.period))
            )
            if line["window"] is not None and counting:
                windows[str(line["rule"]), str(line["window"])].append(line)
        return windows

    def _caps(self) -> None:
        """Caps cut in the order (occurred_at, event id); earlier months keep what they have."""
        period = self._month.period
        for _, members in sorted(self._windows().items()):
            self._cut(
                [line for line in members if line["period"] == period],
                [line for line in members if line["period"] < period],
            )

    def _cut(self, mine: Sequence[log.AwardLine], before: Sequence[log.AwardLine]) -> None:
        caps = {
            str(line["event"] or line["award"]): rule.cap
            for line in mine
            if (rule := self._rule(line)) is not None
        }
        if mine and len(caps) == len(mine) and not any(x["amended"] for x in (*mine, *before)):
            self._window(caps, mine, before)

    def _window(
        self,
        caps: Mapping[str, Cap | None],
        mine: Sequence[log.AwardLine],
        before: Sequence[log.AwardLine],
    ) -> None:
        taken = rules.Taken(
            len(before),
            sum(abs(line["score"]) for line in before),
            sum(line["points"] for line in before),
        )
        by_key = {str(line["event"] or line["award"]): line for line in mine}
        counted = [
            rules.Counted(
                log.time(line["occurred_at"]),
                key,
                line["score_raw"],
                line["points_raw"],
            )
            for key, line in by_key.items()
        ]
        for kept in rules.apply_caps(caps, counted, taken):
            self._differs(CAP, by_key[kept.event_id], "score", kept.score)
            self._differs(CAP, by_key[kept.event_id], "points", kept.points)

    # -- the entry --------------------------------------------------------------------------------

    def _entry(self) -> EntryLine | None:
        """Return the entry as it follows from the log, and compare the stated one with it."""
        part, month = self._part, self._month
        counting = [line for line in part.awards if log.counts(line, month.period)]
        gain = sum(line["score"] for line in counting if not line["deduction"])
        loss = -sum(line["score"] for line in counting if line["deduction"])
        found = self._standing(gain, loss)
        entry = EntryLine(
            subject=part.subject,
            gain=gain,
            loss=loss,
            score=found.score,
            grade=found.grade,
            gates_failed=found.gates_failed,
            awards=tuple(
                AwardLine(str(line["rule"]), str(line["day"]), line["score"], line["points"])
                for line in counting
                if line["period"] == month.period
            ),
        )
        if part.entry is None:
            self._say(ENTRY_MISSING, member="entry", said="-", found=entry.grade)
            return None
        for member, computed in (
            ("gain", gain),
            ("loss", loss),
            ("score", found.score),
            ("raw_grade", found.raw_grade),
            ("grade", found.grade),
            ("gates_failed", list(found.gates_failed)),
        ):
            said = cast("log.Line", part.entry)[member]
            if said != computed:
                self._say(ENTRY, member=member, said=str(said), found=str(computed))
        return entry

    def _standing(self, gain: int, loss: int) -> standing.Standing:
        part = self._part
        assert part.head is not None  # noqa: S101  the caller has looked
        kind = str(part.head["kind"])
        vetoed = bool(part.vetoes)
        if kind == "PCO":
            projects = self._month.projects.get(part.subject.partition(":")[2], [])
            rated = [(x["score"], x["households"]) for x in projects if x["score"] is not None]
            score = standing.company_score(rated, gain - loss)
            below = sum(1 for line in projects if line["grade"] in ("C", "D"))
            company = standing.Measures(
                active=score is not None, projects_below_b=below, vetoed=vetoed
            )
            return standing.standing_of_score("PCO", score or 0, company)
        source = standing.GATE_SOURCE.get(kind)
        row = next((m["data"] for m in part.measures if m["source"] == source), None)
        if row is not None:
            measures = standing.measures_of(kind, row, formula=self._month.formula)
        else:
            measures = standing.Measures(active=kind != "STW")
        # A measured project that was closed within the month settles for the last time.
        served = kind == "PRJ" and row is not None and self._month.formula > 2
        if kind not in (*PERSONS, "STW") and part.head["state"] != "ACTIVE" and not served:
            measures = replace(measures, active=False)
        return standing.standing_of(kind, gain, loss, replace(measures, vetoed=vetoed))
