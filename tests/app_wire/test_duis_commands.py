"""``linkbox duis``: build, sign, verify, validate, show."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from linkbox.dcc.duis import ServiceRequest, canonical_unsigned
from linkbox.dcc.duis.requestshapes import SRV_OF_BODY
from tests.app_wire.tool import DSP, HOLD, METER, STRANGER, USER, WHO, key_of, linkbox, right
from tests.dcc_smki.places import vectors

pytestmark = pytest.mark.usefixtures("password")

# Reference dcc.md section 3.2: the minimal 7.6 as sent, before its signature.
PUBLISHED_HOLD = (
    '<sr:Request xmlns:sr="http://www.dccinterface.co.uk/ServiceUserGateway" schemaVersion="5.4"><sr:Header>'
    "<sr:RequestID>90-B3-D5-1F-30-02-00-00:00-DB-12-34-56-78-90-A0:1001</sr:RequestID>"
    "<sr:CommandVariant>4</sr:CommandVariant><sr:ServiceReference>7.6</sr:ServiceReference>"
    "<sr:ServiceReferenceVariant>7.6</sr:ServiceReferenceVariant></sr:Header><sr:Body><sr:DeactivateAuxiliaryLoad>"
    '<sr:DeactivateALCSHCALCS index="3"><sr:Duration>60</sr:Duration></sr:DeactivateALCSHCALCS>'
    "</sr:DeactivateAuxiliaryLoad></sr:Body></sr:Request>"
)


def signed(pki: Path, *words: object, who: str = USER) -> bytes:
    built = right("duis", "build", *(words or HOLD)).out
    return right("duis", "sign", *key_of(pki, who, "87"), stdin=built).out


def test_the_command_of_the_issue_prints_the_published_request() -> None:
    assert right("duis", "build", *HOLD, "--schema-version", "5.4").text == PUBLISHED_HOLD


def test_everything_that_is_wrong_with_the_options_is_listed_at_once() -> None:
    done = linkbox("duis", "build", "--srv", "7.6", "--originator", "x", "--level", "3", "--start", "now")
    assert done.code == 2
    assert done.out == b""
    told = done.err
    for part in (
        "--originator: 'x'",
        "--target",
        "--counter",
        "level_percent",
        "start",
        "body.index",
        "body.duration_min",
    ):
        assert part in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--srv", "7.99"), "7.99"),
        (("--srv", "7.6", "--index", "9"), "index 9"),
        (("--srv", "7.6", "--schema-version", "4.0"), "4.0"),
        (("--srv", "7.6", "--command-variant", "1"), "command variant"),
        (("--srv", "7.6", "--counter", "18446744073709551616"), "2^64"),
        (("--srv", "7.6", "--counter", "-1"), "--counter"),
    ],
)
def test_a_request_that_can_not_be_is_refused_as_bad_input(words: tuple[str, ...], told: str) -> None:
    done = linkbox("duis", "build", *HOLD, *words)
    assert (done.code, done.out) == (2, b"")
    assert told in done.err


def test_a_doubtful_request_is_printed_on_demand_only() -> None:
    doubtful = (*HOLD, "--duration", "0")
    done = linkbox("duis", "build", *doubtful)
    assert (done.code, done.out) == (1, b"")
    assert "the meaning of 0 is not published" in done.err
    assert b"<sr:Duration>0<" in right("duis", "build", *doubtful, "--allow-doubtful").out


def test_what_the_eligibility_profile_does_not_allow_is_refused_with_its_rule() -> None:
    done = linkbox("duis", "build", *HOLD, "--profile", "duis-5.4")
    assert (done.code, done.out) == (1, b"")
    assert "import supplier switches load" in done.err
    assert right("duis", "build", *HOLD, "--profile", "secmp0046").out
    assert linkbox("duis", "build", *HOLD, "--profile", "none such").code == 2
    assert linkbox("duis", "build", *HOLD, "--profile", "duis-5.4", "--role", "XX").code == 2


SIMPLE = {
    "6.13": ("--log", "ALCSEvent", "--start", "2026-01-01T00:00:00Z", "--end", "2026-01-02T00:00:00Z"),
    "7.5": ("--index", "3", "--duration", "60"),
    "7.6": ("--index", "3", "--duration", "60"),
    "7.7": (),
    "7.8": ("--index", "3"),
    "7.9": ("--slots", "1,2,3,4,5"),
    "7.10": ("--slots", "3"),
    "7.11": ("--start", "2026-01-01T00:00:00Z", "--end", "2026-01-02T00:00:00Z"),
    "7.13": ("--index", "3", "--level", "0", "--start", "2026-01-01T00:00:00Z", "--end", "2026-01-01T01:00:00Z"),
    "7.14": (),
    "7.15": ("--execution-at", "2026-01-01T00:00:00Z"),
    "7.16": ("--index", "3", "--level", "50", "--start", "2026-01-01T00:00:00Z", "--end", "2026-01-01T01:00:00Z"),
    "8.2": ("--mpxn", "1200000000011"),
    "8.7.1": ("--other-device", METER),
    "8.7.2": ("--other-device", METER),
}


@pytest.mark.parametrize("srv", SIMPLE)
def test_simple_services_are_built_from_options_alone(srv: str) -> None:
    built = right("duis", "build", *WHO, "--srv", srv, *SIMPLE[srv]).out
    told = right("duis", "validate", "--json", stdin=built).json
    assert (told["verdict"], told["srv"]) == ("valid", srv)


def test_every_published_template_is_rebuilt_from_what_is_shown_of_it(tmp_path: Path) -> None:
    seen = set()
    for file in sorted(vectors("duis-requests").glob("*.XML")):
        shown = right("duis", "show", "--json", file).json
        (tmp_path / "body.json").write_text(json.dumps(shown))
        originator, target, counter = shown["request_id"].split(":")
        words = ("--srv", shown["srv"], "--originator", originator, "--target", target, "--counter", counter)
        more = ("--schema-version", shown["schema_version"], "--command-variant", shown["command_variant"])
        done = right("duis", "build", *words, *more, "--body", tmp_path / "body.json", "--allow-doubtful")
        assert done.out == canonical_unsigned(file.read_bytes()), file.name
        seen.add(shown["srv"])
    assert seen == set(SRV_OF_BODY.values())


def test_a_field_given_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "body.json").write_text('{"index": 2, "duration_min": 5}')
    done = linkbox("duis", "build", *HOLD, "--body", tmp_path / "body.json")
    assert done.code == 2
    assert "index" in done.err
    assert "duration_min" in done.err


@pytest.mark.parametrize("text", ["", "[]", "{", "3", '{"index": 1.5, "duration_min": "x", "what": 1}'])
def test_a_body_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "body.json").write_text(text)
    done = linkbox("duis", "build", "--srv", "7.6", *WHO, "--body", tmp_path / "body.json")
    assert (done.code, done.out) == (2, b"")


def test_counters_from_a_file_never_repeat_whoever_asks(tmp_path: Path) -> None:
    file = tmp_path / "counter"
    words = ("duis", "build", "--srv", "7.7", "--originator", USER, "--target", METER, "--counter-file", str(file))
    program = [sys.executable, "-c", "from linkbox.app.cli import main; main()", *words]
    running = [subprocess.Popen(program, stdout=subprocess.PIPE) for _ in range(3)]
    built = [process.communicate()[0] for process in running] + [right(*words).out for _ in range(5)]
    found = [int(data.partition(b"</sr:RequestID>")[0].rpartition(b":")[2]) for data in built]
    assert len(set(found)) == len(found)
    assert found[3:] == sorted(found[3:])
    assert int(file.read_text()) == max(found)
    file.write_text("nonsense")
    assert linkbox(*words).code == 2


def test_verify_says_who_signed(pki: Path) -> None:
    told = right("duis", "verify", "--trust", pki, "--json", stdin=signed(pki)).json
    assert told["verdict"] == "verified"
    assert (told["signed_by"]["eui"], told["signed_by"]["role"]) == (USER, "87 XML_SIGNING")
    assert told["signed_at"] is None
    assert (told["srv"], told["body"], told["command_variant"]) == ("7.6", "DeactivateAuxiliaryLoad", 4)


def test_a_single_certificate_is_trust_enough(pki: Path, tmp_path: Path) -> None:
    (tmp_path / "signed.xml").write_bytes(signed(pki))
    certificate = pki / "certificates" / f"{USER}-87-ds.pem"
    assert f"eui: {USER}" in right("duis", "verify", "--certificate", certificate, tmp_path / "signed.xml").text
    other = pki / "certificates" / f"{STRANGER}-87-ds.pem"
    done = linkbox("duis", "verify", "--certificate", other, tmp_path / "signed.xml")
    assert done.code == 1
    assert "must be trusted" in done.text


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ((b">60<", b">600<"), "must be the digest of the document"),
        ((b'index="3"', b'index="9"'), "must be the digest of the document"),
        ((b"</sr:Body>", b"</sr:Body> "), "must be the digest of the document"),
        ((b'URI=""', b'URI="#x"'), "URI"),
        ((b"xml-exc-c14n#", b"xml-exc-c14n#WithComments"), "CanonicalizationMethod"),
        ((b"</sr:Request>", b""), "must be well-formed"),
        ((b"<sr:Request ", b"<!DOCTYPE x><sr:Request "), "document type"),
    ],
)
def test_verify_says_exactly_what_is_wrong(pki: Path, change: tuple[bytes, bytes], why: str) -> None:
    spoilt = signed(pki).replace(*change)
    done = linkbox("duis", "verify", "--trust", pki, "--json", stdin=spoilt)
    assert done.code == 1
    assert done.json["verdict"] == "not verified"
    assert why in done.text


def test_an_unsigned_request_and_one_of_another_signer_are_not_verified(pki: Path) -> None:
    done = linkbox("duis", "verify", "--trust", pki, stdin=right("duis", "build", *HOLD).out)
    assert done.code == 1
    assert "must be signed" in done.text
    refused = linkbox("duis", "sign", *key_of(pki, STRANGER, "87"), stdin=right("duis", "build", *HOLD).out)
    assert (refused.code, refused.out) == (1, b"")
    assert STRANGER in refused.err


def test_a_certificate_out_of_its_time_is_no_proof(pki: Path) -> None:
    done = linkbox("duis", "verify", "--trust", pki, "--at", "2099-01-01T00:00:00Z", stdin=signed(pki))
    assert done.code == 1
    assert "must be valid at 2099" in done.text
    assert linkbox("duis", "verify", "--trust", pki, "--at", "tomorrow", stdin=signed(pki)).code == 2


def test_published_responses_get_the_published_verdicts() -> None:
    folder, certificates = vectors("duis-responses"), vectors("certificates")
    verdicts = {}
    for file in sorted(folder.glob("*.xml")):
        done = linkbox("duis", "verify", "--trust", certificates, "--at", "2026-01-01T00:00:00Z", "--json", file)
        verdicts[file.stem] = done.code
        assert done.json["verdict"] == ("verified" if done.code == 0 else "not verified")
    assert verdicts["readfw-response-badsignature"] == 1
    assert verdicts["acknowledgement-error"] == 1  # unsigned
    assert verdicts["read-inventory-response-5.4"] == 0


def test_signing_again_replaces_the_signature_and_keeps_the_counter(pki: Path) -> None:
    once = signed(pki)
    again = right("duis", "sign", *key_of(pki, USER, "87"), stdin=once).out
    assert again == once
    indented = once.replace(b"><sr:", b">\n  <sr:")
    assert right("duis", "sign", *key_of(pki, USER, "87"), stdin=indented).out == once


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "--key"),
        (("--key", "nowhere.p8", "--certificate", "nowhere.pem"), "nowhere"),
    ],
)
def test_without_a_key_nothing_is_signed(words: tuple[str, ...], told: str) -> None:
    done = linkbox("duis", "sign", *words, stdin=PUBLISHED_HOLD.encode())
    assert (done.code, done.out) == (2, b"")
    assert told in done.err


def test_a_wrong_password_and_a_foreign_certificate_are_bad_input(pki: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, certificate = key_of(pki, USER, "87")[:2], ("--certificate", pki / "certificates" / f"{STRANGER}-87-ds.pem")
    assert linkbox("duis", "sign", *key, *certificate, stdin=PUBLISHED_HOLD.encode()).code == 2
    monkeypatch.setenv("LINKBOX_KEY_PASSWORD", "wrong")
    done = linkbox("duis", "sign", *key_of(pki, USER, "87"), stdin=PUBLISHED_HOLD.encode())
    assert done.code == 2
    assert "wrong" not in done.err
    monkeypatch.delenv("LINKBOX_KEY_PASSWORD")
    assert "--password-file" in linkbox("duis", "sign", *key_of(pki, USER, "87"), stdin=b"<a/>").err


def test_validate_lists_everything_that_is_wrong() -> None:
    broken = PUBLISHED_HOLD.replace('index="3"', 'index="7"').replace(">60<", ">x<").encode()
    done = linkbox("duis", "validate", "--json", stdin=broken)
    assert done.code == 1
    assert [issue["value"] for issue in done.json["issues"]] == ["7", "x"]
    assert linkbox("duis", "validate", stdin=b"not XML").code == 1


def test_validate_asks_the_official_schema_too() -> None:
    folder = vectors("xsd")
    told = right("duis", "validate", "--xsd", folder, "--json", stdin=PUBLISHED_HOLD.encode()).json
    assert told["checked"] == ["structure", "service", "official schema 5.4"]
    assert linkbox("duis", "validate", "--xsd", "nowhere", stdin=PUBLISHED_HOLD.encode()).code == 2


def test_show_tells_a_request_in_lines() -> None:
    told = right("duis", "show", stdin=PUBLISHED_HOLD.encode()).text
    assert "type: " + ServiceRequest.__name__ in told
    assert f"request_id: {USER}:{METER}:1001" in told
    assert "service: Deactivate Auxiliary Load" in told
    assert "body: DeactivateAuxiliaryLoad\n  index: 3\n  duration_min: 60\n" in told


@pytest.mark.parametrize("command", ["show", "sign", "verify", "validate"])
def test_a_file_that_is_not_there_is_bad_input(command: str, pki: Path) -> None:
    trust = ("--trust", pki) if command == "verify" else key_of(pki, USER, "87") if command == "sign" else ()
    done = linkbox("duis", command, *trust, "no such file.xml")
    assert done.code == 2
    assert "no such file.xml" in done.err


def test_what_is_no_message_can_not_be_shown() -> None:
    done = linkbox("duis", "show", stdin=b"<a/>")
    assert (done.code, done.out) == (2, b"")


def test_the_target_of_a_request_to_the_dcc_is_the_broker() -> None:
    words = ("--srv", "8.2", "--originator", USER, "--target", DSP, "--counter", "7", "--device", METER)
    shown = right("duis", "show", "--json", stdin=right("duis", "build", *words).out).json
    assert shown["command_variant"] == 8
    assert shown["body"]["search"] == {"type": "ByDevice", "device": METER}
