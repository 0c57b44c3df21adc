"""Suppliers' files by SFTP: each file is uploaded under another name and then renamed, so nobody reads half a file.

Needs the extra ``sftp``. The server's key must be known beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from linkbox.operation.ports import PeerRefused, PeerUnreachable
from linkbox.records.messages import supplier_files


@dataclass(frozen=True, slots=True, kw_only=True)
class SftpPlace:
    """One supplier's place. ``host_key`` is the server's public key in OpenSSH form; ``key`` our own key's file."""

    host: str
    user: str
    host_key: str
    port: int = 22
    folder: str = "."
    key: Path | None = None
    password: str = field(default="", repr=False)
    timeout_s: float = 30.0


class SftpSupplierChannel:
    """Uploads each supplier's files to its own place; a supplier without one is refused."""

    def __init__(self, places: Mapping[str, SftpPlace]) -> None:
        self._places = dict(places)

    async def deliver(self, notice: Mapping[str, Any]) -> None:
        """See NoticeChannel.deliver."""
        supplier = str(notice.get("supplier", ""))
        place = self._places.get(supplier)
        if place is None:
            raise PeerRefused("SFTP", f"no place is set up for {supplier!r}")
        await _upload(place, supplier_files(notice))


async def _upload(place: SftpPlace, files: Mapping[str, bytes]) -> None:
    try:
        import asyncssh
    except ImportError as error:
        raise PeerRefused("SFTP", "the extra is not installed: pip install 'linkbox[sftp]'") from error
    known = asyncssh.import_known_hosts(f"{_host_pattern(place)} {place.host_key}\n")
    try:
        async with (
            asyncssh.connect(
                place.host,
                place.port,
                username=place.user,
                known_hosts=known,
                client_keys=[str(place.key)] if place.key else None,
                password=place.password or None,
                connect_timeout=place.timeout_s,
                login_timeout=place.timeout_s,
            ) as connection,
            connection.start_sftp_client() as sftp,
        ):
            for name, octets in files.items():
                target = f"{place.folder}/{name}"
                async with sftp.open(f"{target}.part", "wb") as draft:
                    await draft.write(octets)
                await sftp.posix_rename(f"{target}.part", target)
    except (OSError, asyncssh.Error, TimeoutError) as error:
        raise PeerUnreachable("SFTP", type(error).__name__) from error


def _host_pattern(place: SftpPlace) -> str:
    return place.host if place.port == 22 else f"[{place.host}]:{place.port}"
