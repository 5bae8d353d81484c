"""Times in what people read are those of the clock on the wall."""

from datetime import UTC, date, datetime

import pytest

from fivered.chassis.i18n import told

AT = datetime(2025, 4, 17, 1, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "given", [AT, str(AT), AT.isoformat(), "2025-04-17T01:30:05.120Z", "2025-04-17T09:30:05+08:00"]
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_instant_is_told_by_the_local_clock(given, language):
    """A volunteer was told to come at 2025-04-17 01:00:00+00:00."""
    said = told("fivered.chassis", "请于 {at} 到场 / Please come at {at}", {"at": given}, language)
    assert "2025-04-17 09:30" in said
    assert "+0" not in said
    assert "05" not in said.replace("2025", "")


@pytest.mark.parametrize("given", [date(2025, 4, 17), "2025-04-17", "2025-04-17T25:99:00Z", 7, "x"])
def test_what_is_none_stays_as_it_is(given):
    assert str(given) in told("fivered.chassis", "于 {at} / at {at}", {"at": given})
