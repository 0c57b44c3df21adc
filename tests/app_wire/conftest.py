"""Fixtures of this folder."""

from tests.app_wire.tool import password, pki

__all__ = ["password", "pki"]
