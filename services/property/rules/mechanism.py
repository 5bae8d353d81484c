"""Companies, appointments, agreements, meetings, orders, complaints and their rate. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from fivered.chassis.buildings import is_among
from fivered.chassis.calendar import Calendar
from fivered.chassis.refusal import sentences
from fivered.chassis.text import code, fold
from fivered.services.property import errors
from fivered.services.property.rules.dates import add_months

# --------------------------------------------------------------------------------------------------
# Unified social credit code

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def normalise_uscc(text: str) -> str:
    """Return a unified social credit code in capitals without spaces and hyphens."""
    return code(text).upper().replace(" ", "").replace("-", "")


def uscc_valid(uscc: str) -> bool:
    """Tell whether a normalised code has the right form and check character.

    Source:
        GB 32100-2015; the outer modulo gives "0" where the weighted sum is a multiple of 31.
    """
    if len(uscc) != 18 or any(sign not in _USCC_ALPHABET for sign in uscc):
        return False
    if not uscc[2:8].isdigit():
        return False
    total = sum(
        _USCC_ALPHABET.index(sign) * weight
        for sign, weight in zip(uscc[:17], _USCC_WEIGHTS, strict=True)
    )
    return uscc[17] == _USCC_ALPHABET[(31 - total % 31) % 31]


def concerns(scope: str, *, area: str, places: Collection[str]) -> bool:
    """Tell whether a company is the matter of who works for an area.

    Args:
        scope: The area that a role covers.
        area: The district in which the company is registered.
        places: The communities in which it runs a project; before it runs any, it is every
            street's of its district.
    """
    if any(place.startswith(scope) for place in (area, *places)):
        return True
    return not places and scope.startswith(area)


# --------------------------------------------------------------------------------------------------
# Dates


def days_of_period(period: str) -> tuple[date, date]:
    """Return the first and the last day of a month."""
    first = date.fromisoformat(period + "-01")
    return first, add_months(first, 1) - timedelta(days=1)


# --------------------------------------------------------------------------------------------------
# Cross-appointments

POSTS = {
    "P2C": ("PARTY_BRANCH_MEMBER", "COMMITTEE_PART_TIME_MEMBER"),
    "C2P": ("PROJECT_DEPUTY_MANAGER",),
}
# A 两委 member who serves in a project abstains in these matters, and takes no pay for the post.
CONFLICT_TOPICS = ("FEES", "COMPANY_CONTRACT")


def check_nomination(
    *,
    direction: str,
    post: str,
    person_id: str,
    manager_id: str | None,
    party_member: bool,
    committee_member: bool,
    project: str,
    community: str,
) -> None:
    """Refuse a nomination that the rules of cross-appointment do not allow.

    Raises:
        PostNotAllowed: The post belongs to the other direction.
        NotCurrentManager: P2C, and the person does not manage the project.
        NotPartyMember: The party branch takes party members only.
        NotCommitteeMember: C2P, and the person is no member of the two committees.

    Source:
        DOMAIN 2.2.2.
    """
    if post not in POSTS[direction]:
        raise errors.PostNotAllowed(field="target_post", direction=direction, post=post)
    if direction == "P2C":
        if person_id != manager_id:
            raise errors.NotCurrentManager(field="person_id", project=project)
        if post == "PARTY_BRANCH_MEMBER" and not party_member:
            raise errors.NotPartyMember(field="party_member")
    elif not committee_member:
        raise errors.NotCommitteeMember(field="person_id", community=community)


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `since` to `until`, the latter exclusive; open where `until` is None."""

    since: date
    until: date | None

    def holds(self, day: date) -> bool:
        """Tell whether the day lies inside."""
        return self.since <= day and (self.until is None or day < self.until)

    def meets(self, first: date, last: date) -> bool:
        """Tell whether any day from first to last lies inside."""
        if self.until is not None and self.until <= self.since:
            return False
        return self.since <= last and (self.until is None or self.until > first)


@dataclass(frozen=True, slots=True)
class Presence:
    """How one direction of the cross-appointment stood in a month.

    Attributes:
        active_last_day: Nobody was missing on the last day.
        gap_days: Days of the gap that runs on the last day, from its beginning; 0 without one.
        full_month: Nobody was missing on any day.
    """

    active_last_day: bool
    gap_days: int
    full_month: bool


