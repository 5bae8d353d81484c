"""One function per command, heard batch or timer; each is one transaction."""
