"""What waits for somebody, as the gateway asks a service for it."""

from __future__ import annotations

from typing import Any

from fivered.chassis.messages import SYSTEM
from testkit.bench import Bench


class Waits:
    """Asks what waits, and notes of which kinds something was seen to wait and to be gone.

    Args:
        bench: The service.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.proved: set[str] = set()

    def of(self, person: str, *rights: tuple[str, str]) -> dict[str, dict[str, Any]]:
        """Return what waits for a person, by kind."""
        body = {
            "person_id": person,
            "rights": [{"role": role, "scope": scope} for role, scope in rights],
        }
        actor, self._bench.actor = self._bench.actor, SYSTEM
        try:
            told = self._bench.ask("_waiting", body)["kinds"]
        finally:
            self._bench.actor = actor
        return {one["kind"]: one for one in told}

    def things(self, kind: str, person: str, *rights: tuple[str, str]) -> dict[str, dict[str, Any]]:
        """Return what waits of a kind, by id."""
        found = self.of(person, *rights).get(kind)
        if found is None:
            return {}
        assert found["count"] >= len(found["first"]) > 0
        assert found["what_zh"] != found["what_en"]
        return {one["id"]: one for one in found["first"]}

    def until(
        self, kind: str, of: str, act: Any, *, to: tuple[str, str, str], not_to: Any = ()
    ) -> Any:
        """See that a thing waits for somebody and not for others, let it be done, and see it gone.

        Args:
            kind: The kind.
            of: The thing's id.
            act: Does what is expected.
            to: (person, role, scope) for whom it waits.
            not_to: The same of those for whom it does not.
        """
        person, *right = to
        found = self.things(kind, person, (right[0], right[1]))
        assert of in found, (kind, self.of(person, (right[0], right[1])))
        assert (found[of]["role"], found[of]["scope"]) == (right[0], right[1])
        assert "{" not in found[of]["act"] + found[of]["href"]
        for other, role, scope in not_to:
            assert of not in self.things(kind, other, (role, scope)), (kind, other)
        done = act()
        assert of not in self.things(kind, person, (right[0], right[1])), kind
        self.proved.add(kind)
        return done