def presence(gaps: Sequence[Span], period: str, until: date | None = None) -> Presence:
    """Return how a direction stood in a month, from its gaps; up to a day of it, where one is
    given.

    Source:
        DOMAIN 4.9 R-PRJ-06, 4.4 gate (b), E3 (d).
    """
    first, last = days_of_period(period)
    last = until or last
    running = [gap for gap in gaps if gap.holds(last)]
    return Presence(
        active_last_day=not running,
        gap_days=max(((last - gap.since).days + 1 for gap in running), default=0),
        full_month=not any(gap.meets(first, last) for gap in gaps),
    )


# How long a project that was closed by mistake may be let serve again.
REOPENING = timedelta(days=30)

# --------------------------------------------------------------------------------------------------
# Agreements and commitments

LEAST_COMMITMENTS = 4
_STEP = {"MONTHLY": 1, "QUARTERLY": 3}


def check_signable(
    commitments: Sequence[Any], *, valid_from: date, valid_to: date, today: date
) -> None:
    """Refuse to sign an agreement that would stay on paper.

    Args:
        commitments: Its items.
        valid_from: First day on which it holds.
        valid_to: First day on which it no longer does.
        today: What fell due before was promised to nobody.

    Raises:
        ValidityOver24Months: The validity is empty or longer than 24 months.
        AgreementOver: It has ended.
        TooFewCommitments: Fewer than four items fall due in what is left of the validity.
        CommitmentIncomplete: One never falls due in the validity, or names no evidence.
        CommitmentRepeated: One stands twice.

    Source:
        DOMAIN 2.2.3; REQ-L19; FAULTS SP-D9.
    """
    if not valid_from < valid_to <= add_months(valid_from, 24):
        raise errors.ValidityOver24Months(field="valid_to")
    if valid_to <= today:
        raise errors.AgreementOver(valid_to=str(valid_to))
    if len(commitments) < LEAST_COMMITMENTS:
        raise errors.TooFewCommitments(
            field="commitments", least=LEAST_COMMITMENTS, found=len(commitments)
        )
    to_come = 0
    said: set[tuple[Any, ...]] = set()
    for item in commitments:
        same = (fold(item.title), item.responsible, item.due_date, item.recurrence)
        if same in said:
            raise errors.CommitmentRepeated(field="commitments", title=item.title)
        said.add(same)
        days = occurrences(item.due_date, item.recurrence, valid_from=valid_from, valid_to=valid_to)
        if not days or not any(kind.strip() for kind in item.evidence_kinds):
            raise errors.CommitmentIncomplete(field="commitments", title=item.title)
        to_come += any(day >= today for day in days)
    if to_come < LEAST_COMMITMENTS:
        raise errors.TooFewCommitments(field="commitments", least=LEAST_COMMITMENTS, found=to_come)


def occurrences(
    due: date | None, recurrence: str, *, valid_from: date, valid_to: date
) -> list[date]:
    """Return the days in the validity of its agreement on which a commitment falls due.

    A recurring commitment without a date falls due on the last day of each of its intervals. On
    `valid_to` the agreement no longer holds.
    """
    if recurrence == "ONCE":
        return [due] if due is not None and valid_from <= due < valid_to else []
    if due is not None and due < valid_from:
        return []
    step = _STEP[recurrence]
    found: list[date] = []
    for n in range(0, 24, step):
        day = (
            add_months(valid_from, n + step) - timedelta(days=1)
            if due is None
            else add_months(due, n)
        )
        if day >= valid_to:
            break
        found.append(day)
    return found


@dataclass(frozen=True, slots=True)
class Agreed(Span):
    """When an agreement was in force, and of which kind it is."""

    kind: str


KINDS = ("JOINT_BUILDING", "CREDIT_DELIBERATION")


def kinds_missing(active: Collection[str]) -> list[str]:
    """Return which of the two kinds of agreement a project lacks; the two make the pair."""
    return [kind for kind in KINDS if kind not in active]


def agreements_on(spans: Sequence[Agreed], day: date) -> int:
    """Return how many of the two kinds of agreement were in force on a day.

    Two of one kind are one: every project signs both (DOMAIN 2.2.3, FAULTS SP-D9).
    """
    return len({span.kind for span in spans if span.holds(day)})


