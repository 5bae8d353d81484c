"""Who may do what, and how far: the table of rights, and the walk that compares it with the system."""
