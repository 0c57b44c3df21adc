"""Notices as files in a folder: one JSON file each, written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from linkbox.operation.ports import PeerUnreachable


class FileNoticeChannel:
    """Writes each notice to ``FOLDER/<audience>/<id>.json``; writing the same one again changes nothing.

    What could lead out of the folder, or is odd in a file's name, is written as in a URL: ``/`` as ``%2F``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def deliver(self, notice: Mapping[str, Any]) -> None:
        """See NoticeChannel.deliver."""
        target = self._folder / _file_name(str(notice["audience"])) / f"{_file_name(str(notice['id']))}.json"
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = target.with_suffix(".part")
            draft.write_text(json.dumps(dict(notice), indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
            os.replace(draft, target)
        except OSError as error:
            raise PeerUnreachable(f"notice folder {self._folder}", str(error)) from error


def _file_name(text: str) -> str:
    name = quote(text, safe=" ")
    return name if name.strip(".") else name.replace(".", "%2E")
