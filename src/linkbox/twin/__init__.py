"""The street: power flow, households, vehicles, chargers, and the assets that can fail."""
