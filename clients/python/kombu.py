"""`import fivered_client.kombu` lets kombu, and what stands on it (nameko, Celery), read events.

kombu does not know the content type application/cloudevents+json, and what it cannot read it
acknowledges and drops. The import registers it as the serializer "cloudevents"; a consumer names
that in what it accepts: `Consumer(..., accept=["cloudevents"])`; nameko:
`ACCEPT: [json, cloudevents]`.
A body is the event as a dictionary. kombu itself is not installed with this package.
"""

from __future__ import annotations

import json

from kombu.serialization import register

CONTENT_TYPE = "application/cloudevents+json"
NAME = "cloudevents"

register(NAME, json.dumps, json.loads, CONTENT_TYPE, "utf-8")
