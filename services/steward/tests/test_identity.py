"""One human is one person, however his name and numbers were typed."""

import re

import pytest

from fivered.services.steward import errors
from fivered.services.steward.tests.ground import CADRE, CHEN, COMMUNITY, GRID, IDS, WANG, person_id

FULL_WIDTH = str.maketrans(
    "0123456789X", "".join(chr(ord(sign) + 0xFEE0) for sign in "0123456789X")
)
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
WANG_ID = IDS["WANG"]


@pytest.mark.parametrize(
    "number",
    [
        WANG_ID[:6] + WANG_ID[6:].translate(FULL_WIDTH),
        WANG_ID.translate(FULL_WIDTH),
        WANG_ID.translate(ARABIC),
        WANG_ID[:17] + "\u0662",
        f"{WANG_ID[:6]}-{WANG_ID[6:14]}—{WANG_ID[14:]}",
        f"{WANG_ID[:6]} {WANG_ID[6:14]} {WANG_ID[14:]}",
        f"'{WANG_ID}",
        f"{WANG_ID}.0",
    ],
)
def test_the_same_identity_number_in_other_signs_is_the_same_person(ground, number):
    """SEC-H6, IN-A6: the twin of an input method is refused as the person that exists."""
    with pytest.raises(errors.PersonExists):
        ground.person(CHEN, "陈静", id_no=number, grid=GRID)


@pytest.mark.parametrize(
    "phone",
    ["12812345678", "128１２３４５678", "+86 128-1234-5678", "0086 12812345678", "8612812345678",
     "128—1234—5678", "128١٢٣٤٥٦٧٨", "12812345678.0", "(128)12345678"],
)  # fmt: skip
def test_the_same_phone_in_other_signs_is_the_same_phone(ground, phone):
    """IN-A6: the unique phone was passed by full-width digits, and shown so to its owner."""
    with pytest.raises(errors.PhoneTaken):
        ground.person(CHEN, "陈静", phone=phone, grid=GRID)
    ground.person(CHEN, "陈静", phone=re.sub("[8\u0668](?=[.]0$|$)", "9", phone), grid=GRID)
    own = ground.by(CHEN, "R_RESIDENT", COMMUNITY).ask("people_cards", {"ids": [CHEN]})
    assert own["items"][0]["phone"] == "12812345679"


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("张  三", "张三"),
        ("李\u3000四", "李四"),
        ("买买提•吐尔逊", "买买提·吐尔逊"),
        ("买买提・吐尔逊", "买买提·吐尔逊"),
        ("买买提\uff0e吐尔逊", "买买提·吐尔逊"),
        ("买买提.吐尔逊", "买买提·吐尔逊"),
        ("马〇一", "马〇一"),
        ("李\U000323af明", "李\U000323af明"),
        ("\U00020bb7永年", "\U00020bb7永年"),
        ("\uf900三", "\u8c48三"),
        ("\u2f45三", "方三"),
        ("龚䶮", "龚䶮"),
        # Note 4: the form in which a character is drawn is kept.
        ("葛\U000e0100丽", "葛\U000e0100丽"),
        ("辻\ufe00丽", "辻\ufe00丽"),
        (" \n王丽\t", "王丽"),
    ],
)
def test_names_are_taken_as_people_write_them(ground, typed, name):
    """IN-A11: lists with aligned blanks, the dot's spellings, 〇, supplementary planes."""
    ground.person(CHEN, typed, grid=GRID)
    own = ground.by(CHEN, "R_RESIDENT", COMMUNITY).ask("people_cards", {"ids": [CHEN]})
    assert own["items"][0]["name"] == name


@pytest.mark.parametrize(
    "name",
    ["김철수", "ꆈꌠꁱ", "祁\ue863山", "\ue000\ue001", "李\u202e四", "李\u200d四", "·李四", "李四·",
     "李··四", "李1", "张\uac00", "王\n丽", "王\t丽", "王\u00ad丽", "\U000e0100王丽", "葛\U000e0100"],
)  # fmt: skip
def test_other_scripts_are_no_chinese_name(ground, name):
    """IN-A11: Hangul, Yi and private use passed, since the source's range had been normalised."""
    with pytest.raises(errors.BadName):
        ground.person(CHEN, name, grid=GRID)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("(0537)2345678", "05372345678"),
        ("（0537）2345678", "05372345678"),
        ("0537-2345678转801", "05372345678转801"),
        ("0537-2345678 ext. 801", "05372345678转801"),
        ("2345678", "2345678"),
        ("400-812-3456", "4008123456"),
        ("95598", "95598"),
        ("12345", "12345"),
        ("+86 537 2345678", None),
        ("537-2345678", None),
        ("nine", None),
    ],
)
def test_a_post_is_reached_at_any_number_that_a_post_has(ground, typed, shown):
    """IN-B5: fixed lines in brackets, extensions, 400 numbers, service lines of five digits."""
    ground.person(CHEN, "陈静")
    if shown is None:
        with pytest.raises(errors.BadPhone):
            ground.steward(None, CHEN, "POWER", work_phone=typed)
        return
    ground.steward(None, CHEN, "POWER", work_phone=typed)
    assert ground.bench.ask("duty_board", {"grid": GRID})["items"][0]["work_phone"] == shown


def test_an_import_meets_the_same_person(ground):
    """IN-A6: the file's second line has the number of the first in full-width digits."""
    number = "370899198003050077"
    people = [
        {"name": "陈静", "synthetic": True, "grid": GRID, "id_no": number, "person_id": CHEN},
        {
            "name": "陈静",
            "synthetic": True,
            "grid": GRID,
            "id_no": number[:6] + number[6:].translate(FULL_WIDTH),
            "person_id": person_id(31),
        },
    ]
    bench = ground.bench.as_("R_CADRE", person=CADRE, scope=COMMUNITY)
    items = bench.do("register_people", {"people": people})["items"]
    assert [item["result"] for item in items] == ["stored", "PERSON_EXISTS"]
    assert WANG not in {item.get("id") for item in items}
