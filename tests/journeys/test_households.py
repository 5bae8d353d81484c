"""Households and callers through HTTP: what is refused, and in which words."""

from fivered.services.steward.tests.ground import (
    COMMUNITY,
    GRID,
    LI,
    OTHER_CADRE,
    STAFF,
    WANG,
    person_id,
)
from tests.journeys.test_requests import REQUESTS, filed, made, site, tell

PEOPLE = "/v1/steward/people"
ELSEWHERE = COMMUNITY[:9] + "999"
TWIN = person_id(51)

__all__ = ["site"]  # the fixture


def as_cadre(site, path, body, version=None, *, person=OTHER_CADRE, verb="POST"):
    return tell(site, "R_CADRE", person, path, body, version=version, verb=verb)


def refused(answer, status, guard):
    problem = answer.json()
    assert (answer.status_code, problem.get("guard")) == (status, guard), answer.text
    return problem


def test_a_household_lives_in_one_community(site):
    """B3: by registration, in a batch and by a move."""
    for code, kind in ((ELSEWHERE, "COMMUNITY"), (ELSEWHERE + "001", "GRID")):
        made(site, "/v1/steward/areas", {"code": code, "name": "他处", "kind": kind})
    home = {"name": "陈静", "synthetic": True, "grid": GRID, "household_id": "hh_1"}
    made(site, PEOPLE, home)
    away = home | {"name": "何平", "grid": ELSEWHERE + "001"}
    problem = refused(site.ask("POST", PEOPLE, json=away), 422, "HOUSEHOLD_ELSEWHERE")
    assert problem["field"] == "household_id"
    lines = site.ask("POST", f"{PEOPLE}-batch", json={"people": [away, home]}).json()["items"]
    assert [line["result"] for line in lines] == ["HOUSEHOLD_ELSEWHERE", "stored"]
    move = {"to_grid": ELSEWHERE + "001", "household_id": "hh_1"}
    answer = site.ask("POST", f"{PEOPLE}/{WANG}/move", json=move, headers={"If-Match": '"1"'})
    refused(answer, 422, "HOUSEHOLD_ELSEWHERE")


def test_the_dead_and_the_merged_are_told_so_in_words(site):
    """B2, K10: a right outlives its holder, his voice does not."""
    request = filed(site).json()
    made(site, PEOPLE, {"person_id": TWIN, "name": "李明", "synthetic": True, "grid": GRID})
    merge = {"into": LI, "reason": "同一人登记两次"}
    first = as_cadre(site, f"{PEOPLE}/{TWIN}/merge", merge, 1).json()
    second = as_cadre(site, f"{PEOPLE}/{TWIN}/merge", merge, 1, person=STAFF)
    assert (second.status_code, second.json()["code"]) == (409, "STATE_CONFLICT")
    assert second.json()["message_zh"] == "当前状态为“待他人审核”,不能执行此操作"
    assert "PROPOSED" not in second.json()["message_en"]
    decide = f"/v1/steward/person-merges/{first['id']}/decide"
    assert as_cadre(site, decide, {"confirmed": True}, 1, person=STAFF).status_code == 200
    dead = {"reason": "DECEASED"}
    assert as_cadre(site, f"{PEOPLE}/{WANG}/deactivate", dead, 1).status_code == 200
    died = {"confirmed": True}
    assert as_cadre(site, f"{PEOPLE}/{WANG}/death", died, 1, person=STAFF).status_code == 200
    cancel = f"{REQUESTS}/{request['id']}/cancel"
    answers = [
        tell(site, "R_RESIDENT", WANG, cancel, {}, version=request["version"]),
        filed(site, person=WANG),
        filed(site, person=TWIN),
    ]
    for answer in answers:
        problem = refused(answer, 422, "NOT_REGISTERED")
        assert problem["params"] == {}
        assert LI not in answer.text
    assert filed(site, person=LI).status_code == 201


def test_old_hours_are_refused_with_the_first_day(site):
    """B5."""
    hours = {"person_id": WANG, "minutes": 60, "source": "BACKFILL", "activity": "清雪"}
    path = "/v1/steward/volunteer-hours"
    problem = refused(as_cadre(site, path, hours | {"date": "2019-01-01"}), 422, "TOO_OLD")
    assert "2024-03-04" in problem["message_zh"]
    assert "2024-03-04" in problem["message_en"]
    assert as_cadre(site, path, hours | {"date": "2024-03-04"}).status_code == 201


def test_the_handler_calls_back_who_was_merged(site):
    stays, other = filed(site).json(), filed(site, person=LI).json()
    into = {"into": stays["id"]}
    path = f"{REQUESTS}/{other['id']}"
    assert as_cadre(site, f"{path}/merge", into, other["version"]).status_code == 200
    now = as_cadre(site, f"{REQUESTS}/{stays['id']}", None, verb="GET").json()
    accept = f"{REQUESTS}/{stays['id']}/accept"
    assert tell(site, "R_STEWARD", STAFF, accept, version=now["version"]).status_code == 200
    (one,) = tell(site, "R_STEWARD", STAFF, f"{REQUESTS}/{stays['id']}", verb="GET").json()[
        "followers"
    ]
    assert (one["id"], one["reporter_id"], one["contacted_at"]) == (other["id"], LI, None)
    done = tell(
        site, "R_STEWARD", STAFF, f"{path}/contact", {"note": "已电话联系"}, version=one["version"]
    )
    assert (done.status_code, done.json()["state"]) == (200, "MERGED")
    own = tell(site, "R_RESIDENT", LI, f"{path}/timeline", verb="GET").json()["items"]
    assert "contact" in [line["action"] for line in own]
