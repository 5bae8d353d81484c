"""A synthetic district as CSV files, and their import through the HTTP interface."""
