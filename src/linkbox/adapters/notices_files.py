"""Notices as files in a folder: one JSON file each, written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from linkbox.operation.ports import PeerUnreachable


class FileNoticeChannel:
    """Writes each notice to ``FOLDER/<audience>/<id>.json``; writing the same one again changes nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def deliver(self, notice: Mapping[str, Any]) -> None:
        """See NoticeChannel.deliver."""
        target = self._folder / str(notice["audience"]) / f"{notice['id']}.json"
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = target.with_suffix(".part")
            draft.write_text(json.dumps(dict(notice), indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
            os.replace(draft, target)
        except OSError as error:
            raise PeerUnreachable(f"notice folder {self._folder}", str(error)) from error
