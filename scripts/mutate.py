"""Mutation testing of the modules that protect customers: each small fault put in on purpose must fail a test.

``python scripts/mutate.py [--module control.veto] [--only N] [--part 1/4] [--jobs 2] [--json FILE]``. Mutants are
made from the syntax tree, one change each: comparisons, arithmetic, and/or/not, constants, min/max, floor/ceil,
any/all, break and continue, a statement left out. Each runs in a forked process in which the tests were not imported
yet, with derandomised hypothesis, the quickest tests first. Exit code 1 where a mutant survives that
docs/reference/mutants.md does not give a reason for.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import json
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "mutants.md"
TESTS = {
    "control.windows": ("test_windows.py", "test_overruns.py", "test_ledger.py", "test_columns.py"),
    "control.ledger": ("test_overruns.py", "test_ledger.py", "test_columns.py", "test_veto.py"),
    "control.veto": ("test_veto.py",),
}
TIMEOUT_S = 180
COMPARE: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
ARITHMETIC: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.Mult,
}
NAMES = {
    "min": "max",
    "max": "min",
    "floor": "ceil",
    "ceil": "floor",
    "any": "all",
    "all": "any",
    "bisect_right": "bisect_left",
}


@dataclass(frozen=True)
class Mutant:
    """One changed module."""

    module: str
    number: int
    line: int
    what: str
    source: str

    @property
    def name(self) -> str:
        return f"{self.module.rsplit('.', 1)[-1]} {self.line}: {self.what}"


def mutants(module: str) -> Iterator[Mutant]:
    """Every mutant of one module, in the order of its lines."""
    text = source_of(module)
    sites = len(walked(ast.parse(text)))
    number = 0
    for place in range(sites):
        for choice in range(3):
            tree = ast.parse(text)
            node = walked(tree)[place]
            what = change(node, choice, tree)
            if what is None:
                break
            line = getattr(node, "lineno", 0)
            yield Mutant(module, number, line, what, ast.unparse(ast.fix_missing_locations(tree)))
            number += 1


def walked(tree: ast.Module) -> list[ast.AST]:
    """Every node but those of decorators, docstrings and the switches of ``field(...)``: what they say of a class
    (frozen, slots, printed or not) is no arithmetic."""
    skipped = {id(inner) for node in ast.walk(tree) for part in _said_of(node) for inner in ast.walk(part)}
    return [node for node in ast.walk(tree) if id(node) not in skipped]


def _said_of(node: ast.AST) -> list[ast.AST]:
    """The parts of a node that describe it rather than do anything."""
    parts: list[ast.AST] = list(getattr(node, "decorator_list", []))
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        parts.append(node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "field":
        parts += [keyword for keyword in node.keywords if isinstance(keyword.value, ast.Constant)]
    return parts


def source_of(module: str) -> str:
    """The text of one module of ours."""
    return path_of(module).read_text("utf-8")


def path_of(module: str) -> Path:
    """Where it stands."""
    return ROOT / "src" / "linkbox" / (module.replace(".", "/") + ".py")


def change(node: ast.AST, choice: int, tree: ast.Module) -> str | None:
    """Make the ``choice``-th change at this node in place; what it was, or None where there is no such."""
    before = ast.unparse(node) if isinstance(node, ast.expr | ast.stmt) else ""
    if isinstance(node, ast.Compare):
        flat = [(k, new) for k, op in enumerate(node.ops) for new in COMPARE[type(op)]]
        if choice < len(flat):
            node.ops[flat[choice][0]] = flat[choice][1]()
            return f"`{before}` -> `{ast.unparse(node)}`"
    elif choice == 0 and isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC and "|" not in before:
        node.op = ARITHMETIC[type(node.op)]()
        return f"`{before}` -> `{ast.unparse(node)}`"
    elif choice == 0 and isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        return f"`{before}` -> `{ast.unparse(node)}`"
    elif choice == 0 and isinstance(node, ast.UnaryOp):
        return _in_place_of(tree, node, node.operand, before)
    elif choice == 0 and isinstance(node, ast.Constant) and type(node.value) in {int, float, bool}:
        node.value = not node.value if isinstance(node.value, bool) else node.value + 1
        return f"`{before}` -> `{node.value}`"
    elif choice == 0 and isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
        return _renamed(node, before)
    elif choice == 0 and isinstance(node, ast.Continue | ast.Break):
        other = ast.Break() if isinstance(node, ast.Continue) else ast.Continue()
        return _in_place_of(tree, node, other, before)
    elif choice == 0 and isinstance(node, ast.Raise | ast.AugAssign):
        return _in_place_of(tree, node, ast.Pass(), before)
    elif choice == 0 and isinstance(node, ast.Return) and ast.unparse(node) not in {"return", "return None"}:
        node.value = ast.Constant(None)
        return f"`{before}` -> `return None`"
    elif choice == 0 and isinstance(node, ast.IfExp):
        node.body, node.orelse = node.orelse, node.body
        return f"`{before}` -> `{ast.unparse(node)}`"
    return None


def _renamed(node: ast.Name | ast.Attribute, before: str) -> str | None:
    name = node.id if isinstance(node, ast.Name) else node.attr
    if name not in NAMES:
        return None
    if isinstance(node, ast.Name):
        node.id = NAMES[name]
    else:
        node.attr = NAMES[name]
    return f"`{before}` -> `{ast.unparse(node)}`"


def _in_place_of(tree: ast.Module, old: ast.AST, new: ast.AST, before: str) -> str:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list) and old in value:
                value[value.index(old)] = new
    return f"`{before}` -> `{ast.unparse(new)}`"


class _Loader:
    """Gives the mutant's source for its module, and everything else as it is."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def find_spec(self, name: str, path: object, target: object = None) -> object:
        if name != f"linkbox.{self.mutant.module}":
            return None
        return importlib.util.spec_from_loader(name, self)  # type: ignore[arg-type]  # duck-typed loader

    def create_module(self, spec: object) -> None:
        return None

    def exec_module(self, module: object) -> None:
        module.__dict__["__file__"] = str(path_of(self.mutant.module))  # tests read the module's own text
        code = self.mutant.source.replace("bisect_left(", "__import__('bisect').bisect_left(")
        exec(compile(code, f"<mutant {self.mutant.name}>", "exec"), module.__dict__)  # noqa: S102 - that is the point