def agreements_all_month(spans: Sequence[Agreed], period: str, until: date | None = None) -> int:
    """Return the least number of kinds that were in force on any day of a month; up to a day of
    it, where one is given."""
    first, last = days_of_period(period)
    last = until or last
    # The number changes only where an agreement begins or ends.
    days = {first} | {
        day
        for span in spans
        for day in (span.since, span.until)
        if day is not None and first <= day <= last
    }
    return min(agreements_on(spans, day) for day in days)


# --------------------------------------------------------------------------------------------------
# Three-party meetings

SIDES = ("COMMITTEE", "OWNERS", "PROPERTY")


def check_quorum(attendees: dict[str, list[str]], *, owners_committee: bool) -> None:
    """Refuse a meeting at which a side is missing.

    Raises:
        QuorumNotMet: Names the missing side. Owners are needed where they have a committee.

    Source:
        DOMAIN 2.2.4.
    """
    for side in SIDES:
        if side == "OWNERS" and not owners_committee:
            continue
        if not attendees.get(side):
            raise errors.QuorumNotMet(field="attendees", side=side)


def check_attendance(
    attendees: dict[str, list[str]], known: dict[str, set[str]], *, chair: str
) -> None:
    """Refuse attendance that is only claimed.

    Args:
        attendees: Who is said to have been there, by side.
        known: Who may sit for a side, as the registers say.
        chair: Who is said to have led it.

    Raises:
        NotOfThisSide: A person is not known for the side that is named.
        CountedTwice: One person sits for two sides.
        ChairNotOfCommittee: The chair is none of the committee's persons who were there.

    Source:
        DOMAIN 2.2.4; FAULTS SP-D10.
    """
    seated: set[str] = set()
    for side in SIDES:
        for person in attendees.get(side, []):
            if person not in known[side]:
                raise errors.NotOfThisSide(field=f"attendees.{side}", side=side, person=person)
            if person in seated:
                raise errors.CountedTwice(field=f"attendees.{side}", person=person)
            seated.add(person)
    if chair not in attendees.get("COMMITTEE", []):
        raise errors.ChairNotOfCommittee(field="chair")


def check_owners_committee(*, members: Sequence[str], chair: str, start: date, end: date) -> None:
    """Refuse a committee that is too small, too large, even in number or wrong in its term.

    Raises:
        CommitteeSize: One of the rules is not kept.

    Source:
        DOMAIN 1.4.
    """
    if chair not in members:
        raise errors.CommitteeSize(field="chair")
    if not is_complete(members, chair):
        raise errors.CommitteeSize(field="members")
    if not add_months(start, 36) <= end <= add_months(start, 60):
        raise errors.CommitteeSize(field="term_to")


def is_complete(members: Sequence[str], chair: str) -> bool:
    """Tell whether a committee has the number of members that it needs, and a chair of them."""
    count = len(set(members))
    return 5 <= count <= 11 and count % 2 == 1 and chair in members


# --------------------------------------------------------------------------------------------------
# Rectifications

OPEN_ORDERS = ("ISSUED", "ACKNOWLEDGED", "SUBMITTED", "OVERDUE")
# In these an order that was issued in error is withdrawn.
WITHDRAWABLE = (*OPEN_ORDERS, "PASSED", "ENDED")
_WORKING_DAYS = {"S2": 3, "S3": 7}
LEVEL_TWO_DAYS = 3
CHECK_DAYS = 2
CLOSE_DAYS = 5
# So long before an agreement ends its sides are warned.
REMIND = timedelta(days=30)
ACKNOWLEDGE = timedelta(hours=24)
# So much later than first ordered a fix may be due.
MOST_EXTENDED = timedelta(days=31)
_MAY_ISSUE = {
    "R_CADRE": ("S3",),
    "R_SECRETARY": ("S3",),
    "R_STREET": ("S1", "S2", "S3"),
}


def check_issue(*, role: str, severity: str, facts: str, basis: str) -> None:
    """Refuse an order without basis, or above the rank of the issuer.

    Raises:
        BasisRequired: Facts or basis are empty.
        SeverityNotAllowed: The role issues orders of less weight only.

    Source:
        DOMAIN 2.2.5.
    """
    if not facts.strip() or not basis.strip():
        raise errors.BasisRequired(field="basis" if facts.strip() else "facts")
    if severity not in _MAY_ISSUE.get(role, ()):
        raise errors.SeverityNotAllowed(field="severity", role=role, severity=severity)


