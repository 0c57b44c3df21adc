"""The ways to customers and suppliers from a TOML file. Secrets are named by environment variables, not written.

[smtp]                              # e-mail
host = "mail.example"
sender = "Your Networks <notices@networks.example>"
user = "linkbox"
password_env = "LINKBOX_SMTP_PASSWORD"

[sms]                               # any gateway that takes one JSON object
url = "https://gateway.example/messages"
token_env = "LINKBOX_SMS_TOKEN"
fields = { to = "recipient", sender = "from", text = "body", reference = "client_ref" }

[webhook]
secret_env = "LINKBOX_WEBHOOK_SECRET"

[folders]
notices = "notices"                 # a copy of everything, and the call list
suppliers = "suppliers"

[sftp."Alder Energy"]
host = "files.alder.example"
user = "linkbox"
host_key = "ssh-ed25519 AAAA…"
key = "alder_ed25519"
"""

from __future__ import annotations

import hashlib
import hmac
import os
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from linkbox.adapters.notices_files import FileNoticeChannel, SupplierDrop
from linkbox.adapters.notices_routed import RoutedNoticeChannel
from linkbox.adapters.notify_http import SmsGateway, SmsNoticeChannel, WebhookNoticeChannel
from linkbox.adapters.notify_smtp import MailServer, SmtpNoticeChannel
from linkbox.adapters.suppliers_sftp import SftpPlace, SftpSupplierChannel
from linkbox.base.errors import InvalidInput, Issue
from linkbox.operation.ports import NoticeChannel

Text = Annotated[str, Field(min_length=1, max_length=500)]
Port = Annotated[int, Field(ge=1, le=65535)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SmtpPart(_Part):
    """How e-mail leaves."""

    host: Text
    port: Port = 587
    sender: Text
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    user: str = ""
    password_env: str = ""


class SmsPart(_Part):
    """How text messages leave."""

    url: Text
    sender: Text = "Linkbox"
    token_env: str = ""
    fields: dict[Literal["to", "sender", "text", "reference"], Text] | None = None


class WebhookPart(_Part):
    """How webhooks are signed: each address has its own secret, made from this one."""

    secret_env: Text


class FoldersPart(_Part):
    """Where files go."""

    notices: Path = Path("notices")
    suppliers: Path = Path("suppliers")


class SftpPart(_Part):
    """One supplier's place."""

    host: Text
    port: Port = 22
    user: Text
    host_key: Text
    folder: Text = "."
    key: Path | None = None
    password_env: str = ""


class ChannelsConfig(_Part):
    """The whole file."""

    smtp: SmtpPart | None = None
    sms: SmsPart | None = None
    webhook: WebhookPart | None = None
    folders: FoldersPart = FoldersPart()
    sftp: dict[str, SftpPart] = Field(default_factory=dict)

    def within(self, folder: Path) -> ChannelsConfig:
        """The same, its paths relative to ``folder``."""
        folders = FoldersPart(notices=folder / self.folders.notices, suppliers=folder / self.folders.suppliers)
        keys = {n: p.model_copy(update={"key": p.key and folder / p.key}) for n, p in self.sftp.items()}
        return self.model_copy(update={"folders": folders, "sftp": keys})


def read_channels(path: Path) -> ChannelsConfig:
    """Read the file; raise InvalidInput with everything that is wrong with it."""
    try:
        return ChannelsConfig.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput("notices", [Issue(where="--config", value=str(path), rule=str(error))]) from error
    except ValidationError as error:
        issues = [
            Issue(where=".".join(map(str, e["loc"])), value=str(e["input"])[:60], rule=e["msg"]) for e in error.errors()
        ]
        raise InvalidInput("notices", issues) from error


def open_channels(config: ChannelsConfig) -> RoutedNoticeChannel:
    """Every way that is set up, and copies of all notices in a folder. Raise InvalidInput where a secret is missing."""
    copies = FileNoticeChannel(config.folders.notices)
    routes: dict[str, NoticeChannel] = {
        "file": SupplierDrop(config.folders.suppliers),
        "phone": copies,
        "letter": copies,
    }
    if config.smtp is not None:
        values = config.smtp.model_dump(exclude={"password_env"})
        routes["e-mail"] = SmtpNoticeChannel(MailServer(**values, password=_secret(config.smtp.password_env)))
    if config.sms is not None:
        values = config.sms.model_dump(exclude={"token_env", "fields"})
        fields: dict[str, str] = {
            "to": "to",
            "sender": "from",
            "text": "text",
            "reference": "reference",
        }
        fields |= {str(name): value for name, value in (config.sms.fields or {}).items()}
        routes["SMS"] = SmsNoticeChannel(SmsGateway(**values, fields=fields, token=_secret(config.sms.token_env)))
    if config.webhook is not None:
        master = _secret(config.webhook.secret_env).encode()
        routes["webhook"] = WebhookNoticeChannel(lambda url: webhook_secret(master, url))
    if config.sftp:
        places = {
            name: SftpPlace(**part.model_dump(exclude={"password_env"}), password=_secret(part.password_env))
            for name, part in config.sftp.items()
        }
        routes["sftp"] = SftpSupplierChannel(places)
    return RoutedNoticeChannel(routes, copies=[copies])


def webhook_secret(master: bytes, url: str) -> bytes:
    """The secret of one address: told to its receiver once, when it is registered."""
    return hmac.new(master, url.encode(), hashlib.sha256).hexdigest().encode()


def _secret(name: str) -> str:
    if not name:
        return ""
    value = os.environ.get(name)
    if not value:
        raise InvalidInput("notices", [Issue(where=name, value="", rule="must be set in the environment")])
    return value
