"""A demonstration district and the story that is told on it, through the HTTP interface only."""