def rectification_due(calendar: Calendar, severity: str, issued_at: datetime) -> datetime:
    """Return the exclusive instant before which the fix must be submitted.

    S1 has 24 hours on the clock, S2 three working days, S3 seven.
    """
    if severity == "S1":
        return issued_at + timedelta(hours=24)
    return calendar.due(issued_at, _WORKING_DAYS[severity])


def level_two_at(calendar: Calendar, due_at: datetime, now: datetime) -> datetime:
    """Return when an order that is overdue at `now` goes up to the district.

    Three working days after the day that `due_at` ends. Where that has passed, because a late
    submission stopped the ladder and then failed its check, three working days from that failure.
    """
    due_day = calendar.local_date(due_at - timedelta(microseconds=1))
    first = calendar.due(due_day, LEVEL_TWO_DAYS)
    return first if first > now else calendar.due(now, LEVEL_TWO_DAYS)


# --------------------------------------------------------------------------------------------------
# Complaints

# The categories that are a property project's work, and that of its service itself.
PROPERTY_CATEGORIES = (
    "PROPERTY_SERVICE",
    "REPAIR_COMMON",
    "LIFT",
    "CLEANING",
    "GREENING",
    "PARKING",
    "DOOR_CONTROL",
)
# So many working days may pass before somebody says which project a complaint is about.
UNDECIDED_DAYS = 2


def is_property_complaint(kind: str, category: str) -> bool:
    """Tell whether a request is a complaint about what property projects do.

    Source:
        DOMAIN 2.2.1, 2.3.3: the categories that go to PROPERTY_STAFF, and PROPERTY_SERVICE.
    """
    return kind == "COMPLAINT" and category in PROPERTY_CATEGORIES


def in_buildings(buildings: Sequence[str], building: str) -> bool:
    """Tell whether a building as somebody wrote it is one of a compound's.

    A unit or room behind the building's name is no other building; another number is.
    """
    return is_among(buildings, building)


def project_of(serving: Sequence[Any], *, claimed: str | None, building: str | None) -> Any:
    """Return the project that a complaint is about, or None where a person has to say.

    The building decides; then what the complaint itself names, if that project serves the place;
    then, where it names none, the only project of the place.

    Args:
        serving: The projects that serve the grid.
        claimed: The project that the request names.
        building: The building that it names.
    """
    if building:
        here = [one for one in serving if in_buildings(one.buildings or (), building)]
        if len(here) == 1:
            return here[0]
        serving = [one for one in serving if not one.buildings or one in here]
    if claimed is not None:
        named = [one for one in serving if claimed in (one.project_id, one.predecessor_id)]
        return named[0] if len(named) == 1 else None
    return serving[0] if len(serving) == 1 else None


# What an order says whose complaint came back; the project reads it, so it names no request.
REOPENED_FACTS = "一项物业投诉成立,处理后被重新打开"

# Why a complaint does not count, or is over, where nobody has written it: steward has merged it
# into another one; its request turned out to be about something else; nobody handles it; its
# reporter took it back.
OWN_REASONS = sentences(
    {
        "DUPLICATE": "同一事项已合并 / it was merged with another one of the same matter",
        "NO_PROPERTY_MATTER": (
            "诉求类别或地点已更正,不属于物业投诉 / its category or its place was corrected"
        ),
        "REJECTED": "诉求不予受理 / the request is not handled",
        "TAKEN_BACK": "投诉人已撤回诉求 / its reporter took the request back",
    }
)

