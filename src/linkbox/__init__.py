"""Linkbox keeps a street's lights on: it watches low-voltage feeders, calls the market first, and as a last
resort asks the smart metering system to hold consenting customers' chargers down for a bounded time."""

__version__ = "0.1.0"
