"""Open311 GeoReport v2, as a program that knows the standard and nothing of ours goes through it."""

from xml.etree import ElementTree as ET

import pytest

from fivered.services.steward.tests.ground import COMMUNITY, GRID
from tests.journeys.test_service_accounts import FAR, asked, learn, made, site

__all__ = ["site"]  # the fixture
BASE = "/open311/v2"
RING = [[116.58, 35.40], [116.59, 35.40], [116.59, 35.41], [116.58, 35.41], [116.58, 35.40]]
AT = {"lat": "35.405", "long": "116.585"}


def get(site, path, **asked):
    return site.ask("GET", f"{BASE}/{path}", grants=None, params=asked)


def post(site, form, headers=None, *, form_type="json"):
    return site.ask(
        "POST", f"{BASE}/requests.{form_type}", grants=None, key=False, data=form,
        headers=headers or {},
    )  # fmt: skip


def refused(answer, status):
    assert answer.status_code == status, answer.text
    (error,) = answer.json()
    assert error["code"] == status
    assert error["description"]
    return error["description"]


def test_a_program_finds_files_and_follows_by_the_standard_alone(site):
    shape = {"shape_code": GRID, "geometry": {"type": "Polygon", "coordinates": [RING]}}
    assert site.ask("POST", "/v1/steward/shapes", json=shape).status_code == 201
    account, secret = made(site, "open311")
    other, other_secret = made(site, "public.read")
    asked(site, account["id"], secret)  # with it the first signing key is made
    learn(site)
    key = f"{account['id']}:{secret}"

    found = get(site, "discovery.json").json()
    assert found["endpoints"][0]["url"].endswith(BASE)
    assert found["endpoints"][0]["formats"] == ["application/json", "text/xml"]
    services = {one["service_code"]: one for one in get(site, "services.json").json()}
    assert services["LIFT"] | {"service_name": "电梯"} == services["LIFT"]
    assert services["LIFT"]["metadata"] is True
    listed = ET.fromstring(get(site, "services.xml").content)
    assert (listed.tag, len(listed.findall("service"))) == ("services", len(services))
    definition = get(site, "services/LIFT.json").json()
    assert [one["code"] for one in definition["attributes"]] == [
        "building",
        "indoor",
        "external_id",
    ]
    whole = ET.fromstring(get(site, "services/LIFT.xml").content)
    assert whole.tag == "service_definition"
    assert whole.find("attributes/attribute[2]/values/value/key").text == "true"

    # Filed by a form, at a point of the map.
    order = {
        "api_key": key, "jurisdiction_id": COMMUNITY, "service_code": "LIFT", **AT,
        "description": "电梯停运 <困人> & 求助", "phone": "12812345678", "last_name": "王",
        "attribute[building]": "3号楼", "attribute[external_id]": "FMS-7", "device_id": "x",
    }  # fmt: skip
    answer = post(site, order)
    assert answer.status_code == 200, answer.text
    (filed,) = answer.json()
    number = filed["service_request_id"]
    assert number.startswith("SR-")
    # The same again is the same; by XML too.
    again = ET.fromstring(post(site, order, form_type="xml").content)
    assert again.find("request/service_request_id").text == number
    with site.runtimes["steward"].engine.connect() as conn:
        kept = "select grid, building, kind, category, recorded_by from requests"
        row = conn.exec_driver_sql(kept).all()
    assert row == [(GRID, "3号楼", "REPAIR", "LIFT", account["id"])]

    # Anybody reads how it goes, and nobody reads words, door or phone.
    (told,) = get(site, f"requests/{number}.json").json()
    assert (told["status"], told["service_code"], told["description"]) == ("open", "LIFT", None)
    assert told["lat"] == pytest.approx(35.405)
    for form in ("json", "xml"):
        text = get(site, f"requests.{form}", status="open").text
        assert number in text
        assert not any(word in text for word in ("困人", "12812345678", "3号楼", "王", "per_"))
    assert get(site, "requests.json", status="closed").json() == []
    assert get(site, "requests.json", service_code="GAS").json() == []
    assert len(get(site, "requests.json", service_request_id=f"{number},SR-1").json()) == 1
    assert get(site, "requests.json", end_date="2025-03-03T00:00:00Z").json() == []
    (token,) = get(site, f"tokens/{number}.json").json()
    assert token == {"service_request_id": number, "token": number}
    updates = get(site, "servicerequestupdates.json", service_request_id=number).json()
    assert [one["status"] for one in updates] == ["open"]
    assert updates[0]["description"] == "诉求已提交"
    tree = ET.fromstring(get(site, "servicerequestupdates.xml").content)
    assert tree.find("request_update/service_request_id").text == number

    # What happens behind a door is followed by who has filed it, and by nobody else.
    sad = {"api_key": key, "service_code": "NOISE", "address_id": GRID, "description": "深夜"}
    answer = post(site, sad)
    assert answer.status_code == 200, answer.text
    (filed,) = answer.json()
    own = filed["service_request_id"]
    assert get(site, f"requests/{own}.json").status_code == 404
    by_key = get(site, f"requests/{own}.json", api_key=key).json()
    assert by_key[0]["status"] == "open"
    assert own in get(site, "servicerequestupdates.json", api_key=key).text
    assert own not in get(site, "servicerequestupdates.json").text

    # The system that has filed it adds to it; the handler hears of it, and it is written once.
    more = {
        "api_key": key, "service_request_id": own, "description": "今晚又响了", "update_id": "u1",
        "status": "OPEN",
    }  # fmt: skip

    desk = {"channel": "PHONE", "kind": "REPAIR", "category": "LIFT", "grid": GRID, "text": "停运"}
    foreign = site.ask("POST", "/v1/steward/requests", json=desk).json()

    def update(form, form_type="json"):
        return site.ask(
            "POST", f"{BASE}/servicerequestupdates.{form_type}", grants=None, key=False, data=form
        )

    answer = update(more)
    assert answer.status_code == 200, answer.text
    (added,) = answer.json()
    assert added["service_request_id"] == own
    again = ET.fromstring(update(more, "xml").content)
    assert again.find("request_update/update_id").text == added["update_id"]
    with site.runtimes["steward"].engine.connect() as conn:
        assert conn.exec_driver_sql("select kind, author_id from request_notes").all() == [
            ("INFO", account["id"])
        ]
    assert "update_id" in update(more | {"update_id": "u2", "status": "CLOSED"}).text
    assert get(site, f"requests/{own}.json", api_key=key).json()[0]["status"] == "open"
    refused(update(more | {"service_request_id": "SR-20250303-015901-99999"}), 404)
    refused(update(more | {"service_request_id": foreign["number"]}), 404)
    refused(update({"api_key": key, "service_request_id": own}), 400)
    refused(update(more | {"api_key": f"{other['id']}:{other_secret}"}), 403)

    for link in ("javascript:alert(1)", "https://a b/c.jpg", "http://图/"):
        assert "media_url" in refused(update(more | {"media_url": link}), 400)
    outside = "https://photos.example/a.jpg?x=1"
    answer = update(more | {"media_url": outside, "update_id": "u3"})
    assert answer.status_code == 200, answer.text

    # The standard's errors.
    without = {name: value for name, value in order.items() if name != "api_key"}
    refused(post(site, without), 403)
    refused(post(site, without | {"api_key": f"{account['id']}:wrong"}), 403)
    refused(post(site, without | {"api_key": f"{other['id']}:{other_secret}"}), 403)
    refused(post(site, order | {"service_code": "NONE"}), 404)
    refused(post(site, order | {"jurisdiction_id": "boston.gov"}), 404)
    assert "不在已登记的范围内" in refused(post(site, order | {"lat": "35.9"}), 400)
    refused(post(site, {name: one for name, one in order.items() if name != "lat"}), 400)
    refused(post(site, order | {"address_id": FAR}), 403)
    assert "text" in refused(post(site, order | {"description": "x" * 1001}), 400)
    assert "FMS-7" in refused(post(site, order | {"description": "别的"}), 400)
    refused(get(site, "requests.json", status="done"), 400)
    refused(get(site, "requests.json", start_date="yesterday"), 400)
    refused(get(site, "requests/SR-1.json"), 404)
    refused(get(site, "services/NONE.json"), 404)
    error = ET.fromstring(get(site, "services/NONE.xml").content)
    assert (error.tag, error.find("error/code").text) == ("errors", "404")
