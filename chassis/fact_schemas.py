"""JSON Schemas of facts: every member says what it means, in which unit, or by which words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypedDict, cast

from fivered.chassis.api import Schema, inner
from fivered.chassis.facts import MEANINGS, UNIT, WORDS
from fivered.chassis.i18n import vocabulary
from fivered.chassis.json_values import Json, JsonObject
from fivered.chassis.schemas import described, schema_of

# What holds for every fact, so that no release breaks who reads it.
READERS = (
    "读者须知:忽略不认识的成员;词表会增加,不认识的词按“其他”处理,不可报错;事件可能再次送达,按 id "
    "去重;同一对象的事件按先后送达,sequence 只增不减,较旧的丢弃 / Ignore members that you do not "
    "know. Lists of words are open: take a word that you do not know as “other”, and fail on none. "
    "An event may arrive again: its id tells. Events about one subject keep their order; "
    "`sequence` only grows, and what is older than what you have is dropped."
)


class EventContract(TypedDict, total=False):
    """What a service says of one fact.

    Attributes:
        type: "<service>.<fact>.v<n>".
        since: The release in which it came.
        about: The kind of thing that its subject is; facts about one subject stay in order.
        when: What has happened, and whether it is said once or again: "中文 / English".
        by: What says it: calls over HTTP, timers, other facts.
        after: The facts of which one precedes it for the same subject.
        words: What timers that `by` names are about.
        changes: What each release since then has changed of it.
    """

    type: str
    visibility: str
    since: str
    title: str
    about: str
    when: str
    by: list[str]
    after: list[str]
    words: dict[str, str]
    schema: Schema
    examples: list[JsonObject]
    changes: dict[str, list[str]]


# What a member says that stands inside of it where it may be null.
_TOLD = ("description", "examples", WORDS, MEANINGS, UNIT)


def fact_schema(
    kind: type, package: str, words: Mapping[str, Sequence[str]] | None = None
) -> Schema:
    """Return the JSON Schema of a fact: each member says its own meaning, each word its own.

    Args:
        kind: The fact.
        package: Whose words it speaks, such as "services.NAME".
        words: By member, the words of a list that differs from service to service.
    """
    schema = described(schema_of(kind))
    for whole in (schema, *schema.get("$defs", {}).values()):
        if "description" in whole:
            # A docstring has lines, a text of a contract has none.
            whole["description"] = " ".join(whole["description"].split())
    for at, one in parts_of(schema):
        branches = one.get("anyOf", [])
        told = [branch for branch in branches if "description" in branch]
        if len(told) == 1:
            # What may be null means what it means where it is not.
            moved = {name: told[0][name] for name in list(told[0]) if name in _TOLD}  # type: ignore[literal-required]
            for name in moved:
                del told[0][name]  # type: ignore[misc]
            cast("dict[str, object]", one).update(moved)
        said = cast("dict[str, object]", one)
        if words and at in words:
            said[WORDS] = list(words[at])
        if isinstance(codes := said.get(WORDS), list):
            known = vocabulary(package)
            own = cast("dict[str, str]", said.get(MEANINGS, {}))
            said[MEANINGS] = {
                code: own.get(code) or " / ".join(known.get(code, ())) for code in codes
            }
    return schema


def unsaid(schema: Schema) -> list[str]:
    """Return what a fact's schema leaves open: one line each."""
    found = []
    for at, one in parts_of(schema):
        said = cast("dict[str, object]", one)
        if not said.get("description"):
            found.append(f"member {at!r} does not say what it means")
        words = cast("dict[str, str]", said.get(MEANINGS, {}))
        found += [
            f"member {at!r}: the word {word} has no entry in words.po"
            for word, meaning in words.items()
            if not meaning
        ]
        if UNIT not in said and {"integer", "number"} & kinds_of(one):
            found.append(f"member {at!r} does not say its unit (fivered.chassis.facts.measure)")
    return found


def parts_of(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Return every member of a schema and of its definitions, by place."""
    for name, one in schema.get("properties", {}).items():
        yield name, one
    for kind, defined in schema.get("$defs", {}).items():
        for name, one in parts_of(defined):
            yield f"{kind}.{name}", one


def kind_in_words(schema: Json) -> str:
    """Return what a member may be, in words of JSON Schema: `[string] | null`."""
    if not isinstance(schema, dict):
        return ""
    if isinstance(choices := schema.get("anyOf"), list):
        return " | ".join(map(kind_in_words, choices))
    if isinstance(listed := schema.get("enum"), list):
        return " | ".join(map(str, listed))
    if isinstance(reference := schema.get("$ref"), str):
        return reference.rpartition("/")[2]
    form = schema.get("format")
    kind = str(schema.get("type", ""))
    if "items" in schema:
        kind = f"[{kind_in_words(schema['items'])}]"
    return f"{kind} ({form})" if form else kind


def kinds_of(schema: Schema | bool | None) -> set[str]:
    """Return the JSON types that a member, or what it lists, may have."""
    one = inner(schema)
    found = {one["type"]} if "type" in one else set()
    for branch in one.get("anyOf", ()):
        found |= kinds_of(branch)
    return found | (kinds_of(one["items"]) if "items" in one else set())
