"""What the wire's commands have in common: reading and writing, passwords, trust, verdicts and exit codes."""

from __future__ import annotations

import binascii
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from linkbox.base.errors import InvalidInput, Issue, LinkboxError
from linkbox.base.time import SystemClock, parse_utc

if TYPE_CHECKING:
    from linkbox.dcc.smki import KeySigner, TrustStore

EXIT_REFUSED = 1
"""The verdict is negative, or what was asked for is refused. Bad input is 2, as everywhere in Linkbox."""
PASSWORD_VARIABLE = "LINKBOX_KEY_PASSWORD"  # noqa: S105 - the name of a variable, not a password
STDIN = Path("-")

InputFile = Annotated[Path, typer.Argument(metavar="FILE", help="A file; '-' or nothing: standard input.")]
JsonFlag = Annotated[bool, typer.Option("--json/--text", help="Print JSON, or lines of text.")]
At = Annotated[str | None, typer.Option(help="The time to judge by, ISO 8601 with zone; default: now.")]
Trust = Annotated[Path | None, typer.Option(help="A folder of certificates, or one made by 'linkbox pki create'.")]
Certificates = Annotated[list[Path] | None, typer.Option(help="A certificate to trust; may be given several times.")]
Key = Annotated[Path | None, typer.Option(help="The private key: encrypted PKCS#8.")]
KeyCertificate = Annotated[Path | None, typer.Option(help="The certificate of the key.")]
PasswordFile = Annotated[
    Path | None, typer.Option(help=f"A file with the key's password; default: the variable {PASSWORD_VARIABLE}.")
]


def bad_input(where: str, value: str, rule: str) -> InvalidInput:
    """One thing that is wrong with what was given."""
    return InvalidInput("input", [Issue(where=where, value=value, rule=rule)])


@contextmanager
def as_input(what: str) -> Iterator[None]:
    """What the library finds wrong within is the user's input: exit code 2, with every issue."""
    try:
        yield
    except InvalidInput:
        raise
    except LinkboxError as error:
        raise InvalidInput(what, issues_of(error, what)) from error
    except OSError as error:
        raise bad_input(str(error.filename or what), "", error.strerror or str(error)) from error


def issues_of(error: LinkboxError, what: str) -> list[Issue]:
    """Everything that an error of the library lists, or itself."""
    listed: tuple[Issue, ...] = getattr(error, "issues", ())
    return list(listed) or [
        Issue(where=getattr(error, "what", what), value="", rule=getattr(error, "rule", str(error)))
    ]


def read_octets(file: Path) -> bytes:
    """The content of ``file``, or of standard input."""
    if file == STDIN:
        return sys.stdin.buffer.read()
    with as_input(str(file)):
        return file.read_bytes()


def read_message(file: Path) -> bytes:
    """A GBCS message from a file: octets, hex, base64, or the payload of a DUIS message."""
    return message_octets(read_octets(file), "input" if file == STDIN else str(file))


def message_octets(data: bytes, what: str) -> bytes:
    """See read_message."""
    if data[:1] in (b"\xdf", b"\xdd"):
        return data
    text = b"".join(data.split())
    if text.startswith(b"<"):
        return _payload(data, what)
    for read in (binascii.unhexlify, lambda t: binascii.a2b_base64(t, strict_mode=True)):
        try:
            return read(text)
        except ValueError:
            continue
    raise bad_input(what, text[:40].decode("ascii", "replace"), "must be octets, hex, base64 or a DUIS message")


def _payload(data: bytes, what: str) -> bytes:
    from linkbox.app.duis_messages import read_any

    with as_input(what):
        payload = getattr(read_any(data).body, "payload", None)
    if not isinstance(payload, bytes):
        raise bad_input(what, "", "the DUIS message must hold a GBCS message")
    return payload


def write_octets(data: bytes) -> None:
    """To standard output, to the byte; a line's end is added for a terminal only."""
    sys.stdout.buffer.write(data + b"\n" if sys.stdout.isatty() else data)
    sys.stdout.buffer.flush()


