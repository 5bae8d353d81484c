"""Text is made comparable before anything compares it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import text


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
