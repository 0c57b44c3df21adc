"""Readings from outside: the formats that they come in, and the ways that they take."""