def say(value: Any, *, as_json: bool) -> None:
    """Print a JSON value, or the same as lines of text."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False) if as_json else "\n".join(lines(value)))


def say_at_once(line: str) -> None:
    """Print a line of a program that goes on."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def lines(value: Any, indent: str = "") -> Iterator[str]:
    """A JSON value as text: a line for each field, lists and objects indented."""
    for name, item in value.items():
        if name == "type" and indent:
            continue
        match item:
            case dict() if len(item) > ("type" in item):
                yield f"{indent}{name}: {item.get('type', '')}".rstrip()
                yield from lines(item, indent + "  ")
            case dict():
                yield f"{indent}{name}: {item.get('type', '')}"
            case list() if any(isinstance(part, dict) for part in item):
                yield f"{indent}{name}:"
                yield from _parts(item, indent)
            case list():
                yield f"{indent}{name}: {', '.join(map(_plain, item))}"
            case _:
                yield f"{indent}{name}: {_plain(item)}"


def _parts(items: list[Any], indent: str) -> Iterator[str]:
    for part in items:
        if not isinstance(part, dict):
            yield f"{indent}- {_plain(part)}"
            continue
        inner = list(lines(part, indent + "  "))
        yield f"{indent}- {inner[0].strip()}" if inner else f"{indent}- {part.get('type', '')}"
        yield from inner[1:]


def _plain(value: Any) -> str:
    return "not said" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def refuse(verdict: dict[str, Any], *, as_json: bool) -> NoReturn:
    """Print a negative verdict and leave with code 1."""
    say(verdict, as_json=as_json)
    raise typer.Exit(EXIT_REFUSED)


def negative(verdict: str, error: LinkboxError) -> dict[str, Any]:
    """A negative verdict, with exactly what is wrong."""
    issues = [{"where": i.where, "value": i.value, "rule": i.rule} for i in issues_of(error, "message")]
    return {"verdict": verdict, "why": str(error).partition("\n")[0], "issues": issues}


def moment(at: str | None, option: str = "--at") -> datetime:
    """The time that an option gives; now, if it gives none."""
    if at is None:
        return SystemClock().now()
    try:
        return parse_utc(at)
    except ValueError:
        raise bad_input(option, at, "must be a time with its zone, as 2026-01-13T18:00:00Z") from None


def password(file: Path | None) -> bytes:
    """The password of key files: the first line of ``file``, or the variable."""
    if file is not None:
        return read_octets(file).partition(b"\n")[0].rstrip(b"\r")
    value = os.environ.get(PASSWORD_VARIABLE, "")
    if not value:
        raise bad_input("password", "", f"must be in a file (--password-file) or in the variable {PASSWORD_VARIABLE}")
    return value.encode()


def signer(key: Path | None, certificate: Path | None, password_file: Path | None) -> KeySigner:
    """The signer of a key file and its certificate."""
    from linkbox.dcc.smki import load_signer

    wanted = (("--key", key), ("--certificate", certificate))
    missing = [Issue(where=name, value="", rule="must be given") for name, value in wanted if value is None]
    if missing or key is None or certificate is None:
        raise InvalidInput("input", missing)
    secret = password(password_file)
    with as_input(str(key)):
        return load_signer(key, certificate, secret)


def trust_of(folder: Path | None, certificates: list[Path] | None) -> TrustStore:
    """Whom to trust: a folder, single certificates, or both."""
    from linkbox.dcc.smki import TrustStore
    from linkbox.dcc.smki.files import read_certificates, read_trust
    from linkbox.dcc.smki.keys import certificate_from_file_bytes

    if folder is None and not certificates:
        raise bad_input("--trust, --certificate", "", "one of them must be given")
    with as_input("trust"):
        store = TrustStore()
        if folder is not None and (folder / "authorities").is_dir():
            store = read_trust(folder)
        elif folder is not None:
            store = TrustStore(read_certificates(folder))
        extra = [certificate_from_file_bytes(read_octets(file)) for file in certificates or ()]
        return TrustStore([*store, *extra]) if extra else store
