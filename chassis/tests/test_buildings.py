"""Buildings as people write them."""

import pytest

from fivered.chassis import buildings


@pytest.mark.parametrize(
    ("names", "building", "among"),
    [
        (["3号楼"], "3", True),
        (["3号楼"], "3栋", True),
        (["3栋"], "3号楼2单元501", True),
        (["3"], "3#", True),
        (["3"], "3-2-101", True),
        (["3号楼"], "33号楼", False),
        (["13号楼"], "3号楼", False),
        (["3号楼"], "3A号楼", False),
        (["3号楼"], "3单元", False),
        (["A座"], "a栋", True),
        (["A座"], "AB座", False),
        (["紫荆园"], "紫荆园2单元", True),
        (["1号楼", "5栋"], "5号楼", True),
        ([], "5号楼", False),
    ],
)
def test_one_building_is_found_however_it_is_written(names, building, among):
    assert buildings.is_among(names, building) is among


def test_building_unit_and_room_are_compared_without_what_stands_behind_their_number():
    parts = ("3号楼", "2单元", "601室", "", None)
    assert [buildings.plain(one) for one in parts] == ["3", "2", "601", "", ""]
