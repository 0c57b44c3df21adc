"""``linkbox pki``: a key infrastructure for tests, root to device."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography import x509

from linkbox.app.pki_folder import SEED_FILE
from linkbox.dcc.smki.files import read_trust
from tests.app_wire.tool import DSP, HUB, METER, STRANGER, SWITCH, USER, linkbox, right

pytestmark = pytest.mark.usefixtures("password")


def test_everything_from_root_to_device_is_there_and_descends_from_the_root(pki: Path) -> None:
    told = right("pki", "list", pki, "--json").json
    assert told["verdict"] == "all valid"
    held = {(c["eui"], c["role"], c["usage"]) for c in told["certificates"]}
    users = {(u, r, k) for u in (USER, STRANGER) for r, k in (("87 XML_SIGNING", "DS"),)}
    operators = {(u, "03 NETWORK_OPERATOR", k) for u in (USER, STRANGER) for k in ("DS", "KA")}
    broker = {(DSP, "89 DSP_XML_SIGNING", "DS"), *((DSP, "04 ACCESS_CONTROL_BROKER", k) for k in ("DS", "KA"))}
    devices = {(d, "device", k) for d in (HUB, METER, SWITCH) for k in ("DS", "KA")}
    assert held == users | operators | broker | devices
    roots = [x509.load_der_x509_certificate(f.read_bytes()) for f in sorted((pki / "authorities").glob("*.der"))]
    assert [c.issuer == c.subject for c in roots] == [True, False, False]


def test_keys_are_encrypted_and_for_their_owner_only(pki: Path) -> None:
    for file in [*(pki / "keys").iterdir(), pki / SEED_FILE]:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert all(b"ENCRYPTED PRIVATE KEY" in file.read_bytes() for file in (pki / "keys").iterdir())
    assert {file.name[:23] for file in (pki / "keys").iterdir()} == {USER, STRANGER, DSP}


def test_the_same_seed_gives_the_same_certificates(tmp_path: Path) -> None:
    words = (
        "--seed",
        "x",
        "--user",
        USER,
        "--valid-from",
        "2026-01-01T00:00:00Z",
        "--valid-to",
        "2027-01-01T00:00:00Z",
    )
    made = []
    for name in ("a", "b"):
        right("pki", "create", tmp_path / name, *words)
        made.append({c.der for c in read_trust(tmp_path / name)})
    assert made[0] == made[1]
    right("pki", "create", tmp_path / "c", *words, "--seed", "y")
    assert not made[0] & {c.der for c in read_trust(tmp_path / "c")}


def test_without_a_seed_no_two_are_the_same(tmp_path: Path) -> None:
    for name in ("a", "b"):
        right("pki", "create", tmp_path / name, "--user", USER)
    a, b = ({c.serial for c in read_trust(tmp_path / name)} for name in ("a", "b"))
    assert not a & b


def test_a_certificate_that_is_not_valid_is_a_negative_verdict(pki: Path) -> None:
    done = linkbox("pki", "list", pki, "--at", "2000-01-01T00:00:00Z")
    assert done.code == 1
    assert "not valid" in done.text


def test_a_certificate_of_another_root_is_found(pki: Path, tmp_path: Path) -> None:
    words = ("--user", STRANGER, "--seed", "another")
    right("pki", "create", tmp_path / "pki", *words)
    foreign = (pki / "certificates" / f"{USER}-87-ds.pem").read_bytes()
    (tmp_path / "pki" / "certificates" / "foreign.pem").write_bytes(foreign)
    done = linkbox("pki", "list", tmp_path / "pki")
    assert done.code == 1
    assert "must descend from a trusted root" in done.text


def test_everything_that_is_wrong_is_listed_and_nothing_is_written(tmp_path: Path) -> None:
    words = ("--user", "x", "--device", "y", "--user-role", "ZZ", "--broker", "z", "--valid-to", "2000-01-01T00:00:00Z")
    done = linkbox("pki", "create", tmp_path / "pki", *words)
    assert done.code == 2
    for part in ("--user: 'x'", "--device: 'y'", "--user-role: 'ZZ'", "--broker: 'z'", "--valid-to"):
        assert part in done.err
    assert not (tmp_path / "pki").exists()


def test_a_folder_in_use_is_not_written_to(pki: Path, tmp_path: Path) -> None:
    before = (pki / SEED_FILE).read_bytes()
    assert linkbox("pki", "create", pki, "--user", USER).code == 2
    assert (pki / SEED_FILE).read_bytes() == before
    assert linkbox("pki", "list", tmp_path / "nothing").code == 2


def test_an_inventory_that_is_wrong_is_refused_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "homes.csv").write_text("mpan,chf,gpf,esme,hcalcs,slot,label,region,hub\n1,2,,3,4,9,L,South,triple\n")
    done = linkbox("pki", "create", tmp_path / "pki", "--inventory", tmp_path / "homes.csv")
    assert done.code == 2
    assert done.err.count("homes.csv:2") == 6
