"""The other side of the wire: the DCC and the devices behind it, with faults as seeded data."""
