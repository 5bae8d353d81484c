"""The steward service 红色管家: ground, people, stewards and residents' requests."""
