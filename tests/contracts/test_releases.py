"""What was released is kept: each way to break who relies on it is refused, and says what to do."""

import copy
import json

import pytest

from fivered.chassis import api, releases

FACT = {
    "type": "shop.sold.v1",
    "visibility": "public",
    "since": "0.1.0",
    "title": "已售 / Sold",
    "about": "sale",
    "schema": {
        "type": "object",
        "properties": {
            "id": {"type": "string", "maxLength": 40},
            "pieces": {"type": "integer", "minimum": 1, "maximum": 9},
            "way": {"type": "string", "x-extensible-enum": ["CASH", "CARD"]},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
            "rows": {"type": "array", "items": {"$ref": "#/$defs/Row"}},
        },
        "required": ["id", "pieces", "way", "rows"],
        "$defs": {"Row": {"type": "object", "properties": {"name": {"type": "string"}}}},
    },
    "examples": [{"id": "a", "pieces": 1, "way": "CASH", "rows": []}],
}
API = {
    "service": "shop",
    "version": "0.2.0",
    "title": "店 / Shop",
    "imports": [],
    "doors": {
        "sell": {
            "kind": "command",
            "verb": "POST",
            "path": "/sales/{id}",
            "roles": ["R_CLERK", "R_BOSS"],
            "status": 201,
            "summary": "卖 / Sell",
            "request": {"$ref": "#/schemas/Sell"},
            "reply": {"$ref": "#/schemas/Sold"},
        }
    },
    "refusals": {},
    "schemas": {
        "Sell": {
            "type": "object",
            "properties": {
                "id": {"type": "string"},
                "pieces": {"type": "integer", "minimum": 1, "maximum": 9},
                "way": {"enum": ["CASH", "CARD"]},
                "note": {"type": "string", "default": ""},
                "rows": {"type": "array", "maxItems": 5, "items": {"type": "string"}},
            },
            "required": ["id", "pieces"],
        },
        "Sold": {
            "type": "object",
            "properties": {
                "id": {"type": "string"},
                "state": {"enum": ["SOLD", "OPEN"]},
                "note": {"type": "string"},
            },
            "required": ["id", "state"],
        },
    },
}


@pytest.fixture
def folder(tmp_path):
    """The contracts of a service as it was released."""
    (tmp_path / "events").mkdir()
    for path, value in releases.freeze(tmp_path, {"sold.v1": FACT}, api.read(API)).items():
        path.write_text(json.dumps(value), "utf-8")
    return tmp_path


def changed(what, change):
    """Return a copy of a contract that `change` has changed."""
    copied = copy.deepcopy(what)
    change(copied)
    return copied


def broken(folder, fact=FACT, doors=API):
    facts = {"sold.v1": fact} if fact else {}
    return list(releases.broken(folder, facts, api.read(doors)))


def member(name, *more):
    def of(fact):
        found = fact["schema"]["properties"][name]
        return found[more[0]] if more else found

    return of


def test_what_stays_as_it_was_is_kept(folder):
    assert broken(folder) == []


FACTS = {
    "a member is gone": (
        lambda f: f["schema"]["properties"].pop("note"),
        "field 'note' was released and is gone: go on saying it, or say a new version beside it (.v2)",
    ),
    "a member of a row is gone": (
        lambda f: f["schema"]["$defs"]["Row"]["properties"].pop("name"),
        "field 'rows[].name' was released and is gone",
    ),
    "a member has another type": (
        lambda f: member("id")(f).update(type="integer"),
        "field 'id' has another type (integer, and was string): say a new version beside it (.v2)",
    ),
    "a member may be null": (
        lambda f: member("id")(f).update(anyOf=[{"type": "null"}]),
        "field 'id' has another type (null, and was string)",
    ),
    "a word is said no more": (
        lambda f: member("way", "x-extensible-enum")(f).remove("CARD"),
        "field 'way' says CARD no more: go on listing it, or say a new version",
    ),
    "words are not listed": (
        lambda f: member("way")(f).pop("x-extensible-enum"),
        "field 'way' listed its words and does not: list them",
    ),
    "a limit is narrower": (
        lambda f: member("pieces")(f).update(maximum=5),
        "field 'pieces': maximum was 9 and is 5: leave it, or say a new version",
    ),
    "a limit is wider": (
        lambda f: member("id")(f).update(maxLength=80),
        "field 'id': maxLength was 40 and is 80: leave it",
    ),
    "a limit is gone": (
        lambda f: member("pieces")(f).pop("minimum"),
        "field 'pieces': minimum was 1 and is none: leave it",
    ),
    "a member may be left out": (
        lambda f: f["schema"]["required"].remove("way"),
        "field 'way' was always there and may be left out: say it always",
    ),
    "an optional member is required": (
        lambda f: f["schema"]["required"].append("note"),
        "field 'note' is required now and was not: a field stays optional",
    ),
    "a new member is required": (
        lambda f: (
            f["schema"]["properties"].update(new={"type": "string"}),
            f["schema"]["required"].append("new"),
        ),
        "field 'new' is required now, and what was said before lacks it: a new field is optional",
    ),
    "it is public no more": (
        lambda f: f.update(visibility="internal"),
        "was public and is internal: leave it public",
    ),
    "its subject is another": (
        lambda f: f.update(about="shop"),
        "is about 'shop' and was about 'sale': its order is another one: say a new version",
    ),
    "an example is gone": (
        lambda f: f["examples"].pop(),
        "is gone or changed: put it back",
    ),
}


