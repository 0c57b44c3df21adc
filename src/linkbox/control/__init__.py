"""Deciding: the ledger of minutes, exact plans, the intervention's state table, release."""
