"""The rule sets that were ever in force, compiled; read by actions and views."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from fivered.chassis.calendar import Calendar
from fivered.chassis.records import Row
from fivered.services.credit.rules import awards as rules
from fivered.services.credit.rules import loader
from fivered.services.credit.rules.model import Rule
from fivered.services.credit.storage import rule_sets as store

# Compiling takes some milliseconds and a published rule set never changes, so a process keeps what
# it has compiled, by the digest of its content.
_COMPILED: OrderedDict[str, rules.Compiled] = OrderedDict()
_KEPT = 64


_Span = tuple[date, date | None, str, rules.Compiled]


def corrects(rule: Rule, event: str) -> bool:
    """Tell whether an event corrects what a rule counts, instead of adding to it."""
    return rule.tiers is not None and rule.tiers.corrected_by == event


@dataclass(frozen=True, slots=True)
class InForce:
    """The rule sets that were ever in force, as one transaction sees them.

    Attributes:
        spans: The district's, the newest first.
        streets: What streets add to them, for their own subjects only.
    """

    spans: tuple[_Span, ...]
    streets: tuple[_Span, ...] = ()

    def everything(self) -> tuple[_Span, ...]:
        """Return the sets of the district and of streets."""
        return self.spans + self.streets

    def streets_on(self, day: date) -> list[tuple[str, str, rules.Compiled]]:
        """Return (street, code, compiled rule set) of what streets add on a local date; nothing
        where there are no rules of the district to add to."""
        if not self.streets or self.on(day) is None:
            return []
        return [
            (compiled.rule_set.scope, code, compiled)
            for begins, ends, code, compiled in self.streets
            if begins <= day and (ends is None or day < ends)
        ]

    def street(self, area: str, day: date) -> tuple[str, rules.Compiled] | None:
        """Return (code, compiled rule set) of what the street of an area adds, or None."""
        for street, code, compiled in self.streets_on(day):
            if area.startswith(street):
                return code, compiled
        return None

    def header(self, area: str, day: date) -> str | None:
        """Return the codes under which an area settles, joined by "+"; the district's is first."""
        found = [self.on(day), self.street(area, day)]
        return "+".join(one[0] for one in found if one is not None) or None

    def on(self, day: date) -> tuple[str, rules.Compiled] | None:
        """Return (code, compiled rule set) in force on a local date, or None."""
        for begins, ends, code, compiled in self.spans:
            if begins <= day and (ends is None or day < ends):
                return code, compiled
        return None

    def before(self, day: date) -> tuple[str, rules.Compiled] | None:
        """Return the last one that had ended by a local date, or None."""
        for _, ends, code, compiled in self.spans:
            if ends is not None and ends <= day:
                return code, compiled
        return None

    def fires(self, event: rules.Event) -> list[tuple[str, rules.Fired]]:
        """Return (code, award) of what an event gives by the district's rules, before caps.

        The rules are those of the day of the deed: the local date of the event, or the day that
        the event itself names, such as that of a record that is corrected now. A district without
        rules gives nothing new; what was given is still corrected by the rules that gave it.
        """
        day = Calendar.local_date(event.occurred_at)
        today = self.on(day)
        last = self.before(day) if today is None else today
        found = []
        for _, _, code, compiled in self.spans:
            if event.type not in compiled.dated and (last is None or code != last[0]):
                continue
            for one in compiled.fires(event):
                held = self.on(one.on) if one.dated else today
                if held is None and not one.dated and corrects(one.rule, event.type):
                    held = last
                if held is not None and held[0] == code:
                    found.append((code, one))
        return found

    def reverses(self, event: rules.Event) -> list[tuple[str, dict[str, frozenset[str]]]]:
        """Return (deed, set -> rules) of the awards that an event takes back. What a set has given
        is taken back as that set says, whatever is in force now."""
        found: dict[str, dict[str, frozenset[str]]] = {}
        for _, _, code, compiled in self.everything():
            for deed, codes in compiled.reverses(event):
                by_set = found.setdefault(deed, {})
                by_set[code] = by_set.get(code, frozenset()) | codes
        return list(found.items())

    def rule_on(self, day: date, code: str) -> Rule | None:
        """Return the version of a district's rule for deeds of a day: that in force, else the last
        one before."""
        found = self._version(day, code)
        return found[1].rule_set.rule(code) if found is not None else None

    def set_on(self, day: date, code: str) -> str | None:
        """Return the code of the set that has this version."""
        found = self._version(day, code)
        return found[0] if found is not None else None

    def _version(self, day: date, code: str) -> tuple[str, rules.Compiled] | None:
        for begins, _, name, compiled in self.spans:
            if begins <= day and compiled.rule_set.rule(code) is not None:
                return name, compiled
        return None

    def contested(self) -> frozenset[str]:
        """Return the rules that exclude others or are excluded, in any of the sets: a deed may
        meet two of them."""
        return frozenset().union(*(compiled.contested for _, _, _, compiled in self.everything()))

    def of_code(self, code: str) -> rules.Compiled | None:
        """Return the compiled rule set of a code, or None."""
        return next((found for _, _, known, found in self.everything() if known == code), None)

    def rule_in(self, rule_set: str, code: str) -> Rule:
        """Return a rule of a set. An award names what was in force, so there is one."""
        compiled = self.of_code(rule_set)
        rule = compiled.rule_set.rule(code) if compiled is not None else None
        assert rule is not None, (rule_set, code)  # noqa: S101  see above
        return rule

    def rule_of(self, award: Row) -> Rule | None:
        """Return the rule that gave an award, as it stands in the set that gave it, or None."""
        compiled = self.of_code(award.rule_set)
        return compiled.rule_set.rule(award.rule_code) if compiled is not None else None


def rules_in_force(conn: sa.Connection) -> InForce:
    """Return the rule sets that were ever in force."""
    spans: dict[bool, list[_Span]] = {False: [], True: []}
    for row in store.timeline(conn):
        compiled = _compiled(conn, row.code, row.digest)
        spans[len(row.area) > 6].append((row.effective_from, row.effective_to, row.code, compiled))
    return InForce(tuple(spans[False]), tuple(spans[True]))


def _compiled(conn: sa.Connection, code: str, digest: str) -> rules.Compiled:
    known = _COMPILED.get(digest)
    if known is None:
        body = store.body_of(conn, code)
        if digest_of(body) != digest:
            # Only a hand in the database can have done this; nothing may be computed from it.
            raise RuntimeError(f"the rule set {code} is not what was published")
        known = rules.compile_rules(loader.load(body))
        _COMPILED[digest] = known
        while len(_COMPILED) > _KEPT:
            _COMPILED.popitem(last=False)
    return known


def digest_of(document: object) -> str:
    """Return the SHA-256 of a document in one way of writing it."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
