"""No text that others read takes a number of a person; where it is declared, it is checked."""

import pytest

from chassis.refusal import NumberOfAPerson, Refusal
from chassis.testing import a_file, open_bench, public_columns, public_texts
from services.property.service import Property

TEXTS = public_texts(Property)
COLUMNS = public_columns(Property)


@pytest.mark.parametrize(("command", "place"), TEXTS)
def test_no_text_that_others_read_takes_a_number_of_a_person(bench, command, place):
    """FP-D6, K15: names, origins and references took one."""
    for text, kind in (("联系张三138 1234 5678", "phone"), ("身份证37089919800305007X", "id_no")):
        with pytest.raises(NumberOfAPerson) as refused:
            bench.send(command, place, text)
        assert refused.value.params == {"kind": kind}
        assert refused.value.field.startswith(place.partition(".*")[0])
        assert "138" not in refused.value.describe()
    # An office's number, an order's and a day are nobody's; the command may be refused otherwise.
    try:
        bench.send(command, place, "12345热线转0537-2345678,SR-20250219-015901-00001,2025-03-01")
    except NumberOfAPerson:
        raise
    except Refusal:
        pass


@pytest.fixture
def files(database_url, tmp_path):
    opened = open_bench(Property, database_url, FIVERED_BLOBS=str(tmp_path / "blobs"))
    yield opened
    opened.runtime.close()


@pytest.mark.parametrize(("kind", "column"), COLUMNS)
def test_no_file_brings_a_number_of_a_person_in(files, kind, column):
    """K15: what the door refuses, a file does not bring in; the row is named."""
    files.as_("R_DISTRICT")
    result = files.load(kind, a_file(Property, kind, **{column: "找张三138-1234-5678"}))
    (error,) = result["errors"]
    assert (error["line"], error["column"], error["code"]) == (2, column, "PII_FOUND")
    assert "手机号码" in error["message_zh"]
    assert "phone number" in error["message_en"]
    assert (result["created"], "1234" in str(result)) == (0, False)
