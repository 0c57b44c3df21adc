"""Readings as they arrive: checked, flagged, brought to one time base."""

from linkbox.grid.telemetry.batch import UNKNOWN, ReadingBatch, joined, nothing, readings
from linkbox.grid.telemetry.index import FeederIndex
from linkbox.grid.telemetry.quality import Quality, QualityPolicy, named
from linkbox.grid.telemetry.reading import Intake, Reading, Track, accept, milliseconds
from linkbox.grid.telemetry.screen import Screened, screen
from linkbox.grid.telemetry.tracks import NEVER_MS, Tracks, no_tracks, tracks_from_bytes, tracks_to_bytes

__all__ = [
    "NEVER_MS",
    "UNKNOWN",
    "FeederIndex",
    "Intake",
    "Quality",
    "QualityPolicy",
    "Reading",
    "ReadingBatch",
    "Screened",
    "Track",
    "Tracks",
    "accept",
    "joined",
    "milliseconds",
    "named",
    "no_tracks",
    "nothing",
    "readings",
    "screen",
    "tracks_from_bytes",
    "tracks_to_bytes",
]
