"""Actions of credit: one function per command, heard event or timer; one transaction each."""
