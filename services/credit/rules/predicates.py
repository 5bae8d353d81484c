"""Conditions over the data of an event, as rules write them: judged, and made into functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

# What is found, and what is wanted of it: JSON of every kind.
Json: TypeAlias = Any
# A condition as it is written: members of the data, and what is wanted of each.
Predicate: TypeAlias = Mapping[str, Json]
Data: TypeAlias = Mapping[str, Json]
Test: TypeAlias = Callable[[Data], bool]

OPERATORS: Final = frozenset({"eq", "ne", "lt", "le", "gt", "ge", "in", "not_in"})


def faults(found: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield (place, what is expected there) of what is wrong in a condition."""
    if not isinstance(found, Mapping) or not found:
        yield path, "an object of conditions"
        return
    for name, wanted in found.items():
        at = f"{path}.{name}"
        if name in ("all", "any"):
            if not isinstance(wanted, list) or not wanted:
                yield at, "a list of conditions"
                continue
            for place, one in enumerate(wanted):
                yield from faults(one, f"{at}[{place}]")
        elif name == "not":
            yield from faults(wanted, at)
        elif isinstance(wanted, Mapping):
            yield from _operator_faults(wanted, at)


def _operator_faults(wanted: Predicate, at: str) -> Iterator[tuple[str, str]]:
    if not wanted or set(wanted) - OPERATORS:
        yield at, "operators out of " + ", ".join(sorted(OPERATORS))
        return
    for operator, value in wanted.items():
        if operator in ("in", "not_in") and not isinstance(value, list):
            yield f"{at}.{operator}", "a list"
        if isinstance(value, Mapping) and (
            set(value) != {"field"} or not isinstance(value["field"], str)
        ):
            yield f"{at}.{operator}", "a value, or the name of another field"


def fields_of(predicate: Predicate | None) -> set[str]:
    """Return the fields of the data that a condition looks at."""
    found: set[str] = set()
    for name, wanted in (predicate or {}).items():
        if name in ("all", "any"):
            for one in wanted:
                found |= fields_of(one)
        elif name == "not":
            found |= fields_of(wanted)
        else:
            found.add(name)
            if isinstance(wanted, Mapping):
                found |= {value["field"] for value in wanted.values() if isinstance(value, Mapping)}
    return found


def compile_predicate(predicate: Predicate | None) -> Test:
    """Return a function that tells whether the predicate holds for an event's data.

    A member that is absent or null never satisfies a comparison; `ne` and `not_in` hold for it.
    `{"field": name}` as an operand stands for another member of the same data.
    """
    tests = [_condition(name, wanted) for name, wanted in (predicate or {}).items()]
    if not tests:
        return _always
    if len(tests) == 1:
        return tests[0]
    return lambda data: all(test(data) for test in tests)


def _always(_data: Data) -> bool:
    return True


def _condition(name: str, wanted: Json) -> Test:
    if name in ("all", "any"):
        tests = [compile_predicate(one) for one in wanted]
        joined = all if name == "all" else any
        return lambda data: joined(test(data) for test in tests)
    if name == "not":
        test = compile_predicate(wanted)
        return lambda data: not test(data)
    if not isinstance(wanted, Mapping):
        return _comparison(name, "eq", wanted)
    tests = [_comparison(name, operator, operand) for operator, operand in wanted.items()]
    return tests[0] if len(tests) == 1 else lambda data: all(test(data) for test in tests)


def _comparison(name: str, operator: str, operand: Json) -> Test:
    if isinstance(operand, Mapping):
        other = operand["field"]
        compare = _COMPARE[operator]
        return lambda data: compare(data.get(name), data.get(other))
    if operator == "eq":
        return lambda data: bool(data.get(name) == operand)
    if operator in ("in", "not_in"):
        members = frozenset(operand)
        wanted = operator == "in"
        return lambda data: (data.get(name) in members) is wanted
    compare = _COMPARE[operator]
    return lambda data: compare(data.get(name), operand)


_COMPARE: Final[dict[str, Callable[[Json, Json], bool]]] = {
    "eq": lambda a, b: bool(a == b),
    "ne": lambda a, b: bool(a != b),
    "lt": lambda a, b: a is not None and b is not None and bool(a < b),
    "le": lambda a, b: a is not None and b is not None and bool(a <= b),
    "gt": lambda a, b: a is not None and b is not None and bool(a > b),
    "ge": lambda a, b: a is not None and b is not None and bool(a >= b),
}
