"""Text is made comparable before anything compares it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fivered.chassis import text


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        ("２０２５-01", "2025-01"),
        ("٢٠٢٥–٠١", "2025-01"),
        ("370899１９８００３０５００７７", "370899198003050077"),
        ("  春晖社区　", "春晖社区"),
        ("\u200b", ""),
        ("　　", ""),
        ("A\r\nB\rC", "A\nB\nC"),
        ("春\u200b晖", "春晖"),
        ("面积 10m²", "面积 10m²"),
        ("10m²", "10m²"),
        ("Ａ栋", "Ａ栋"),
        ("é", "é"),
        ("👩\u200d👧", "👩\u200d👧"),
        ("𠮷永年", "𠮷永年"),
    ],
)
def test_what_enters_keeps_its_characters_and_loses_what_nobody_sees(given_, wanted):
    """IN-A6, IN-A18, IN-B11"""
    assert text.tidy(given_) == wanted


@pytest.mark.parametrize(
    "spelling", ["TJ-2025-001", "tj-2025-001", "TJ－2025－001", "ＴＪ-2025 -001"]
)
def test_one_reference_in_four_spellings_is_one(spelling):
    """IN-A20"""
    assert text.fold(spelling) == text.fold("TJ-2025-001")


@pytest.mark.parametrize(
    "character", ["\x00", "\x07", "\x1b", "\x85", "\u202e", "\u2066", "\u200e"]
)
def test_control_and_direction_characters_are_found(character):
    assert text.unreadable(f"季度{character}之星") == character


@pytest.mark.parametrize("character", ["\u00ad", "\ufe01", "\U000e0100"])
def test_what_hides_in_a_word_is_found(character):
    """Note 4: a soft hyphen, and a selector behind what has no other form."""
    assert text.unreadable(f"a{character}b") == character
    assert text.tidy(f"a{character}b") == f"a{character}b"


@pytest.mark.parametrize("name", ["葛\U000e0100丽", "辻\ufe00丽", "𠮷\U000e0101丽"])
def test_the_form_of_a_character_is_kept_and_compared_by_nobody(name):
    """Note 4: real names bear ideographic variation selectors; they were refused."""
    assert text.unreadable(name) is None
    assert text.tidy(name) == name
    assert text.fold(name) == name[0] + "丽"


@pytest.mark.parametrize(
    ("said", "position"),
    [
        ("春晖\n社区", 3), ("春晖\t社区", 3), ("春晖\r\n社区", 3), ("春\u2028晖", 2),
        (" \n春晖社区\r\n\t", None), ("春晖 社区", None), ("", None),
    ],
)  # fmt: skip
def test_a_second_line_is_found_with_its_place(said, position):
    """Note 4: it was dropped without a word."""
    assert text.broken(said) == position


@pytest.mark.parametrize("plain", ["一行\n二行", "表\t格", "𠮷", "买买提·吐尔逊", "\u200b"])
def test_ordinary_texts_are_readable(plain):
    assert text.unreadable(plain) is None


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("邻居张三 13812345678", "phone"),
        ("打 138-1234-5678 找我", "phone"),
        ("电话１３８１２３４５６７８", "phone"),
        ("+86 138 1234 5678", "phone"),
        ("身份证370899198003050077,请查", "id_no"),
        ("身份证 370899 19800305 007X", "id_no"),
        ("工单 JN2025021900099", None),
        ("编号 SR-20250219-015901-00001", None),
        ("花了 1380 元,共 12 户", None),
    ],
)
def test_personal_numbers_are_found_in_free_text(said, found):
    """FP-D6"""
    assert text.personal_number(said) == found


@pytest.mark.parametrize(
    "said",
    [
        "3号楼2单元501 13812345678",
        "2025-03-01 13812345678 来电",
        "张三13812345678三号楼",
        "微信wx13812345678",
        "8613812345678",
        "0086-138-1234-5678",
        "(138)12345678",
        "138.1234.5678",
        "138·1234·5678",
        "138 12 34 56 78",
        "1 3 8 1 2 3 4 5 6 7 8",
        "1-3-8-1-2-3-4-5-6-7-8",
        "13812 345678",
        "1381 234 5678",
        "打１３８ １２３４－５６７８",
        "一三八一二三四五六七八",
        "幺三八一二三四五六七八",
        "联系张三一三八一二三四五六七八",
        "壹叁捌壹贰叁肆伍陆柒捌",
        "138一二三四5678",
        "①③⑧①②③④⑤⑥⑦⑧",
        "1️⃣3️⃣8️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣",
        "138\u200b1234\u200b5678",
        "联系 12801234567",
    ],
)
def test_a_phone_number_is_found_however_it_is_written(said):
    """K15: what stands before it on the line made a number invisible."""
    assert text.personal_number(said) == "phone"


@pytest.mark.parametrize(
    "said",
    [
        "37089919800305007X",
        "37089919800305007x。",
        "３７０８９９１９８００３０５００７７",
        "370899-19800305-0077",
        "370899 1980 0305 0077",
        "5栋 370899198003050077",
        "三七〇八九九一九八〇〇三〇五〇〇七七",
        "孩子 110105201501010017 需入学",
        "张三37089919800305007X号",
    ],
)
def test_an_identity_number_is_found_however_it_is_written(said):
    """K15"""
    assert text.personal_number(said) == "id_no"


@pytest.mark.parametrize(
    "said",
    [
        "请拨 12345 或 110",
        "物业电话 0537-2345678,(0537)2345678,05372345678",
        "客服 400-812-3456、10086、95588",
        "网格 370811015901001,社区 370811015901",
        "统一社会信用代码 91370811MA3C12345X",
        "统一社会信用代码 913708111906121234",
        "工单号 370811202503010001",
        "文号 SR-370811-20250301-0001,GS-X-20250307-015901-00001",
        "济任街办发〔2025〕13号",
        "1998-05-12 302室",
        "2025-03-01 13:00-15:00",
        "2025.3.1-2025.3.15",
        "营业 0830-1830 301",
        "15-2-1203、14-1-302、16-1-30",
        "1500 2300 400",
        "第13、15、16、17、18、9号楼",
        "预算 13,812,345,678 元",
        "费用 138,123,456.78 元",
        "坐标 116.58123456,35.41234567",
        "面积 125830.56 平方米,容积率 1.8",
        "快递 SF1391234567890",
        "周一三五七点至九点,共一千三百八十人",
        "一三五栋 二四六栋",
        "302\n13812\n345678\n1",
        "sha256 9f13812345678ab09f13812345678ab09f13812345678ab09f13812345678ab0",
        "req_0198c1d2-7138-1234-8567-813812345678",
        "二〇二五年三月一日,19800101",
        "票据号 01234567,水表 138123456",
        "银行流水 6222021608001234567",
    ],
)
def test_numbers_that_are_no_persons_pass(said):
    """K15: what is no person's number must not be refused."""
    assert text.personal_number(said) is None


def test_numbers_of_persons_are_starred_and_the_rest_stays():
    said = "张三138 1234 5678或12801234567,证37089919800305007X,物业0537-2345678。"
    assert text.without_numbers(said) == "张三***或***,证***,物业0537-2345678。"
    untouched = "０５３７－２３４５６７８ 好"
    assert text.without_numbers(untouched) == untouched


@given(st.text())
def test_a_starred_text_holds_no_number(any_text):
    assert text.personal_number(text.without_numbers(any_text + "13812345678")) is None


@given(st.text())
def test_tidying_twice_changes_nothing_more(any_text):
    once = text.tidy(any_text)
    assert text.tidy(once) == once
    assert text.code(text.code(any_text)) == text.code(any_text)
    assert text.fold(text.fold(any_text)) == text.fold(any_text)


@pytest.mark.parametrize(
    "day", ["2025-02-30", "9999-12-31", "0001-01-01", "1899-12-31", "20250101x"]
)
def test_days_that_no_deadline_can_reach_are_none(day):
    assert not text.is_day(day)
