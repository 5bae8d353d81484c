"""Every refusal can be read in Chinese and in English."""

import inspect
import string

from fivered.chassis.refusal import Refusal
from fivered.services.property import errors


def test_every_refusal_has_an_english_text_with_the_same_placeholders():
    for _, kind in inspect.getmembers(errors, inspect.isclass):
        if kind.__module__ != errors.__name__ or not issubclass(kind, Refusal):
            continue
        names = [
            {name for _, name, _, _ in string.Formatter().parse(text) if name}
            for text in (kind.text, kind.text.english)
        ]
        assert names[0] == names[1], kind