def survives(mutant: Mutant) -> bool:
    """Run the tests against the mutant in a fork; whether they all pass."""
    child = os.fork()
    if child == 0:
        os.setsid()
        signal.alarm(TIMEOUT_S)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        sys.meta_path.insert(0, _Loader(mutant))  # type: ignore[arg-type]  # duck-typed finder
        files = [str(ROOT / "tests" / "control" / f) for f in TESTS[mutant.module]]
        present = [f for f in files if Path(f).exists()]
        os._exit(_pytest(present))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


def _pytest(files: list[str]) -> int:
    import pytest
    from hypothesis import HealthCheck, settings

    # A slow machine must not look like a killed mutant.
    checks = list(HealthCheck)
    settings.register_profile(
        "mutants", derandomize=True, database=None, deadline=None, print_blob=False, suppress_health_check=checks
    )
    settings.load_profile("mutants")
    return int(
        pytest.main(
            [
                "-x",
                "-q",
                "-p",
                "no:cacheprovider",
                "-p",
                "no:logging",
                "-W",
                "ignore::pytest.PytestAssertRewriteWarning",
                *files,
            ]
        )
    )


def preload() -> None:
    """Load what is slow and does not depend on the modules under test."""
    for name in ("pytest", "hypothesis.stateful", "numpy", "numba", "linkbox.customers", "linkbox.base.time"):
        importlib.import_module(name)


def reasons() -> set[str]:
    """The names of the mutants that the page gives a reason for."""
    text = PAGE.read_text("utf-8") if PAGE.exists() else ""
    return set(re.findall(r"^\| (\w+ \d+: .*?) \| ", text, re.MULTILINE))


def run(jobs: int, every: list[Mutant]) -> list[Mutant]:
    """The survivors, by number. Each job is a fork that takes every n-th mutant and writes down which survive."""
    pipes = []
    for job in range(jobs):
        reader, writer = os.pipe()
        if os.fork() == 0:
            for mutant in every[job::jobs]:
                alive = survives(mutant)
                os.write(writer, f"{every.index(mutant)} {int(alive)}\n".encode())
            os._exit(0)
        os.close(writer)
        pipes.append(os.fdopen(reader))
    alive, begin = [], time.monotonic()
    for pipe in pipes:
        for line in pipe:
            index, lives = line.split()
            if lives == "1":
                alive.append(every[int(index)])
                print(f"survives: {alive[-1].name}", flush=True)
    print(f"{len(every)} mutants, {len(alive)} survive, {time.monotonic() - begin:.0f} s", flush=True)
    return alive


def main() -> None:
    """Run, print, and compare with the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--module", choices=sorted(TESTS), action="append")
    parser.add_argument("--only", type=int, action="append")
    parser.add_argument("--part", default="1/1", help="2/4: every fourth mutant, beginning with the second")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    preload()
    alive, count = [], 0
    for module in arguments.module or sorted(TESTS):
        text = source_of(module)
        if not survives(Mutant(module, -1, 0, "unchanged", ast.unparse(ast.parse(text)))):
            sys.exit(f"{module}: its tests fail without any mutation")
        every = [m for m in mutants(module) if arguments.only is None or m.number in arguments.only]
        first, step = (int(n) for n in arguments.part.split("/"))
        every = every[first - 1 :: step]
        count += len(every)
        alive += run(arguments.jobs, every)
    if arguments.json:
        body = [{"module": m.module, "number": m.number, "name": m.name} for m in alive]
        arguments.json.write_text(json.dumps({"mutants": count, "survivors": body}, indent=1) + "\n", "utf-8")
    unexplained = [m.name for m in alive if m.name not in reasons()]
    print(f"{len(unexplained)} without a written reason", *unexplained, sep="\n  ")
    sys.exit(1 if unexplained else 0)


if __name__ == "__main__":
    main()
