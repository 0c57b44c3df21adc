"""Where the published GBCS messages are, and what is in them."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

import pytest

from linkbox.dcc.gbcs import Cra, Message
from linkbox.dcc.smki import Certificate, TrustStore

_DEFAULT = Path(__file__).parents[3] / "shared" / "vectors"
FOLDER = Path(os.environ.get("LINKBOX_VECTORS", _DEFAULT))
ACCESS_CONTROL_BROKER = "90b3d51f30000002"

Capture = pytest.CaptureFixture[str]

needs_vectors = pytest.mark.skipif(
    not (FOLDER / "gbcs").is_dir(), reason=f"published GBCS messages not found at {FOLDER} (set LINKBOX_VECTORS)"
)


@cache
def messages() -> dict[str, bytes]:
    """Every published message by its name, without the ending ``_GBCS.HEX``."""
    files = sorted((FOLDER / "gbcs").glob("*/*_GBCS.HEX"))
    return {file.name.removesuffix("_GBCS.HEX"): bytes.fromhex(file.read_text().strip()) for file in files}


def named(part: str) -> list[str]:
    """The names of the messages that hold ``part``."""
    return [name for name in messages() if part in name]


@cache
def trust() -> TrustStore:
    """Every certificate of the published set."""
    return TrustStore(
        Certificate.from_pem(file.read_bytes()) for file in sorted((FOLDER / "certificates").glob("*.pem"))
    )


@cache
def _secrets() -> dict[str, str]:
    secrets: dict[str, str] = json.loads((FOLDER / "gbcs" / "ecdh-z.json").read_text())
    return secrets


def secret_of(message: Message) -> bytes:
    """The shared secret Z under which ``message`` has its MAC."""
    device = message.recipient if message.cra is Cra.COMMAND else message.originator
    party = ACCESS_CONTROL_BROKER if message.cra is Cra.COMMAND else message.recipient.octets.hex()
    return bytes.fromhex(_secrets()[f"{party}+{device.octets.hex()}"])


def say(capsys: Capture, text: str) -> None:
    """Show a count to whoever runs the tests."""
    with capsys.disabled():
        print(f"\n{text}")  # noqa: T201 - issue 3 asks that a test prints the counts
