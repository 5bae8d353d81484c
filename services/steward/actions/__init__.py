"""One function per command, timer or consumed event: one transaction each."""
