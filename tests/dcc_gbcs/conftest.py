"""Properties here are not judged by the clock: the machine that runs them may be busy."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("without-deadline", deadline=None)
settings.load_profile("without-deadline")
