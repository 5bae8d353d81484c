"""What the forum promises on paper agrees with its code, and every text has its English."""

import inspect

import pytest

from fivered.chassis import contracts
from fivered.chassis.refusal import Refusal
from fivered.services.forum import errors, events, rules
from fivered.services.forum.messages import MESSAGES
from fivered.services.forum.service import Forum


def test_the_contract_files_agree_with_the_code():
    assert contracts.check(Forum).problems == []


@pytest.mark.covers("REQ-i18n")
def test_every_text_that_people_read_has_its_english_with_the_same_places():
    texts = [
        cls.text
        for _name, cls in inspect.getmembers(errors, inspect.isclass)
        if issubclass(cls, Refusal) and cls.__module__ == errors.__name__
    ]
    texts += [*MESSAGES.values(), *rules.STEP_NAMES]
    for text in texts:
        english = text.english
        for place in (
            "{number}",
            "{request}",
            "{reason}",
            "{due}",
            "{needed}",
            "{present}",
            "{substitutes}",
        ):
            assert (place in text) == (place in english)


@pytest.mark.covers("F17", "REQ-L03")
def test_no_fact_has_a_field_for_what_somebody_thought():
    forbidden = {"choice", "text", "decision", "dissent", "finding", "name", "phone", "objection"}
    for fact in Forum.publishes:
        # What one household asks of the stewards travels to them as its own request.
        own = {"text"} if issubclass(fact, events.TopicRedirected) else set()
        assert not (forbidden - own) & set(fact.__dataclass_fields__)


def test_every_state_of_a_topic_stands_at_a_step_and_has_a_message():
    for state, step in rules.STEP_OF_STATE.items():
        assert 1 <= step <= 5
        assert f"TOPIC_{state}" in MESSAGES
        assert len(rules.lay_out_steps(state, {})) == 5
