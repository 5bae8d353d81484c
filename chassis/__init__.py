"""Mechanisms that every service shares and that know no service: envelope, outbox, inbox, hosts."""
