"""For all tests: no test fails because the machine is slow, so hypothesis has no deadline for an example."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("linkbox", deadline=None)
settings.load_profile("linkbox")