@pytest.mark.parametrize(("change", "said"), FACTS.values(), ids=FACTS)
def test_what_breaks_a_reader_of_a_fact_is_refused(folder, change, said):
    (line,) = broken(folder, changed(FACT, change))
    assert line.startswith(f"{folder / 'events' / 'sold.v1.json'}: ")
    assert said in line


def test_a_fact_that_is_gone_is_refused(folder):
    (line,) = broken(folder, None)
    assert "sold.v1 was released and is gone; publish it until nobody consumes it" in line


def sell(doors):
    return doors["doors"]["sell"]


def asked(doors):
    return doors["schemas"]["Sell"]


def answered(doors):
    return doors["schemas"]["Sold"]


DOORS = {
    "the door is gone": (lambda d: d["doors"].clear(), "was released and is gone: open it"),
    "its address is another": (
        lambda d: sell(d).update(path="/sale/{id}"),
        "was released and is gone: open it until nobody calls it",
    ),
    "its status is another": (
        lambda d: sell(d).update(status=200),
        "answers 200, not 201: leave the status",
    ),
    "a role is taken away": (
        lambda d: sell(d)["roles"].remove("R_BOSS"),
        "is closed to R_BOSS: leave the role in `roles`",
    ),
    "it wants a version": (lambda d: sell(d).update(if_match=True), "wants If-Match now"),
    "its form is another": (
        lambda d: sell(d).update(produces="text/csv"),
        "answers as text/csv, not JSON: open a door beside this one",
    ),
    "a member is taken no more": (
        lambda d: asked(d)["properties"].pop("note"),
        "takes: field 'note' is taken no more: go on taking it",
    ),
    "a member is of another type": (
        lambda d: asked(d)["properties"]["note"].update(type="integer"),
        "takes: field 'note' takes no string any more: take both",
    ),
    "an optional member is required": (
        lambda d: asked(d)["required"].append("note"),
        "takes: field 'note' is required now, and callers of before do not send it: give it a default",
    ),
    "a new member is required": (
        lambda d: (
            asked(d)["properties"].update(new={"type": "string"}),
            asked(d)["required"].append("new"),
        ),
        "takes: field 'new' is required now",
    ),
    "a word is taken no more": (
        lambda d: asked(d)["properties"]["way"]["enum"].remove("CARD"),
        "takes: field 'way' takes the word CARD no more: go on taking it",
    ),
    "any text was taken": (
        lambda d: asked(d)["properties"]["note"].update(enum=["A"]),
        "takes: field 'note' took any text and takes listed words only: take any",
    ),
    "an upper limit is tighter": (
        lambda d: asked(d)["properties"]["pieces"].update(maximum=8),
        "takes: field 'pieces': maximum was 9 and is 8: leave it as wide as it was",
    ),
    "a lower limit is tighter": (
        lambda d: asked(d)["properties"]["pieces"].update(minimum=2),
        "takes: field 'pieces': minimum was 1 and is 2",
    ),
    "a limit is new": (
        lambda d: asked(d)["properties"]["note"].update(maxLength=10),
        "takes: field 'note': maxLength was none and is 10",
    ),
    "a pattern is new": (
        lambda d: asked(d)["properties"]["rows"]["items"].update(pattern="^a"),
        "takes: field 'rows[]': pattern was none and is ^a",
    ),
    "a member is answered no more": (
        lambda d: answered(d)["properties"].pop("note"),
        "answers: field 'note' was released and is gone: go on saying it",
    ),
    "an answer is of another type": (
        lambda d: answered(d)["properties"]["id"].update(type="integer"),
        "answers: field 'id' has another type (integer, and was string)",
    ),
    "an answer may be left out": (
        lambda d: answered(d)["required"].remove("state"),
        "answers: field 'state' was always there and may be left out",
    ),
    "a word is answered no more": (
        lambda d: answered(d)["properties"]["state"]["enum"].remove("OPEN"),
        "answers: field 'state' says OPEN no more",
    ),
}


