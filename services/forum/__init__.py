"""红色议站: deliberation by 135, the liaison chain, and supervision of what follows."""
