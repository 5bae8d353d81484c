"""A template as it is downloaded passes its own dry run, its example row included (IN-B13)."""

import csv
import io
import time
from datetime import datetime

import httpx
import pytest

from fivered.chassis.installed import service_class, service_names
from fivered.clients.demo.api import Api, Person, token
from fivered.clients.demo.chapters_governance import NEIGHBOURS
from fivered.clients.demo.district import (
    BARBER,
    COMMUNITY,
    COMPANY,
    GRID,
    OFFICIALS,
    PEOPLE,
    PROJECT,
    SECOND_GRID,
    District,
)

# What an example names need not exist; everything else of it is right.
UNKNOWN = {"UNKNOWN_GRID", "UNKNOWN_PLACE", "UNKNOWN_PERSON", "IDENTITY_NOT_VERIFIED", "NOT_FOUND"}
# For each kind, what the demonstration has of the things that the example names.
OWNER, CADRE, MERCHANT = (PEOPLE[who].person_id for who in ("owners", "cadre", "barber"))
SITTING = [PEOPLE[who].person_id for who in ("owners", *NEIGHBOURS[:4])]
THERE = {
    "agreements": {"project_id": PROJECT},
    "areas": {},
    "awards": {"subject": f"RES:{PEOPLE['resident'].person_id}"},
    "committees": {"project_id": PROJECT, "members": "|".join(SITTING), "chair": SITTING[0]},
    "companies": {},
    "consents": {"person_id": OWNER},
    "deputies": {"person_id": OWNER, "streets": COMMUNITY[:9]},
    "liaisons": {"official_id": OFFICIALS["cadre"], "target": SECOND_GRID},
    "officials": {"person_id": OWNER, "area": COMMUNITY},
    "offers": {"partner_id": BARBER, "scope": COMMUNITY, "operator": MERCHANT, "approver": CADRE},
    "partners": {"area": COMMUNITY, "operators": OWNER},
    "people": {"grid": GRID},
    "projects": {
        "company_id": COMPANY, "community": COMMUNITY, "grids": GRID, "manager_person_id": OWNER,
    },
    "places": {"place_code": f"{COMMUNITY}-901"},
    "rooms": {"project_id": PROJECT, "owners": OWNER},
    "stewards": {"person_id": OWNER, "grids": GRID},
    "volunteer-hours": {"person_id": OWNER},
}  # fmt: skip
KINDS = [
    (service, importer.kind)
    for service in sorted(service_names())
    for importer in getattr(service_class(service), "importers", ())
]
CLERK = Person("clerk", "per_clerk", (("R_DISTRICT", "370811"),))


def changed(template, **cells):
    heads, row = csv.reader(io.StringIO(template))
    assert not set(cells) - set(heads)
    out = io.StringIO()
    csv.writer(out).writerows(
        [heads, [cells.get(head, cell) for head, cell in zip(heads, row, strict=True)]]
    )
    return out.getvalue()


def dry_run(site, path, text, key):
    sent = {"Content-Type": "text/csv", "Idempotency-Key": key}
    begun = site.post(path, content=text.encode(), headers=sent, params={"dry_run": "true"})
    assert begun.status_code == 202, begun.text
    while True:
        job = site.get(f"/v1/{path.split('/')[2]}/jobs/{begun.json()['id']}").json()
        if job["state"] not in {"QUEUED", "RUNNING", "WAITING"}:
            return job["state"], {one["code"] for one in job["result"].get("errors", ())}
        time.sleep(0.05)


@pytest.mark.timeout(300)
def test_a_template_passes_its_own_dry_run(embedded):
    """IN-B13: the date of `awards` was too old, and its level none of its rule's."""
    # Two of the examples name a person whom nobody will tell of.
    running = embedded.start(FIVERED_IMPORT_PATIENCE_S="0.5")
    api = Api(running.address, running.token_key)
    District(api).load()
    headers = {"Authorization": f"Bearer {token(running.token_key, CLERK)}"}
    site = httpx.Client(base_url=running.address, headers=headers, trust_env=False, timeout=30)
    told = {}
    for today in ("2025-03-03T10:00:00+08:00", "2026-11-28T10:00:00+08:00"):
        api.move_clock(datetime.fromisoformat(today), CLERK)
        for service, kind in KINDS:
            path = f"/v1/{service}/imports/{kind}"
            template = site.get(path).raise_for_status().json()["template"]
            key = f"{kind}-{today[:10]}"
            told[kind, today, "as it is"] = dry_run(site, path, template, key)
            there = changed(template, **THERE[kind])
            told[kind, today, "of what is there"] = dry_run(site, path, there, f"{key}-there")
    site.close()
    api.close()
    wrong = {
        asked: (state, codes)
        for asked, (state, codes) in told.items()
        if state != "DONE" or codes - (UNKNOWN if asked[2] == "as it is" else set())
    }
    assert not wrong, "\n".join(map(str, sorted(wrong.items())))
