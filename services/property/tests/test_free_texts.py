"""No text that others read takes a number of a person; where it is declared, it is checked."""

import pytest

from fivered.services.property.service import Property
from testkit.bodies import (
    public_columns,
    public_texts,
    require_no_number_in_files,
    require_no_number_in_texts,
)


@pytest.mark.parametrize(("command", "place"), public_texts(Property))
def test_no_text_that_others_read_takes_a_number_of_a_person(bench, command, place):
    """FP-D6, K15: names, origins and references took one."""
    require_no_number_in_texts(bench, command, place)


@pytest.mark.parametrize(("kind", "column"), public_columns(Property))
def test_no_file_brings_a_number_of_a_person_in(files, kind, column):
    """K15: what the door refuses, a file does not bring in; the row is named."""
    require_no_number_in_files(files, kind, column)
