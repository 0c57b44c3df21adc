"""The wire: SMKI, DUIS, GBCS and the exchange of a service request, sans I/O, usable on its own."""
