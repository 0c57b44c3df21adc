"""Letters, e-mails and messages that ask for consent, from templates: our own in English and Welsh, or a folder's.

A template is a text file ``LANGUAGE/CHANNEL.txt`` whose first line is ``Subject: …``; what is left of the first empty
line on is the body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import FileSystemLoader, PackageLoader, StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from linkbox.base.errors import InvalidInput, Issue
from linkbox.operation.letters import Asked, Letter

LANGUAGES = ("en", "cy")
CHANNELS = ("letter", "e-mail", "message")


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterHead:
    """Who writes, and how to answer."""

    name: str = "Linkbox Networks"
    phone: str = "105"
    website: str = "the power cut website"


class TemplateLetters:
    """Renders letters. ``fields`` of a selection (a name, an address) are there under their own names."""

    def __init__(self, head: LetterHead, folder: Path | None = None) -> None:
        """``folder``: own templates, one for each language and channel that is used."""
        loader = PackageLoader("linkbox.adapters.letters", "templates") if folder is None else FileSystemLoader(folder)
        self._head = head
        self._jinja = SandboxedEnvironment(
            loader=loader,
            undefined=StrictUndefined,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )

    def render(self, asked: Asked, channel: str) -> Letter:
        """One letter; raise InvalidInput where the template asks for what there is not."""
        name = f"{asked.language}/{channel}.txt"
        try:
            text = self._jinja.get_template(name).render(self._values(asked))
        except (TemplateError, OSError) as error:
            rule = f"{type(error).__name__}: {error.message if isinstance(error, TemplateError) else error}"
            raise InvalidInput("letter", [Issue(where=name, value=asked.reference, rule=rule)]) from error
        first, _, body = text.partition("\n")
        if not first.startswith("Subject:") or not body.strip():
            rule = "must begin with a line 'Subject: …', and have a body"
            raise InvalidInput("letter", [Issue(where=name, value=first[:40], rule=rule)])
        return Letter(subject=first.removeprefix("Subject:").strip(), body=body.lstrip("\n"))

    def _values(self, asked: Asked) -> Mapping[str, object]:
        usual = {"name": "", "address": ""}
        return usual | dict(asked.fields) | {"asked": asked, "head": self._head, "date": asked.at.strftime("%d/%m/%Y")}
