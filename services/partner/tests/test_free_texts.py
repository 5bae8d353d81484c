"""No text that others read takes a number of a person; where it is declared, it is checked."""

import pytest

from chassis.refusal import NumberOfAPerson, Refusal
from chassis.testing import public_texts
from services.partner.service import Partner

TEXTS = public_texts(Partner)


@pytest.mark.parametrize(("command", "place"), TEXTS)
def test_no_text_that_others_read_takes_a_number_of_a_person(bench, command, place):
    """FP-D6, K15: reasons of refusals, disputes and refunds took one."""
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
