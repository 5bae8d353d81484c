"""What steward publishes of volunteer hours."""

from __future__ import annotations

from typing import Annotated

from fivered.chassis.facts import fact, measure
from fivered.chassis.fields import (
    PersonId,
)
from fivered.services.steward.fields import (
    Minutes,
    RecordId,
    ServedOn,
    Source,
)


@fact(
    "volunteer_hours_confirmed.v1",
    about="volunteer_record",
    when="组织方确认志愿时长时,一次 / when the organiser confirms the hours; once",
    by=("confirm_hours",),
)
class VolunteerHoursConfirmed:
    """志愿时长已确认 / Volunteer service was confirmed by its organiser."""

    record_id: RecordId
    person_id: PersonId
    minutes: Minutes
    source: Source
    date: ServedOn


@fact(
    "volunteer_hours_corrected.v1",
    about="volunteer_record",
    when="已确认的时长更正时,每次一条 / when confirmed hours are corrected; each time",
    by=("correct_hours",),
    after=("volunteer_hours_confirmed.v1",),
)
class VolunteerHoursCorrected:
    """志愿时长已更正 / Confirmed volunteer service was corrected."""

    record_id: RecordId
    person_id: PersonId
    minutes: Minutes
    previous_minutes: Annotated[
        int, measure("更正前的时长 / how long it was said to be", "分钟 / minutes")
    ]
    source: Source
    date: ServedOn
