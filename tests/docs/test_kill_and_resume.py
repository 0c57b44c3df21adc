"""The guide on killing an evening and going on with it, followed to the letter but for the waiting."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.docs.guides import DOCS, WITH_INTERVENTION, blocks, check, commands, shell, shortened

PAGE = DOCS / "how-to" / "kill-and-resume.md"
MINUTES_BEFORE_THE_KILL = 40


def begin(line: str, folder: Path) -> subprocess.Popen[bytes]:
    program, _, rest = line.removesuffix("&").partition(">")
    log = (folder / rest.strip()).open("wb")
    words = [str(Path(sys.executable).parent / "linkbox"), *program.split()[1:]]
    with log:
        return subprocess.Popen(words, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)


def wait_for_minutes(process: subprocess.Popen[bytes], journal: Path) -> None:
    until = time.monotonic() + 200
    while not journal.exists() or journal.read_bytes().count(b'"kind": "minute"') < MINUTES_BEFORE_THE_KILL:
        assert process.poll() is None, "the evening was over before it could be killed"
        assert time.monotonic() < until, "the evening does not get on"
        time.sleep(0.02)


def result_of(path: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(path.read_text("utf-8"))
    del result["wall"]
    return result


def test_a_killed_evening_goes_on_to_the_result_of_one_that_was_not_killed(tmp_path: Path) -> None:
    ((kind, text),) = blocks(PAGE)
    start, kill, *rest = commands(text)
    assert (kind, start.line[-1], kill.line) == ("console", "&", "sleep 6; kill -9 $!")
    process = begin(shortened(start.line, WITH_INTERVENTION), tmp_path)
    wait_for_minutes(process, tmp_path / "evening" / "world.jsonl")
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    for command in rest:
        check(command, shell(shortened(command.line), tmp_path))
    shell(f"linkbox demo {WITH_INTERVENTION} --out unbroken --json unbroken.json", tmp_path)
    resumed, unbroken = result_of(tmp_path / "evening.json"), result_of(tmp_path / "unbroken.json")
    assert resumed["with_control"]["invariants"]["every_command_executed_at_most_once"]
    assert resumed["with_control"]["invariants"]["audit_chain_verifies"]
    assert resumed == unbroken
