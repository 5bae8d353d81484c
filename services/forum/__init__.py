"""红色议站: deliberation by the 135 procedure, the liaison chain, and supervision of what follows."""
