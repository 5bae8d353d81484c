"""The gateway: the one open port; it knows how to ask the services, and none of their rules."""