# What a complainant is told.
MESSAGES = sentences(
    {
        "FILED": "您的投诉 {number} 已登记为物业投诉 / Complaint {number} is filed",
        "UNDECIDED": (
            "您的投诉 {number} 涉及的物业项目待社区确认"
            " / The community will say which project complaint {number} is about"
        ),
        "VALID_YES": (
            "您的投诉 {number} 经核实成立:{said} / Complaint {number} was found valid: {said}"
        ),
        "VALID_NO": (
            "您的投诉 {number} 经核实不成立:{said} / Complaint {number} was found not valid: {said}"
        ),
        "MERGED": (
            "您的投诉 {number} 与同一事项的另一件合并办理"
            " / Complaint {number} is handled with another one of the same matter"
        ),
        "CLOSED": "您的投诉 {number} 已办结:{said} / Complaint {number} is closed: {said}",
        "ORDER_WITHDRAWN": (
            "整改单 {number} 已随作废的会议撤回:{said}"
            " / Rectification order {number} is withdrawn with its meeting: {said}"
        ),
        "ORDER_ENDED": (
            "整改单 {number} 所涉工作不再由贵项目办理,整改单终止:{said}"
            " / Rectification order {number} ended, as your project is not to do that work any "
            "more: {said}"
        ),
        "MEETING_CALLED": (
            "请出席三方联席会议并答复:{said} / A three-party meeting is called: {said}"
        ),
        "MEETING_MOVED": (
            "三方联席会议改期,请重新答复:{said} / The three-party meeting is moved: {said}"
        ),
        "MEETING_CANCELLED": (
            "三方联席会议取消:{said} / The three-party meeting is cancelled: {said}"
        ),
        "MINUTES_REFUSED": (
            "一方对会议纪要有异议:{said} / A side has found the minutes wrong: {said}"
        ),
        "WORK_OVERDUE": (
            "社区逾期未办会议决定的工作:{said}"
            " / The community has not done in time what a meeting decided: {said}"
        ),
        "WORK_TAKEN_AWAY": (
            "会议决定的工作不再由贵项目办理:{said}"
            " / Your project is not to do a work that a meeting decided any more: {said}"
        ),
        "WORK_CANCELLED": (
            "会议决定的工作已随会议作废取消:{said}"
            " / A work is cancelled with the meeting that decided it: {said}"
        ),
        "JOINT_BUILDING_EXPIRING": (
            "党建联建协议将于 30 日后届满,请商议续签:{said}"
            " / The joint building agreement ends in 30 days; please agree on the next one: {said}"
        ),
        "CREDIT_DELIBERATION_EXPIRING": (
            "信用评议协议将于 30 日后届满,请商议续签:{said}"
            " / The credit deliberation agreement ends in 30 days; please agree on the next one: "
            "{said}"
        ),
        "JOINT_BUILDING_TERMINATED": (
            "党建联建协议已终止:{said} / The joint building agreement is terminated: {said}"
        ),
        "CREDIT_DELIBERATION_TERMINATED": (
            "信用评议协议已终止:{said} / The credit deliberation agreement is terminated: {said}"
        ),
        "MANAGER_DIED": (
            "项目 {said} 的项目经理已去世,请任命新的项目经理"
            " / The manager of {said} has died; please name another one"
        ),
        "REPRESENTATIVE_DIED": (
            "{said} 的一名授权代表已去世,其授权终止"
            " / A representative of {said} has died and speaks for it no more"
        ),
        "APPOINTEE_DIED": (
            "项目 {said} 的交叉任职人选已去世,其任职终止,请另行提名"
            " / Who was appointed across {said} has died; please nominate somebody else"
        ),
        "APPOINTEE_NO_CADRE": (
            "项目 {said} 的社区任职人员已不在两委任职,请核实其任职资格,必要时终止任职并另行提名"
            " / Who was appointed from the community into {said} is a member of its committees no "
            "longer; please see whether the post must end, and nominate somebody else"
        ),
        "APPOINTMENT_ENDED": (
            "您在项目 {said} 的交叉任职已终止 / Your cross-appointment in {said} has ended"
        ),
        "NOMINATION_ENDED": (
            "您在项目 {said} 的交叉任职提名已终止"
            " / Your nomination for a cross-appointment in {said} has ended"
        ),
        "NOMINATION_LAPSED": (
            "项目 {said} 的交叉任职人选五个工作日内未同意,提名失效,请另行提名"
            " / The nominee for {said} did not consent within five working days, and the "
            "nomination has lapsed; please nominate again"
        ),
        "APPROVAL_LATE": (
            "项目 {said} 的交叉任职人选已同意五个工作日,尚未批准,请办理"
            " / The nominee for {said} consented five working days ago and is not approved yet; "
            "please decide"
        ),
        "CHECK_LATE": (
            "整改单 {number} 已提交两个工作日,尚未核验,请办理"
            " / The fix of rectification order {number} has waited two working days for its check; "
            "please check it"
        ),
        "MEMBER_DIED": (
            "{said} 业主委员会一名委员已去世,待补选"
            " / A member of the owners' committee of {said} has died; another one is to be elected"
        ),
        "OPEN_AGAIN": (
            "您的投诉 {number} 经复核需继续办理:{said}"
            " / Complaint {number} was looked at again and goes on: {said}"
        ),
        "INCIDENT_UPDATED": (
            "您关注的通告 {number} 有新进展:{said} / News of {number}, which you follow: {said}"
        ),
        "INCIDENT_ENDED": (
            "您关注的通告 {number} 已恢复:{said} / {number}, which you follow, is over: {said}"
        ),
        "INCIDENT_CANCELLED": (
            "您关注的通告 {number} 已取消:{said}"
            " / {number}, which you follow, does not happen: {said}"
        ),
        "DISMISSED": (
            "您的投诉 {number} 不属于物业投诉:{said}"
            " / Complaint {number} is none about a property project: {said}"
        ),
    }
)


