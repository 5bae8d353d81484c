"""Questions answered; reads only."""
