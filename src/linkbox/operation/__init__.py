"""The shell's use-cases: ports, unit of work, outbox and inbox, translation between control and dcc."""
