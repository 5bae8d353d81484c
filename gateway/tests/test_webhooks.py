"""The OpenAPI document says what a receiver of webhooks is sent; a real one is sent just that."""

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from fivered.chassis.tests.hooked import (  # noqa: F401
    add,
    database_url,
    quick,
    receiver_of_test,
    say,
    sender_of_test,
    told_of_test,
)
from fivered.gateway.app import routed
from fivered.gateway.openapi import Document
from fivered.gateway.tests.conftest import Site

pytestmark = pytest.mark.slow


def test_the_document_says_what_a_webhook_sends(host, told, receiver, sender):
    """ECOSYSTEM 1: the section was absent. What is sent fits what it says."""
    document = Site(host).build(services=routed()).app.state.document.build()
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []
    sent = document["webhooks"]["publicEvent"]["post"]
    add(told, receiver)
    say(told, "a")
    (one,) = receiver.wait_for(1)
    (media_type, media), *_ = sent["requestBody"]["content"].items()
    assert one.headers["content-type"] == media_type
    for parameter in sent["parameters"]:
        assert parameter["required"]
        assert one.headers[parameter["name"]]
    checked = Draft202012Validator(
        {**media["schema"], "components": document["components"]},
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )
    for body in (one.event, media["example"]):
        assert [flaw.message for flaw in checked.iter_errors(body)] == []
    assert {"2XX", "410"} < sent["responses"].keys()
    alone = Document(title="x", version="1", doors=[], demo=False).build()
    assert "webhooks" not in alone
