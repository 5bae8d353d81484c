"""What the forum does: one function per command, heard event or timer, each one transaction."""
