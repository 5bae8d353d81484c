"""No text that others read takes a number of a person; where it is declared, it is checked."""

import pytest

from fivered.services.forum.service import Forum
from testkit.bodies import public_texts, require_no_number_in_texts


@pytest.mark.parametrize(("command", "place"), public_texts(Forum))
def test_no_text_that_others_read_takes_a_number_of_a_person(bench, command, place):
    """FP-D6, K15: places of posts and references took one."""
    require_no_number_in_texts(bench, command, place)
