"""Questions that credit answers; reads only."""
