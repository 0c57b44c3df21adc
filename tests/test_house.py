"""The house's own rules that no other tool checks."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "linkbox"


def modules() -> dict[str, Path]:
    found = {}
    for path in SOURCE.rglob("*.py"):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported_by(path: Path, known: set[str]) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names & known


def test_every_module_is_imported_by_another_or_by_a_script() -> None:
    known = modules()
    used: set[str] = set()
    for name, path in known.items():
        used |= imported_by(path, set(known)) - {name}
    for folder in ("scripts", "benchmarks"):
        for path in (ROOT / folder).glob("*.py"):
            used |= imported_by(path, set(known))
    used |= {"linkbox.app.cli"}  # the entry point of pyproject.toml
    packages = {name for name, path in known.items() if path.name == "__init__.py"}
    assert sorted(set(known) - used - packages) == []


def test_no_test_file_is_left_uncollected() -> None:
    files = {
        p for p in (ROOT / "tests").rglob("*.py") if re.search(r"^\s*(async )?def test_", p.read_text("utf-8"), re.M)
    }
    misnamed = sorted(
        str(p.relative_to(ROOT)) for p in files if not p.name.startswith("test_") and "contract" not in p.name
    )
    unreachable = sorted(str(p.relative_to(ROOT)) for p in files if not (p.parent / "__init__.py").exists())
    assert misnamed == []
    assert unreachable == []


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name]


def test_no_file_names_a_registry_host_or_a_path_of_one_machine() -> None:
    host = re.compile(rb"https?://[a-z.]*(" + rb"py" + rb"pi|pythonhosted|npmjs|debian)\.(org|com)")
    place = re.compile(rb"[^A-Za-z0-9_.]/(" + rb"work|farm|root|home)/[a-z]")
    for path in tracked():
        if path.suffix in {".png"} or not path.exists():
            continue
        data = path.read_bytes()
        assert not host.search(data), f"{path} names a registry host"
        assert not place.search(data), f"{path} names a path of a machine: {place.search(data)}"


def test_the_wall_clock_is_read_in_one_place_only() -> None:
    wall = re.compile(r"datetime\.(now|utcnow)\(|time\.time\(\)|date\.today\(")
    reads = [str(p.relative_to(ROOT)) for p in modules().values() if wall.search(p.read_text("utf-8"))]
    assert reads == ["src/linkbox/base/time.py"]


def test_help_of_the_command_line_loads_no_heavy_library() -> None:
    heavy = "{'numba', 'matplotlib', 'sqlalchemy', 'fastapi', 'lxml'}"
    code = f"import sys, linkbox.app.cli; print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
