"""What people read above a column of a list of steward is Chinese, not the member's own name."""

import json
from collections import Counter
from pathlib import Path

from fivered.gateway.columns import COLUMNS

LISTS = (
    "requests", "queue", "workbench", "pauses", "request_pauses", "pool", "shift_swaps", "pause_grounds",
    "request_calls", "request_notes", "known_incidents", "places", "coverage", "gaps_ahead",
)  # fmt: skip
SERVICES = Path(__file__).parents[2] / "services"
CARD = SERVICES / "steward/contracts/api.json"


def test_each_column_of_the_desk_s_lists_has_a_name_in_chinese():
    """`paused_until` and `ground` stood there as they are."""
    card = json.loads(CARD.read_text("utf-8"))
    schemas, bare = card["schemas"], set()
    for door in (card["doors"][name] for name in LISTS):
        page = schemas.get((door.get("reply") or {}).get("$ref", "").rpartition("/")[2], {})
        line = page.get("properties", {}).get("items", {}).get("items", {}).get("$ref")
        for name in schemas[line.rpartition("/")[2]]["properties"]:
            known = {name, name.removesuffix("_zh"), name.removesuffix("_en")}
            bare |= set() if known & COLUMNS.keys() else {name}
    assert bare == set()


def test_no_list_has_two_columns_that_are_called_alike():
    """Two of a file's columns read 编号, and two 开始时间."""
    alike = {}
    for path in sorted(SERVICES.glob("*/contracts/api.json")):
        card = json.loads(path.read_text("utf-8"))
        for name, door in card["doors"].items():
            page = card["schemas"].get((door.get("reply") or {}).get("$ref", "")[10:], {})
            line = page.get("properties", {}).get("items", {}).get("items", {}).get("$ref")
            heads = Counter(
                COLUMNS.get(one, one)
                for one in (card["schemas"][line[10:]]["properties"] if line else ())
            )
            if found := {head for head, times in heads.items() if times > 1}:
                alike[f"{card['service']}.{name}"] = found
    assert alike == {}
