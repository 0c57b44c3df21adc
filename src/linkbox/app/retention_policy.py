"""Which retention periods are in force: those that come with Linkbox, or a distributor's own file."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from linkbox.app.wire_io import bad_input
from linkbox.operation.retention_desk import KINDS
from linkbox.records.retention import RetentionPolicy, policy_from_toml


def read_policy(path: Path | None) -> RetentionPolicy:
    """The policy in a file, or the default. Raise InvalidInput with everything that is wrong with it."""
    if path is None:
        text = files("linkbox.app").joinpath("retention.toml").read_text("utf-8")
        return policy_from_toml(text, where="retention.toml", kinds=KINDS)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise bad_input("--policy", str(path), f"can not be read ({type(error).__name__})") from error
    return policy_from_toml(text, where=path.name, kinds=KINDS)
