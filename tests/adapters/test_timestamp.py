"""Time stamps by a real authority: ``openssl ts`` behind a small HTTP server, asked by our adapter, checked offline."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from linkbox.adapters.timestamp import HttpTimeStamper, stamp_checker
from linkbox.base.errors import InvalidInput
from linkbox.operation.ports import PeerUnreachable

pytest.importorskip("rfc3161_client", reason="the extra 'timestamp' is not installed")

OCTETS = b'{"checkpoint":{"seq":1}}'
_CONFIG = """
[tsa]
default_tsa = this
[this]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_chain = yes
ess_cert_id_alg = sha256
[extensions]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
"""


def openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The authority's folder: a root, and a certificate that may stamp times, made by openssl."""
    folder = tmp_path_factory.mktemp("tsa")
    config = folder / "openssl.cnf"
    config.write_text(_CONFIG.format(folder=folder))
    (folder / "serial").write_text("01\n")
    for name in ("ca", "tsa"):
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", folder / f"{name}.key")
        subject = ("-subj", f"/CN=Test {name}", "-out", folder / f"{name}.csr")
        openssl("req", "-new", "-key", folder / f"{name}.key", *subject)
    sign = ("x509", "-req", "-days", "30", "-extfile", config)
    self_signed = ("-signkey", folder / "ca.key", "-extensions", "authority", "-out", folder / "ca.pem")
    openssl(*sign, "-in", folder / "ca.csr", *self_signed)
    by_root = ("-CA", folder / "ca.pem", "-CAkey", folder / "ca.key", "-CAcreateserial")
    openssl(*sign, "-in", folder / "tsa.csr", *by_root, "-extensions", "extensions", "-out", folder / "tsa.pem")
    return folder


@dataclass
class Served:
    """An authority behind HTTP. ``broken``: what it does instead of its work."""

    folder: Path
    url: str = ""
    broken: str = ""
    asked: int = 0
    kinds: list[str] = field(default_factory=list)
    last: bytes = b""

    def answer(self, query: bytes) -> bytes:
        (self.folder / "query").write_bytes(query)
        config = self.folder / "openssl.cnf"
        reply = self.folder / "reply"
        openssl("ts", "-reply", "-config", config, "-queryfile", self.folder / "query", "-out", reply)
        return reply.read_bytes()


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """The authority on a free port of this machine."""
    served = Served(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            served.asked += 1
            served.kinds.append(str(self.headers["Content-Type"]))
            query = self.rfile.read(int(self.headers["Content-Length"]))
            if served.broken == "503":
                self.send_error(503)
                return
            body = b"not DER" if served.broken == "rubbish" else served.answer(query)
            if served.broken == "another":
                body = served.last
            served.last = body
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def stamped(url: str, octets: bytes = OCTETS) -> bytes:
    return asyncio.run(HttpTimeStamper(url, timeout_s=20.0).stamp(octets))


def test_a_stamp_of_a_real_authority_is_checked_offline_with_its_root(authority: Path) -> None:
    with serving(authority) as served:
        answer = stamped(served.url)
    assert served.kinds == ["application/timestamp-query"]
    check = stamp_checker(authority / "ca.pem")
    at = check(answer, OCTETS)
    assert isinstance(at, datetime)
    assert abs(at - datetime.now(UTC)) < timedelta(minutes=5)
    (authority / "data").write_bytes(OCTETS)  # and openssl itself finds it good
    (authority / "answer").write_bytes(answer)
    verify = ("ts", "-verify", "-data", authority / "data", "-in", authority / "answer")
    openssl(*verify, "-CAfile", authority / "ca.pem")


def test_a_stamp_on_other_octets_by_another_root_or_changed_is_not_good(authority: Path, tmp_path: Path) -> None:
    with serving(authority) as served:
        answer = stamped(served.url)
    check = stamp_checker(authority / "ca.pem")
    assert isinstance(check(answer, OCTETS + b" "), str)
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", tmp_path / "k")
    subject = ("-subj", "/CN=Another", "-days", "30", "-out", tmp_path / "another.pem")
    openssl("req", "-new", "-x509", "-key", tmp_path / "k", *subject)
    assert isinstance(stamp_checker(tmp_path / "another.pem")(answer, OCTETS), str)
    found = 0
    for at in range(40, len(answer), 97):
        bent = answer[:at] + bytes([answer[at] ^ 1]) + answer[at + 1 :]
        found += isinstance(check(bent, OCTETS), str)
    assert found > 0
    assert isinstance(check(b"rubbish", OCTETS), str)


@pytest.mark.parametrize("broken", ["503", "rubbish", "another"])
def test_an_authority_that_does_not_answer_rightly_is_unreachable(authority: Path, broken: str) -> None:
    with serving(authority) as served:
        stamped(served.url, b"something else")
        served.broken = broken
        with pytest.raises(PeerUnreachable):
            stamped(served.url)


def test_an_authority_that_is_not_there_is_unreachable() -> None:
    with pytest.raises(PeerUnreachable):
        stamped("http://127.0.0.1:9/")


def test_a_file_that_is_no_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("no")
    for path in (tmp_path / "x.pem", tmp_path / "none.pem"):
        with pytest.raises(InvalidInput, match="can not be read as certificates"):
            stamp_checker(path)
