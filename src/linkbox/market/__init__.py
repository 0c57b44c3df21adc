"""The market first: contracts, call-off, measured delivery, shortfall."""
