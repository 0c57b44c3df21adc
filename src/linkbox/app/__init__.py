"""Configuration, wiring, HTTP API, terminal views and the command line."""
