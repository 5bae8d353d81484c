"""What happens: one function per command, heard fact or timer; each is one transaction."""
