"""Notices as files in a folder, written whole or not at all: as they would be sent, and for those who fetch files."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from linkbox.operation.ports import PeerUnreachable
from linkbox.records.messages import email_of, supplier_files, text_message_of

_SENDER = "Linkbox Networks <notices@linkbox.invalid>"


class FileNoticeChannel:
    """Writes each notice to ``FOLDER/<audience>/<id>.json``; writing the same one again changes nothing.

    Beside it stands what the channel would send: ``<id>.eml`` for an e-mail, ``<id>.sms.txt`` for a text message.
    What could lead out of the folder, or is odd in a file's name, is written as in a URL: ``/`` as ``%2F``."""

    def __init__(self, folder: Path, *, sender: str = _SENDER) -> None:
        self._folder, self._sender = folder, sender

    async def deliver(self, notice: Mapping[str, Any]) -> None:
        """See NoticeChannel.deliver."""
        stem = self._folder / _file_name(str(notice["audience"])) / _file_name(str(notice["id"]))
        record = json.dumps(dict(notice), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        files = {f"{stem}.json": record.encode()}
        if notice.get("channel") == "e-mail":
            files[f"{stem}.eml"] = bytes(email_of(notice, sender=self._sender))
        elif notice.get("channel") == "SMS":
            files[f"{stem}.sms.txt"] = f"{text_message_of(notice)}\n".encode()
        _write_all(files, f"notice folder {self._folder}")


class SupplierDrop:
    """Puts each supplier's files into ``FOLDER/<supplier>/``: CSV, JSON and their signatures. Nothing else is there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def deliver(self, notice: Mapping[str, Any]) -> None:
        """See NoticeChannel.deliver."""
        folder = self._folder / _file_name("-".join(str(notice["supplier"]).split()))
        files = {str(folder / _file_name(name)): octets for name, octets in supplier_files(notice).items()}
        _write_all(files, f"suppliers' folder {self._folder}")


def _write_all(files: Mapping[str, bytes], where: str) -> None:
    try:
        for name, octets in files.items():
            target = Path(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = target.with_name(f"{target.name}.part")
            draft.write_bytes(octets)
            os.replace(draft, target)
    except OSError as error:
        raise PeerUnreachable(where, str(error)) from error


def _file_name(text: str) -> str:
    name = quote(text, safe=" ")
    return name if name.strip(".") else name.replace(".", "%2E")
