"""A test PKI as a folder: made from a seed that the folder keeps, so that the emulator has the same keys."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from linkbox.app.wire_io import as_input, bad_input, moment, read_octets
from linkbox.app.wire_json import from_json, parse_json, to_json
from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.identifiers import Eui64, InvalidIdentifier
from linkbox.base.time import format_utc
from linkbox.dcc.errors import LocalProtocolError
from linkbox.dcc.inventory import Installation
from linkbox.dcc.inventory.table import read_table
from linkbox.dcc.smki import KeyUsage, Role, TestPki
from linkbox.dcc.smki.files import read_trust, write_pki
from linkbox.emulator.config import DEFAULT_BROKER

SEED_FILE = "test-pki.json"
_LIFETIME = timedelta(days=3650)
_OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class PkiPlan:
    """What a test PKI is made from. Whoever has it has every key: it is for tests alone."""

    seed: str
    valid_from: datetime
    valid_to: datetime
    broker: Eui64
    users: tuple[Eui64, ...]
    user_role: int
    devices: tuple[Eui64, ...]

    def organisations(self) -> TestPki:
        """The PKI with broker and users."""
        pki, role = TestPki(self.seed, self.valid_from, self.valid_to), Role(self.user_role)
        pki.signer(self.broker, Role.DSP_XML_SIGNING)
        pki.signer(self.broker, Role.ACCESS_CONTROL_BROKER)
        pki.agreer(self.broker, Role.ACCESS_CONTROL_BROKER)
        for user in self.users:
            pki.signer(user, Role.XML_SIGNING)
            pki.signer(user, role)
            pki.agreer(user, role)
        return pki


def plan(
    *,
    seed: str | None,
    users: list[str] | None,
    user_role: str,
    devices: list[str] | None,
    broker: str | None,
    inventory: Path | None,
    valid_from: str | None,
    valid_to: str | None,
) -> PkiPlan:
    """The plan that options give; raise InvalidInput with everything that is wrong."""
    issues: list[Issue] = []
    begin = moment(valid_from, "--valid-from").replace(microsecond=0)
    end = begin + _LIFETIME if valid_to is None else moment(valid_to, "--valid-to").replace(microsecond=0)
    if end <= begin:
        issues.append(Issue(where="--valid-to", value=format_utc(end), rule="must be after the start of validity"))
    role = _role(user_role, issues)
    homes = () if inventory is None else read_homes(inventory)
    found = PkiPlan(
        seed=seed or secrets.token_hex(16),
        valid_from=begin,
        valid_to=end,
        broker=DEFAULT_BROKER if broker is None else (_euis([broker], "--broker", issues) or (DEFAULT_BROKER,))[0],
        users=_euis(users or [], "--user", issues),
        user_role=role,
        devices=_euis(devices or [], "--device", issues) + tuple(d for home in homes for d in home.devices),
    )
    if issues:
        raise InvalidInput("test PKI", issues)
    return found


def read_homes(inventory: Path) -> tuple[Installation, ...]:
    """The homes of an inventory's CSV; raise InvalidInput with every line that is wrong."""
    try:
        text = read_octets(inventory).decode("utf-8")
    except UnicodeDecodeError:
        raise bad_input(str(inventory), "", "must be text in UTF-8") from None
    return tuple(read_table(text, name=str(inventory)))


def _euis(texts: list[str], option: str, issues: list[Issue]) -> tuple[Eui64, ...]:
    found = []
    for text in texts:
        try:
            found.append(Eui64(text))
        except InvalidIdentifier as error:
            issues.append(Issue(where=option, value=text, rule=error.rule))
    return tuple(found)


def _role(text: str, issues: list[Issue]) -> int:
    try:
        return int(Role.from_ou(text))
    except ValueError:
        known = ", ".join(f"{role.ou} {role.name}" for role in Role)
        issues.append(Issue(where="--user-role", value=text, rule=f"must be one of {known}"))
        return int(Role.NETWORK_OPERATOR)


def create(folder: Path, plan: PkiPlan, password: bytes, *, device_keys: bool) -> dict[str, Any]:
    """Write the folder; devices get certificates, and keys only if asked for. Raise InvalidInput for one in use."""
    if folder.exists() and any(folder.iterdir()):
        raise bad_input(str(folder), "", "must be empty or not exist yet")
    pki = plan.organisations()
    for eui in plan.devices:
        for usage in KeyUsage:
            pki.certificate(eui, None, usage)
    with as_input(str(folder)):
        write_pki(pki, folder, password, device_keys=device_keys)
        _keep(folder / SEED_FILE, plan)
    return {
        "folder": str(folder),
        "certificates": len(pki.certificates()),
        "users": [str(user) for user in plan.users],
        "devices": len(plan.devices),
        "valid_from": format_utc(plan.valid_from),
        "valid_to": format_utc(plan.valid_to),
    }


def _keep(file: Path, plan: PkiPlan) -> None:
    told = to_json(replace(plan, devices=()))
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(descriptor, "w") as out:
        json.dump(told, out, indent=2)


def reopen(folder: Path) -> PkiPlan:
    """The plan that ``create`` left in the folder; raise InvalidInput for a folder that has none."""
    found: PkiPlan = from_json(parse_json(read_octets(folder / SEED_FILE), SEED_FILE), PkiPlan, SEED_FILE)
    return found


def listing(folder: Path, at: datetime) -> dict[str, Any]:
    """All certificates of a folder. Raise RemoteProtocolError for one that does not descend from the root."""
    try:
        found = read_trust(folder)
    except (OSError, LocalProtocolError) as error:
        raise bad_input(str(folder), "", f"must be a folder of 'linkbox pki create': {error}") from error
    rows = []
    for certificate in found:
        role = certificate.role
        rows.append(
            {
                "eui": str(certificate.eui),
                "role": "device" if role is None else f"{role.ou} {role.name}",
                "usage": certificate.usage.value,
                "serial": str(certificate.serial),
                "valid_to": format_utc(certificate.not_after),
                "valid": certificate.valid_at(at),
            }
        )
    bad = [row for row in rows if not row["valid"]]
    return {"verdict": f"{len(bad)} not valid" if bad else "all valid", "at": format_utc(at), "certificates": rows}


def listing_lines(told: dict[str, Any]) -> str:
    """A listing as text, a line for each certificate."""
    rows = (
        f"{c['eui']}  {c['role']:26} {c['usage']}  until {c['valid_to'][:10]}{'' if c['valid'] else '  not valid'}"
        for c in told["certificates"]
    )
    return "\n".join([*rows, f"{len(told['certificates'])} certificates: {told['verdict']}"])