@pytest.mark.parametrize(("change", "said"), DOORS.values(), ids=DOORS)
def test_what_breaks_a_caller_of_a_door_is_refused(folder, change, said):
    (line,) = broken(folder, doors=changed(API, change))
    assert line.startswith(f"{folder / 'api.json'}: POST /v1/shop/sales/{{id}} ")
    assert said in line


def test_who_has_no_token_is_not_shut_out_of_a_public_door(folder):
    opened = changed(API, lambda d: sell(d).update(roles=["PUBLIC"]))
    assert broken(folder, doors=opened) == []
    for path, value in releases.freeze(folder, {"sold.v1": FACT}, api.read(opened)).items():
        path.write_text(json.dumps(value), "utf-8")
    (line,) = broken(folder, doors=changed(API, lambda d: sell(d).update(roles=["*"])))
    assert "is closed to PUBLIC" in line


def test_what_is_meant_says_why_and_is_taken_out_when_it_is_no_longer_so(folder):
    other = changed(API, lambda d: sell(d)["roles"].remove("R_BOSS"))
    place = "POST /v1/shop/sales/{id} is closed to R_BOSS"
    (line,) = broken(folder, doors=other)
    assert f"say why in meant.json under {place!r}" in line
    (folder / "meant.json").write_text(json.dumps({place: "the boss sells nothing"}), "utf-8")
    assert broken(folder, doors=other) == []
    told = releases.door_changes(folder, api.read(other))
    assert told == {"POST /v1/shop/sales/{id}": {"0.2.0": [f"{place} (the boss sells nothing)"]}}
    (line,) = broken(folder)
    assert "is no longer so: take it out" in line


def test_what_is_gained_breaks_nobody_and_stands_in_the_log_of_its_release(folder):
    def gain(fact):
        fact["schema"]["properties"]["new"] = {"type": "string", "default": ""}
        fact["schema"]["properties"]["way"]["x-extensible-enum"].append("POINTS")
        fact["schema"]["properties"]["note"]["description"] = "备注 / a note"
        fact["examples"].append({"id": "b", "pieces": 2, "way": "POINTS", "rows": []})

    def open_more(doors):
        sell(doors)["roles"].append("R_SHOP")
        asked(doors)["properties"]["new"] = {"type": "string", "default": ""}
        asked(doors)["properties"]["pieces"]["maximum"] = 20
        asked(doors)["required"].remove("pieces")
        answered(doors)["properties"]["new"] = {"type": "string"}
        answered(doors)["required"].append("new")
        doors["doors"]["list"] = {**sell(doors), "verb": "GET", "path": "/sales"}

    fact, doors = changed(FACT, gain), api.read(changed(API, open_more))
    assert list(releases.broken(folder, {"sold.v1": fact}, doors)) == []
    said = releases.fact_changes(folder, fact, "0.2.0")
    gained = [
        "`way` 新增词 POINTS / `way` gained the words POINTS",
        "新增成员 `new` / gained `new`",
    ]
    assert said == {"0.2.0": gained}
    told = releases.door_changes(folder, doors)
    assert told["GET /v1/shop/sales"] == {"0.2.0": ["新接口 / a new door"]}
    assert told["POST /v1/shop/sales/{id}"]["0.2.0"] == [
        "角色 R_SHOP 可用 / open to R_SHOP",
        "请求 / request: `pieces` 可以不填 / `pieces` may be left out",
        "请求 / request: 新增成员 `new` / gained `new`",
        "答复 / answer: 新增成员 `new` / gained `new`",
    ]
    # The release keeps it: the next one compares with this, and the log goes on.
    for path, value in releases.freeze(folder, {"sold.v1": fact}, doors).items():
        path.write_text(json.dumps(value), "utf-8")
    assert releases.fact_changes(folder, fact, "0.3.0") == {"0.2.0": gained}
    (line,) = broken(folder, changed(fact, lambda f: f["schema"]["properties"].pop("new")), API)[:1]
    assert "field 'new' was released and is gone" in line
