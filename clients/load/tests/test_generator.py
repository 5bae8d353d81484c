"""The generator: the same seed gives the same bytes, any row can be made alone, nobody is real."""

import csv
import hashlib
import json
import re
from collections import Counter

import pytest

from fivered.chassis.installed import service_class, service_names
from fivered.clients.load.files import KINDS, district_of, read, write
from fivered.clients.load.generator import FILES, MOST_RESIDENTS, District, check_digit, uscc
from fivered.clients.load.words import UNITS

pytestmark = pytest.mark.slow

RESIDENTS = 3000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("district")
    write(District(RESIDENTS, 7), path)
    return path


def rows_of(folder, kind):
    with (folder / f"{kind}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digests(folder):
    return {one.kind: one.sha256 for one in read(folder)}


def test_the_same_seed_gives_the_same_files(folder, tmp_path):
    write(District(RESIDENTS, 7), tmp_path)
    assert digests(tmp_path) == digests(folder)
    assert (tmp_path / "manifest.json").read_bytes() == (folder / "manifest.json").read_bytes()


def test_another_seed_gives_another_district(folder, tmp_path):
    write(District(RESIDENTS, 8), tmp_path)
    mine, others = digests(folder), digests(tmp_path)
    # Units and communities have the same names and codes; everything that is drawn differs.
    same = {kind for kind in mine if mine[kind] == others[kind]}
    assert same == set()


def test_the_manifest_says_what_lies_there(folder):
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert manifest["seed"] == 7
    assert manifest["generator_version"]
    assert manifest["parameters"]["residents"] == RESIDENTS
    for one in read(folder):
        assert len(rows_of(folder, one.kind)) == one.rows
    assert district_of(folder).households == manifest["parameters"]["households"]


def test_any_person_can_be_made_again_alone(folder):
    alone = district_of(folder)
    listed = {row["person_id"]: row for row in rows_of(folder, "people")}
    # From the end to the beginning, and only some: the order plays no part.
    for ordinal in range(alone.households - 2, -1, -97):
        home = alone.household(ordinal)
        for member in reversed(range(home.size)):
            one = alone.resident(home, member)
            row = listed[one.person_id]
            assert (row["name"], row["phone"], row["id_no"], row["grid"], row["household_id"]) == (
                one.name,
                one.phone,
                one.id_no,
                one.grid,
                one.household_id,
            )


def test_a_district_of_another_size_has_the_same_people_at_the_same_numbers():
    small, large = District(500, 7), District(900, 7)
    first = small.resident(small.household(3), 0)
    again = large.resident(large.household(3), 0)
    assert (first.person_id, first.name, first.phone) == (again.person_id, again.name, again.phone)


def test_ids_are_versions_seven_and_unique(folder):
    seen = set()
    for one in FILES:
        key = one.header[0]
        if key == "code":
            continue
        for row in rows_of(folder, one.kind):
            assert re.fullmatch(
                r"[a-z]{3}_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
                row[key],
            )
            assert row[key] not in seen
            seen.add(row[key])


@pytest.mark.covers("REQ-L22")
def test_nobody_can_be_taken_for_a_real_person(folder):
    people = rows_of(folder, "people")
    assert {row["synthetic"] for row in people} == {"true"}
    numbers = [row["id_no"] for row in people if row["id_no"]]
    assert len(numbers) == RESIDENTS == len(set(numbers))
    for number in numbers:
        assert number.startswith("370899"), "a division that no county has"
        assert check_digit(number[:17]) == number[17]
    phones = [row["phone"] for row in people if row["phone"]]
    assert len(phones) == len(set(phones))
    phones += [row["work_phone"] for row in rows_of(folder, "stewards") if row["work_phone"]]
    for phone in phones:
        assert re.fullmatch(r"128\d{8}", phone)


@pytest.mark.covers("REQ-L22")
def test_no_file_holds_an_assigned_number_anywhere(folder):
    # Looked at as raw text, so that a number in an unexpected column is found too.
    for one in read(folder):
        text = one.path.read_text("utf-8")
        assert not re.search(r"(?<![0-9a-z-])1[3-9]\d{9}(?!\d)", text), one.kind
        for number in re.findall(r"(?<![0-9a-z-])[1-9]\d{16}[\dX](?![0-9A-Za-z-])", text):
            assert number.startswith("370899"), (one.kind, number)
        for code in re.findall(r"\b9[123](\d{6})MA\w{8}\b", text):
            assert code == "370899"


def test_only_the_fifteen_units_of_the_district_and_unassigned_communities(folder):
    areas = rows_of(folder, "areas")
    units = [row["code"] for row in areas if row["kind"] in {"STREET", "TOWN"}]
    assert len(units) == 15
    assert not {"370811002", "370811109", "370811401"} & set(units)
    for row in areas:
        if row["kind"] == "COMMUNITY":
            assert row["code"][:9] in units
            assert 901 <= int(row["code"][9:]) <= 999
        if row["kind"] == "GRID":
            assert 300 <= int(row["households"]) <= 500


def test_the_largest_district_has_numbers_for_all():
    large = District(MOST_RESIDENTS, 1, households=640_000)
    assert large.blocks <= 15
    codes = [large.community(n) for n in range(large.communities)]
    assert len({code for code, _name in codes}) == large.communities
    assert max(int(code[9:]) for code, _name in codes) <= 999
    assert len({name for _code, name in codes}) == large.communities
    with pytest.raises(ValueError, match="residents"):
        District(MOST_RESIDENTS + 1, 1)


@pytest.mark.parametrize("first", [0, 40_000, 45_500, 91_000, 200_000])
def test_identity_numbers_stay_unique_where_blocks_meet(first):
    large = District(1_000_000, 7, households=394_000)
    seen = set()
    for ordinal in [*range(first, first + 1500), *range(first + 45_580, first + 46_000)]:
        home = large.household(ordinal)
        for member in range(home.size):
            one = large.resident(home, member)
            assert one.id_no not in seen
            seen.add(one.id_no)


def test_the_shapes_are_those_of_a_district():
    district = District(20_000, 7)
    people = list(district.all_residents())
    assert len(people) == 20_000
    ages = Counter("young" if p.age < 15 else "old" if p.age >= 60 else "middle" for p in people)
    assert 0.16 <= ages["young"] / 20_000 <= 0.20
    assert 0.20 <= ages["old"] / 20_000 <= 0.24
    adults = [one for one in people if one.age >= 18]
    taking_part = sum(1 for one in adults if district.consents(one)) / len(adults)
    assert 0.36 <= taking_part <= 0.40
    sizes = Counter(home.size for home in district.all_households())
    assert 0.22 <= sizes[1] / district.households <= 0.26
    surnames = Counter(one.name[0] for one in people)
    assert 0.06 <= surnames["王"] / 20_000 <= 0.08
    assert len(surnames) == 100


def test_every_reference_leads_somewhere(folder):
    people = {row["person_id"]: row for row in rows_of(folder, "people")}
    grids = {row["code"] for row in rows_of(folder, "areas") if row["kind"] == "GRID"}
    companies = {row["company_id"] for row in rows_of(folder, "companies")}
    partners = {row["partner_id"]: row for row in rows_of(folder, "partners")}
    assert all(row["grid"] in grids for row in people.values() if row["grid"])
    posts = Counter()
    for row in rows_of(folder, "stewards"):
        assert row["person_id"] in people
        assert set(row["grids"].split("|")) <= grids
        posts[row["person_id"], row["duty"]] += 1
    assert set(posts.values()) == {1}
    for row in rows_of(folder, "projects"):
        assert row["company_id"] in companies
        assert row["manager_person_id"] in people
        assert set(row["grids"].split("|")) <= grids
    for row in rows_of(folder, "offers"):
        assert row["operator"] in people
        assert row["approver"] in people
        assert row["approver"] != row["operator"]
        assert row["operator"] == partners[row["partner_id"]]["operators"]
    adults = {row["person_id"] for row in rows_of(folder, "consents")}
    assert all(people[one]["id_no"][6:10] <= "2007" for one in adults)


def test_codes_of_organisations_carry_a_right_check_character():
    # The two vectors were checked by hand against GB 32100.
    assert uscc("91", 0) == "91370899MA0000000E"
    assert uscc("92", 0) == "92370899MA0000000B"
    assert len(UNITS) == 15


def test_a_file_that_was_changed_or_is_ones_own_is_counted_as_it_is_now(tmp_path):
    """IN-A8: the digest of the manifest was believed, so a changed file was "in already"."""
    write(District(40, 7), tmp_path)
    before = {one.kind: one for one in read(tmp_path)}
    people = before["people"].path
    with people.open("ab") as out:
        out.write(people.read_bytes().splitlines(keepends=True)[1])
    (tmp_path / "manifest.json").unlink()
    after = {one.kind: one for one in read(tmp_path)}
    assert after["people"].rows == before["people"].rows + 1
    assert after["people"].sha256 == hashlib.sha256(people.read_bytes()).hexdigest()
    assert after["areas"] == before["areas"]


def test_every_kind_with_which_a_district_begins_has_its_place(tmp_path):
    """OP 1.7: a folder's committees.csv was called a stranger and not sent."""
    taken = {
        (service, importer.kind)
        for service in service_names()
        for importer in getattr(service_class(service), "importers", ())
    }
    # Awards and hours come every month, not at the beginning.
    monthly = {("credit", "awards"), ("steward", "volunteer-hours")}
    assert sorted(KINDS) == sorted(taken - monthly)
    for _service, kind in KINDS:
        (tmp_path / f"{kind}.csv").write_text("x\n1\n")
    assert [(one.service, one.kind) for one in read(tmp_path)] == list(KINDS)
    places = [kind for _service, kind in KINDS]
    for before, after in (
        ("areas", "places"), ("areas", "people"), ("people", "stewards"), ("areas", "officials"),
        ("officials", "liaisons"), ("people", "liaisons"), ("areas", "deputies"),
        ("people", "companies"), ("companies", "projects"), ("projects", "committees"),
        ("projects", "rooms"),
        ("projects", "agreements"), ("partners", "offers"), ("people", "consents"),
    ):  # fmt: skip
        assert places.index(before) < places.index(after)
