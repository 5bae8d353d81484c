"""The table of initials is what the pinned library says, so that nobody edits it by hand."""

from tests import pinyin


def test_the_table_of_initials_is_what_the_library_says():
    assert pinyin.TABLE.read_text("utf-8") == pinyin.written()
