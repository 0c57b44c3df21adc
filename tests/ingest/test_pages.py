"""The pages on readings and the watch: their commands run, their tables say what the program does."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydantic import BaseModel

from linkbox.adapters.fleet_table import COLUMNS
from linkbox.adapters.ingest.http import create_ingest_app
from linkbox.adapters.ingest.readings_json import SCHEMA, decode_columns, decode_reading
from linkbox.adapters.ingest.readings_table import NUMBERS, REQUIRED
from linkbox.app.watch_config import WatchConfig
from linkbox.base.identifiers import FeederId
from linkbox.base.time import ManualClock
from linkbox.grid.telemetry import FeederIndex, Quality, QualityPolicy, ReadingBatch
from linkbox.operation.ingest_queue import IngestQueue
from tests.docs.guides import DOCS, check, commands, shell
from tests.ingest.samples import START, free_port, mosquitto

GUIDE = (DOCS / "how-to" / "feed-readings-in.md").read_text("utf-8")
FORMATS = (DOCS / "reference" / "reading-formats.md").read_text("utf-8")
FLAGS = (DOCS / "reference" / "quality-flags.md").read_text("utf-8")
WATCH = (DOCS / "reference" / "watch.md").read_text("utf-8")
LINE = re.compile(r"^\| (`[^|]+) \|([^|]*)\|([^|]*)\|", re.MULTILINE)


def write_files(folder: Path) -> None:
    """The files that the guide shows, under their names."""
    for name, text in re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)^```$", GUIDE, re.M | re.S):
        (folder / name).write_text(text, encoding="utf-8")


def shown() -> list[str]:
    """The console blocks of the guide."""
    return re.findall(r"^```console\n(.*?)^```$", GUIDE, re.M | re.S)


def test_the_commands_on_files_do_what_the_guide_shows(tmp_path: Path) -> None:
    write_files(tmp_path)
    ran = 0
    for block in shown():
        for command in commands(block):
            if command.line.startswith("linkbox readings") or "replay.toml" in command.line:
                check(command, shell(command.line, tmp_path))
                ran += 1
    assert ran == 3
    looks = [json.loads(line) for line in (tmp_path / "looks.jsonl").read_text("utf-8").splitlines()]
    assert looks[-1]["worst"][0]["feeder"] == "CS-1"


def test_the_live_commands_do_what_the_guide_shows(tmp_path: Path) -> None:
    if shutil.which("curl") is None or shutil.which("mosquitto_pub") is None:
        pytest.skip("needs curl and mosquitto_pub: apt-get install curl mosquitto-clients")
    write_files(tmp_path)
    http_port = free_port()
    with mosquitto(tmp_path) as mqtt_port:
        config = tmp_path / "watch.toml"
        text = config.read_text("utf-8").replace("8088", str(http_port)).replace("1883", str(mqtt_port))
        config.write_text(text, encoding="utf-8")
        program = [str(Path(sys.executable).parent / "linkbox"), "watch", "watch.toml", "--json", "--for", "60"]
        watching = subprocess.Popen(program, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        try:
            log = tmp_path / "watch.log"
            for _ in range(300):
                if log.exists() and "listening" in log.read_text("utf-8"):
                    break
                time.sleep(0.1)
            time.sleep(0.5)
            said = [
                shell(c.line.replace("8088", str(http_port)).replace("_pub", f"_pub -p {mqtt_port}", 1), tmp_path)
                for block in shown()
                for c in commands(block)
                if c.line.startswith(("curl", "mosquitto_pub"))
            ]
        finally:
            watching.terminate()
            out, _ = watching.communicate(timeout=30)
    assert [text.splitlines()[0] for text in (said[0], said[2])] == ["HTTP/1.1 204 No Content"] * 2
    final = json.loads(out.splitlines()[-1])
    assert final["sources"]["http"]["readings"] == 3
    assert final["sources"]["mqtt"]["readings"] == 1
    assert final["flags_total"]["late"] + final["flags_total"].get("future", 0) >= 4


def test_every_flag_is_listed_with_its_bit_and_whether_it_refuses() -> None:
    listed = {name.strip("`"): (int(bit), refuses.strip() == "yes") for name, bit, refuses in LINE.findall(FLAGS)}
    assert listed == {q.value: (int(q.bit).bit_length() - 1, q.refuses) for q in Quality}


def test_the_defaults_that_the_flags_page_names_are_the_policys() -> None:
    policy = QualityPolicy()
    for words in (
        f"above {policy.impossible_a:,.0f} A",
        f"more than {policy.future_tolerance_s:.0f} s after its arrival",
        f"more than {policy.late_after_s:.0f} s after its time",
        f"{policy.clock_ahead_s:.0f} s *before* its time, or more than {policy.clock_behind_s:.0f} s after",
        f"{policy.swapped_adopt:,} readings",
    ):
        assert words in FLAGS
    assert (policy.stuck_after, policy.swapped_after, policy.clock_after, policy.swapped_ratio) == (10, 10, 5, 0.2)


def test_every_setting_is_described_with_its_default() -> None:
    described = {
        name.strip("`"): default.strip() for name, default, _ in LINE.findall(WATCH.split("## Fleet table")[0])
    }
    settings = {}
    for part, field in WatchConfig.model_fields.items():
        kinds = [k for k in (field.annotation, *getattr(field.annotation, "__args__", ())) if isinstance(k, type)]
        model = next((k for k in kinds if issubclass(k, BaseModel)), None)
        for name, setting in model.model_fields.items() if model else ():
            settings[f"{part}.{name}"] = setting
    assert set(described) == set(settings)
    for name, setting in settings.items():
        if isinstance(setting.default, str | int | float):
            shown_default = str(setting.default).lower() if isinstance(setting.default, bool) else setting.default
            assert described[name] == f"`{shown_default}`", name
        else:
            assert not described[name].startswith("`"), name


def test_the_columns_of_both_tables_are_listed() -> None:
    for name in (*REQUIRED, *NUMBERS, "feeder_index", SCHEMA):
        assert f"`{name}`" in FORMATS
    table = WATCH.split("## Fleet table")[1]
    assert tuple(name.strip("`") for name in re.findall(r"^\| (`[a-z_]+`) \|", table, re.M)[: len(COLUMNS)]) == COLUMNS


def test_every_endpoint_of_the_watch_is_listed() -> None:
    app = create_ingest_app(IngestQueue(FeederIndex([]), {}, ManualClock(START), max_readings=1), dict)
    served = {f"{method.upper()} {path}" for path, methods in app.openapi()["paths"].items() for method in methods}
    page = (DOCS / "reference" / "http.md").read_text("utf-8").split("## Into the watch")[1].split("\n## ")[0]
    assert served == {name.strip("`") for name in re.findall(r"^\| (`[A-Z]+ [^`]+`) \|", page, re.M)}


def test_the_json_examples_are_readings() -> None:
    index = FeederIndex([FeederId("CS-1"), FeederId("CS-2")])
    single, columns = re.findall(r"^```json\n(.*?)^```$", FORMATS, re.M | re.S)
    assert isinstance(decode_reading(single.encode(), index, 0), ReadingBatch)
    assert isinstance(decode_columns(columns.encode(), index, 0), ReadingBatch)
