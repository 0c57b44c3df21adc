"""``linkbox emulator`` as a process of its own, driven as a developer would: by the command line and HTTP alone."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from linkbox.app.emulator_server import even_latency, settings
from linkbox.app.wire_io import PASSWORD_VARIABLE
from linkbox.base.errors import InvalidInput
from tests.app_wire.tool import HOLD, HOME, METER, PASSWORD, USER, key_of, linkbox, right

pytestmark = pytest.mark.usefixtures("password")
PROGRAM = [sys.executable, "-c", "from linkbox.app.cli import main; main()"]


class Process:
    """A command that goes on, and the lines that it prints."""

    def __init__(self, *words: object) -> None:
        environment = {**os.environ, PASSWORD_VARIABLE: PASSWORD}
        self.process = subprocess.Popen(
            [*PROGRAM, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        )

    def line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode().strip()
        assert line, self.process.communicate()[1].decode()
        return line

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=20)
        return self.process.returncode


@contextmanager
def running(*words: object) -> Iterator[Process]:
    process = Process(*words)
    try:
        yield process
    finally:
        if process.process.poll() is None:
            process.process.kill()
        process.process.communicate()


def ask(method: str, url: str, body: bytes = b"") -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=20)
    connection.request(method, f"{parts.path}?{parts.query}", body, {"Content-Type": "application/xml"})
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def post(url: str, body: bytes) -> tuple[int, bytes]:
    return ask("POST", url, body)


@contextmanager
def dcc(pki: Path, endpoint: str, *more: object) -> Iterator[dict[str, str]]:
    """An emulator on free ports, by its addresses; it must leave with code 0 when told to."""
    ports = ("--port", 0, "--smki-port", 0, "--control-port", 0)
    homes = ("--inventory", pki.parent / "homes.csv", "--pki", pki, "--endpoint", endpoint, "--latency", 0.1)
    with running("emulator", *homes, *ports, "--json", *more) as process:
        yield json.loads(process.line())
        assert process.stop() == 0


def test_a_hold_from_the_request_to_the_verified_answer_of_the_device(pki: Path, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    receiving = ("duis", "receive", inbox, "--trust", pki, "--port", 0, "--count", 1)
    with running(*receiving) as user, dcc(pki, user.line() + "smartdcc/duis") as addresses:
        xml, gbcs = key_of(pki, USER, "87"), key_of(pki, USER, "03")
        request = tmp_path / "request.xml"
        request.write_bytes(right("duis", "build", *HOLD).out)
        signed = right("duis", "sign", *xml, request).out
        status, reply = post(addresses["dcc"] + "/api/v1/serviceT", signed)
        assert status == 200
        assert right("duis", "verify", "--trust", pki, "--json", stdin=reply).json["body"] == "PreCommand"
        told = right("gbcs", "decode", "--json", stdin=reply).json
        assert told["value"] == {"type": "DeactivateLoad", "index": 3, "duration_min": 60}
        pre_command = tmp_path / "signed-pre-command.hex"
        pre_command.write_bytes(right("gbcs", "sign", "--request", request, *gbcs, stdin=reply).out)
        second = right("duis", "build", "--request", request, "--signed-pre-command", pre_command).out
        status, reply = post(addresses["dcc"] + "/api/v1/serviceS", right("duis", "sign", *xml, stdin=second).out)
        assert status == 200
        assert right("duis", "verify", "--trust", pki, "--json", stdin=reply).json["response_code"] == "I99"
        received = Path(user.line())
        told = right("duis", "verify", "--trust", pki, "--json", received).json
        assert (told["response_code"], told["request_id"]) == ("I0", f"{USER}:{METER}:1001")
        told = right("gbcs", "verify", "--trust", pki, "--json", received).json
        assert (told["verdict"], told["signed_by"]["eui"]) == ("verified", METER)
        assert right("gbcs", "decode", "--json", received).json["value"]["results"] == ["SUCCESS", "SUCCESS"]
        home = json.loads(ask("GET", f"{addresses['control']}/control/homes/{HOME}")[1])
        assert home["slots"][2]["mode"] == "held off"
        assert user.process.wait(20) == 0


def test_rules_faults_and_the_certificate_search_are_as_the_options_say(pki: Path, tmp_path: Path) -> None:
    (tmp_path / "faults.json").write_text('[{"kind": "throttle", "srv": "7.7"}]')
    more = ("--profile", "duis-5.4", "--faults", tmp_path / "faults.json")
    with dcc(pki, "http://127.0.0.1:9/", *more) as addresses:
        signed = right("duis", "sign", *key_of(pki, USER, "87"), stdin=right("duis", "build", *HOLD).out).out
        _, reply = post(addresses["dcc"] + "/api/v1/serviceT", signed)
        assert right("duis", "show", "--json", stdin=reply).json["response_code"] == "E2"
        read = ("--srv", "7.7", "--originator", USER, "--target", METER, "--counter", "1002")
        signed = right("duis", "sign", *key_of(pki, USER, "87"), stdin=right("duis", "build", *read).out).out
        _, reply = post(addresses["dcc"] + "/api/v1/serviceS", signed)
        assert right("duis", "show", "--json", stdin=reply).json["response_code"] == "E1008"
        name = f"<CertificateSubjectAltName>{METER}</CertificateSubjectAltName>"
        asked = f"<CertificateSearchRequest>{name}</CertificateSearchRequest>".encode()
        status, found = post(addresses["smki"] + "/services/certificatesearch?apikey=x", asked)
        serials = {c["serial"] for c in right("pki", "list", pki, "--json").json["certificates"] if c["eui"] == METER}
        assert (status, len(serials)) == (200, 2)
        assert all(f"{int(serial):x}".encode() in found for serial in serials)


def test_a_port_in_use_and_bad_options_end_in_one_line(pki: Path, tmp_path: Path) -> None:
    homes = ("--inventory", pki.parent / "homes.csv", "--pki", pki)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = linkbox("emulator", *homes, "--port", taken.getsockname()[1], "--smki-port", 0, "--control-port", 0)
    assert done.code == 1
    assert "in use" in done.err
    wrong = ("--user-role", "X", "--endpoint", "ftp://x", "--port", "70000")
    done = linkbox("emulator", *homes, *wrong)
    assert done.code == 2
    for part in ("--user-role", "--endpoint", "--port: '70000'"):
        assert part in done.err
    assert linkbox("emulator", "--inventory", tmp_path / "none", "--pki", pki).code == 2
    assert linkbox("emulator", "--inventory", pki.parent / "homes.csv", "--pki", tmp_path).code == 2
    assert linkbox("emulator", *homes, "--tls-key", "x").code == 2


def test_every_setting_of_the_emulator_can_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"seed": 5, "meter_generation": "4", "hcalcs_poll_s": [3, 4]}')
    found = settings(tmp_path / "config.json", None, seed=None, profile="duis-5.4", device_profile=None, latency_s=2.0)
    assert (found.seed, found.meter_generation, found.hcalcs_poll_s, found.profile) == (5, "4", (3, 4), "duis-5.4")
    assert found.latency == even_latency(2.0)
    (tmp_path / "config.json").write_text('{"seed": "x", "profile": "none", "spare": 1}')
    with pytest.raises(InvalidInput) as caught:
        settings(tmp_path / "config.json", None, seed=None, profile=None, device_profile=None, latency_s=None)
    assert len(caught.value.issues) == 2
    for seconds in (0.0, -1.0, 1e9):
        with pytest.raises(InvalidInput):
            settings(None, None, seed=None, profile=None, device_profile=None, latency_s=seconds)


def test_what_the_dcc_did_not_sign_is_not_taken_in(pki: Path, tmp_path: Path) -> None:
    receiving = ("duis", "receive", tmp_path / "inbox", "--trust", pki, "--port", 0)
    of_a_user = right("duis", "sign", *key_of(pki, USER, "87"), stdin=right("duis", "build", *HOLD).out).out
    with running(*receiving) as user:
        url = user.line()
        for body in (b"", b"nonsense", of_a_user):
            status, why = post(url, body)
            assert status == 400
            assert why
            assert user.line().startswith("refused: ")
        assert list((tmp_path / "inbox").iterdir()) == []
        assert user.stop(signal.SIGINT) != 0
