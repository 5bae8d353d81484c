"""One file per service: which HTTP call leads to which command or query."""
