"""Every thing that can be made can be listed (OP-M2)."""

import pytest

from chassis.installed import service_names
from gateway.app import doors_of

# Commands that make a thing which stands in a list at another place.
ELSEWHERE = {
    ("credit", "/commendations/{commendation_id}/object"): "/commendations/{commendation_id}",
    ("credit", "/corrections"): "/objections",
    ("credit", "/rule-sets/import"): "/rule-sets",
    # Who was vetoed is asked of an organisation, and public there.
    ("credit", "/vetoes"): "/organisations/{subject_id}/negatives",
    ("forum", "/topics/{topic_id}/object"): "/objections",
    ("steward", "/people/{person_id}/merge"): "/person-merges",
}
# Short, or asked for one person only: nobody pages through them.
NOT_PAGED = {
    ("credit", "/consents"): "the consents of one person",
    ("steward", "/calendar-years"): "one entry for each year",
    ("steward", "/people"): "the register is searched by an exact number, never browsed",
}


@pytest.mark.parametrize("service", sorted(service_names()))
def test_what_a_command_makes_stands_in_a_list(service):
    doors = list(doors_of(service))
    read = {door.path: door for door in doors if door.verb == "GET"}
    made = [door for door in doors if door.kind == "command" and door.status == 201]
    assert made
    for door in made:
        place = ELSEWHERE.get((service, door.path), door.path)
        assert place in read, f"POST {door.full_path} makes what no list returns"
        if door.path == place and not door.places and (service, place) not in NOT_PAGED:
            fields = read[place].params.members if read[place].params else {}
            items = read[place].reply.members.keys() >= {"items", "next"}
            assert items, place
            assert {"limit", "cursor"} <= set(fields), place
