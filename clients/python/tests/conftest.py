"""A broker for the client: FIVERED_TEST_BROKER, or a private one of the chassis."""

from testkit.bench import broker_url, private_rabbit

__all__ = ["broker_url", "private_rabbit"]
