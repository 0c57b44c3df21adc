"""DCC's own signing tool, run as a separate program. It is GPL-3.0: nothing of it is imported or copied."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_private_key

from linkbox.dcc.smki import Certificate, KeySigner

PACKAGE = "@smartdcc/duis-sign-wrap@0.1.2"
_CLASSES = "uk.co.smartdcc.boxed.xmldsig"
_NAMES = {  # libxml2 can not follow names with blanks
    "DUIS Schema V5.1.xsd": "DUIS-5.1.xsd",
    "MMC Schema V5.1.xsd": "MMC-5.1.xsd",
    "xmldsig-core-schema.xsd": "xmldsig-core-schema.xsd",
}


class ToolAbsent(Exception):
    """The tool can not be had here; the text says why."""


@dataclass(frozen=True)
class SigningTool:
    """The jar inside the npm package."""

    jar: Path
    java: str

    @classmethod
    def install(cls, folder: Path) -> SigningTool:
        """Install the package by name into ``folder``; raise ToolAbsent with the reason."""
        java, npm = shutil.which("java"), shutil.which("npm")
        if java is None or npm is None:
            raise ToolAbsent(f"{'java' if java is None else 'npm'} is not installed")
        (folder / "package.json").write_text("{}")
        try:
            subprocess.run(
                [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE],
                cwd=folder,
                check=True,
                capture_output=True,
                timeout=120,
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise ToolAbsent(f"npm could not install {PACKAGE}: {type(error).__name__}") from error
        jar = folder / "node_modules/@smartdcc/duis-sign-wrap/dist/tool.jar"
        if not jar.exists():
            raise ToolAbsent(f"the package {PACKAGE} has no tool.jar")
        return cls(jar, java)

    def _run(self, name: str, data: bytes, *options: str) -> subprocess.CompletedProcess[bytes]:
        command = [self.java, "-Xshare:auto", "-cp", str(self.jar), f"{_CLASSES}.{name}", "-", *options]
        return subprocess.run(command, input=data, capture_output=True, timeout=60, check=False)

    def accepts(self, data: bytes) -> bool:
        """Whether its Validate accepts the document: exit code 0, or 10 for a failed validation."""
        done = self._run("Validate", data)
        if done.returncode not in (0, 3, 10):
            raise AssertionError(f"Validate ended with {done.returncode}: {done.stderr.decode()[-500:]}")
        return done.returncode == 0

    def sign(self, data: bytes) -> bytes:
        """``data`` signed with the key of its originator; the counter is preserved."""
        done = self._run("Sign", data, "--preserveCounter")
        if done.returncode != 0:
            raise AssertionError(f"Sign ended with {done.returncode}: {done.stderr.decode()[-500:]}")
        return done.stdout

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(self.jar)

    def signer(self, stem: str) -> KeySigner:
        """A signer with one of the test keys that the jar holds."""
        key = load_der_private_key(self._archive.read(f"{stem}.key"), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return KeySigner(key, Certificate.from_pem(self._archive.read(f"{stem}.pem")))

    def write_schemas(self, folder: Path) -> None:
        """Its schemas, under names without blanks."""
        for old, new in _NAMES.items():
            text = self._archive.read(old).decode("utf-8")
            for before, after in _NAMES.items():
                text = text.replace(f'schemaLocation="{before}"', f'schemaLocation="{after}"')
            (folder / new).write_text(text, encoding="utf-8")
