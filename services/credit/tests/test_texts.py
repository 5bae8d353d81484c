"""Every refusal can be read in both languages; contracts agree with the code."""

import pytest

from fivered.chassis import contracts
from fivered.chassis.i18n import english
from fivered.chassis.refusal import Refusal
from fivered.services.credit import errors
from fivered.services.credit.service import Credit

REFUSALS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, Refusal) and kind.__module__ == errors.__name__
]


@pytest.mark.parametrize("kind", REFUSALS, ids=lambda kind: kind.__name__)
def test_a_refusal_has_an_english_text_with_the_same_placeholders(kind):
    import re

    text = english("fivered.services.credit", kind.text)
    assert text != kind.text
    places = re.compile(r"\{(\w+)\}")
    assert set(places.findall(text)) == set(places.findall(kind.text))


def test_the_contract_files_agree_with_the_code():
    assert contracts.check(Credit).problems == []