# --------------------------------------------------------------------------------------------------
# Outages, works and faults

# So long one may be announced to last; what lasts longer is announced again.
INCIDENT_MOST = timedelta(days=183)
# So long ago it may have begun.
INCIDENT_BEGAN = timedelta(days=7)
MOST_UPDATES = 50


def check_times(now: datetime, starts_at: datetime, ends_at: datetime) -> None:
    """Refuse times that cannot be those of something that is going on or to come.

    Raises:
        EndsBeforeStart: It would end before it begins.
        IncidentTooLong: It would last longer than half a year.
        BeganTooLongAgo: It began more than seven days ago.
        EndIsPast: Its expected end has passed.
    """
    if ends_at <= starts_at:
        raise errors.EndsBeforeStart(field="ends_at")
    if ends_at - starts_at > INCIDENT_MOST:
        raise errors.IncidentTooLong(field="ends_at", days=INCIDENT_MOST.days)
    if starts_at < now - INCIDENT_BEGAN:
        raise errors.BeganTooLongAgo(field="starts_at", days=INCIDENT_BEGAN.days)
    if ends_at <= now:
        raise errors.EndIsPast(field="ends_at")


def common_area(grids: Sequence[str]) -> str:
    """Return the smallest community, street or district that holds all of these grids."""
    for digits in (12, 9, 6):
        if len({grid[:digits] for grid in grids}) == 1:
            return grids[0][:digits]
    return ""


# --------------------------------------------------------------------------------------------------
# Complaint rate

LEAST_FOR_TREND = 10


def average(counts: Sequence[int]) -> Fraction | None:
    """Return the mean of the month-end counts that are known (above 0), or None."""
    known = [count for count in counts if count > 0]
    return Fraction(sum(known), len(known)) if known else None


def rate(complaints: int, households: Fraction | None) -> Fraction | None:
    """Return complaints per 100 households, or None without households."""
    return Fraction(complaints * 100) / households if households else None


def year_on_year(
    complaints: int,
    households: Fraction | None,
    complaints_before: int,
    households_before: Fraction | None,
) -> Fraction | None:
    """Return the relative change of the complaint rate in per cent.

    Returns:
        None where a window has fewer than ten complaints or no households: a trend of a few
        complaints would be noise.

    Source:
        DOMAIN 5 M-02; E10.
    """
    if min(complaints, complaints_before) < LEAST_FOR_TREND:
        return None
    now, before = rate(complaints, households), rate(complaints_before, households_before)
    if now is None or before is None:
        return None
    return (now - before) / before * 100


def half_up(value: Fraction | None) -> int:
    """Return a mean rounded half up to a whole number; 0 where there is none."""
    if value is None:
        return 0
    return (value.numerator * 2 + value.denominator) // (value.denominator * 2)


def months_between(first: str, last: str) -> list[str]:
    """Return the months from first to last, both included."""
    found = []
    while first <= last:
        found.append(first)
        first = Calendar.next_period(first)
    return found


def frozen_hash(project_id: str, period: str, complaints: int, households: int) -> str:
    """Return the digest by which a frozen month proves that nobody changed it."""
    text = f"{project_id}|{period}|{complaints}|{households}"
    return hashlib.sha256(text.encode()).hexdigest()
