"""Who may take part: looked up in the registry, the registers of posts and what was heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fivered.chassis.bus import Tx
from fivered.chassis.records import Row
from fivered.services.forum import errors, rules, storage


def require_residents(
    tx: Tx,
    people: Sequence[str],
    scope: Sequence[str],
    *,
    field: str = "",
) -> dict[str, Row]:
    """Return the registry's rows of people, all of whom are adults of one of the areas.

    Raises:
        NotRegistered, CallerUnregistered: The registry does not know one of them, or that one has
            moved out or died.
        UnderAge: One is no adult.
        ScopeMismatch: One lives elsewhere.
    """
    known = storage.heard.residents_of(tx.conn, people)
    for person_id in people:
        home = known.get(person_id)
        if home is None and person_id == tx.actor.id:
            raise errors.CallerUnregistered
        if home is None:
            raise errors.NotRegistered(person_id=person_id, field=field)
        if not home.is_adult:
            raise errors.UnderAge(field=field)
        if not rules.lives_in(home, scope):
            raise errors.ScopeMismatch(scope=", ".join(scope), field=field)
    return known


def _speakers(
    tx: Tx, capacity: str, people: Sequence[str], *, scope: Sequence[str], area: str
) -> set[str]:
    """Return those whom facts or posts show to speak in a capacity."""
    street = area[:9]
    if capacity in {"MERCHANT", "UNIT"}:
        return storage.heard.operators_near(tx.conn, area)
    if capacity in {"PROPERTY", "OWNERS_COMMITTEE"}:
        projects = storage.heard.projects_of(tx.conn, area)
        touched = [p.project_id for p in projects if rules.touches(p, scope, area)]
        if capacity == "OWNERS_COMMITTEE":
            return storage.heard.owners_of(tx.conn, touched)
        return storage.heard.people_of_projects(tx.conn, touched)
    if capacity == "DEPUTY":
        return storage.heard.deputies_of(tx.conn, people, street, tx.now)
    found = storage.heard.officials_near(tx.conn, people, area)
    if capacity in {"PARTY_MEMBER", "STATION_HOST"}:
        homes = storage.heard.residents_of(tx.conn, people)
        found |= {p for p, home in homes.items() if rules.lives_in(home, [street])}
    return found


def check_capacities(
    tx: Tx,
    people: Mapping[str, Sequence[str]],
    *,
    topics: Sequence[rules.Matter],
    field: str = "",
) -> None:
    """Refuse people who are not what they would be invited or heard as.

    An expert is whom the host asks, of all whom a register knows; has no vote and earns nothing.

    Args:
        tx: The transaction.
        people: Capacity -> persons; a question or two for each capacity, however many they are.
        topics: What is talked about.
        field: Where the caller named them.

    Raises:
        NotRegistered: A resident is not in the registry.
        UnderAge: A resident is no adult.
        ScopeMismatch: A resident lives elsewhere.
        CapacityUnproved: Nothing shows that somebody runs a shop, a project or an office here, or
            sits on an owners' committee in its term.
        UnknownExpert: No register knows an expert.
    """
    scope, area = _place(topics)
    reach = sorted({code for topic in topics for code in rules.reach(topic)})
    for capacity, named in people.items():
        if capacity == "EXPERT":
            _require_known(tx, named, field=field)
            continue
        if capacity == "RESIDENT_REP":
            require_residents(tx, named, reach, field=field)
            continue
        if capacity == "OWNERS_COMMITTEE":
            require_residents(tx, named, [area], field=field)
        known = _speakers(tx, capacity, named, scope=scope, area=area)
        stranger = next((p for p in named if p not in known), None)
        if stranger is not None:
            raise errors.CapacityUnproved(person_id=stranger, capacity=capacity, field=field)


def _require_known(tx: Tx, people: Sequence[str], *, field: str) -> None:
    known = storage.heard.registered(tx.conn, people)
    stranger = next((person for person in people if person not in known), None)
    if stranger is not None:
        raise errors.UnknownExpert(person_id=stranger, field=field)


def _place(topics: Sequence[rules.Matter]) -> tuple[list[str], str]:
    """Return the affected areas of topics, and the community, or the street, of the widest."""
    scope = sorted({code for topic in topics for code in topic.scope})
    widest = max((topic.level for topic in topics), key=rules.LEVELS.index)
    area = topics[0].area[:9] if widest == rules.STREET else topics[0].area
    return scope, area


def speaks_no_more(
    tx: Tx, people: Mapping[str, Sequence[str]], *, topics: Sequence[rules.Matter]
) -> set[str]:
    """Return who no longer is what the invitation says, of those who speak for an organisation.

    Args:
        tx: The transaction.
        people: Capacity -> persons.
        topics: What is talked about.
    """
    scope, area = _place(topics)
    return {
        person
        for capacity in ("PROPERTY", "OWNERS_COMMITTEE", "MERCHANT", "UNIT")
        if people.get(capacity)
        for person in set(people[capacity])
        - _speakers(tx, capacity, people[capacity], scope=scope, area=area)
    }


def check_host(tx: Tx, host_id: str | None, area: str) -> None:
    """Refuse a host who is neither the caller nor an official of the area.

    Raises:
        CapacityUnproved: No register of posts knows the person here.
    """
    if host_id in {None, tx.actor.id}:
        return
    if not storage.heard.officials_near(tx.conn, [str(host_id)], area):
        raise errors.CapacityUnproved(person_id=host_id, capacity="STATION_HOST", field="host_id")
