"""What property publishes of outages, works and faults."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from fivered.chassis.facts import fact, moment, words
from fivered.chassis.fields import Grid, ProjectId
from fivered.services.property.fields import IncidentId, KindOfIncident, NatureOfIncident

Number = Annotated[str, Meta(description="通告号 / number of the announcement")]
Grids = Annotated[list[Grid], Meta(description="受影响的网格 / the grids that are affected")]
Buildings = Annotated[
    list[str],
    Meta(description="受影响的楼栋,空为全部 / the buildings; none means all of the grids"),
]
Title = Annotated[str, Meta(description="公开标题 / the public heading")]
StartsAt = Annotated[datetime, moment("开始时间,UTC / when it begins, in UTC")]
EndsAt = Annotated[datetime, moment("预计结束时间,UTC / when it is expected to end, in UTC")]


@fact(
    "incident_announced.v1",
    about="incident",
    visibility="public",
    when="发布停供、施工、故障通告时,一次 / as an outage, works or a fault is announced; once",
    by=("announce_incident",),
)
class IncidentAnnounced:
    """停供、施工、故障通告 / Something is cut off, worked on or broken, and where."""

    incident_id: IncidentId
    number: Number
    kind: KindOfIncident
    nature: NatureOfIncident
    grids: Grids
    buildings: Buildings
    title: Title
    starts_at: StartsAt
    ends_at: EndsAt
    project_id: ProjectId | None = None


@fact(
    "incident_updated.v1",
    about="incident",
    visibility="public",
    when="范围、时间或进展有变时,每次 / each time its place, its times or its state of affairs "
    "change",
    by=("update_incident",),
    after=("incident_announced.v1",),
)
class IncidentUpdated:
    """通告更新 / What is known of it now; the whole replaces what was said before."""

    incident_id: IncidentId
    number: Number
    kind: KindOfIncident
    nature: NatureOfIncident
    grids: Grids
    buildings: Buildings
    title: Title
    starts_at: StartsAt
    ends_at: EndsAt
    project_id: ProjectId | None = None


@fact(
    "incident_ended.v1",
    about="incident",
    visibility="public",
    when="恢复或取消时,一次 / when it is over, or will not happen; once",
    by=("end_incident", "cancel_incident"),
    after=("incident_announced.v1", "incident_updated.v1"),
)
class IncidentEnded:
    """恢复或取消 / It is over, or does not happen."""

    incident_id: IncidentId
    state: Annotated[str, words("恢复或取消 / over, or cancelled", "ENDED", "CANCELLED")]
    ended_at: Annotated[datetime, moment("恢复或取消时间,UTC / since when, in UTC")]
