"""The bench really publishes, loses nothing, and says what it measured in the common form."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.app.commandline import call

FIGURES = {
    "reading_to_risk_p50_s",
    "reading_to_risk_p99_s",
    "messages_per_s",
    "messages_lost",
    "readings_accepted",
    "shed",
    "most_waiting",
    "look_p50_s",
    "look_max_s",
    "cpu_s_per_minute",
    "memory_mb",
    "publisher_behind_s",
}


def test_a_short_run_delivers_every_reading(capsys: pytest.CaptureFixture[str]) -> None:
    if shutil.which("mosquitto") is None and shutil.which("mosquitto", path="/usr/sbin") is None:
        pytest.skip("needs the broker Mosquitto: apt-get install mosquitto")
    pytest.importorskip("aiomqtt", reason="needs the extra 'mqtt'")
    said = call(
        capsys, "bench", "ingest", "--substations", "40", "--feeders", "2", "--minutes", "1", "--within", "1", "--json"
    )
    assert said.code == 0, said.error
    told = json.loads(said.out)
    assert told["bench"] == "ingest"
    found = {f["name"]: f for f in told["results"]}
    assert set(found) == FIGURES
    assert all(set(f) == {"name", "value", "unit", "floor"} for f in told["results"])
    assert found["readings_accepted"]["value"] == found["readings_accepted"]["floor"] == 80
    assert found["messages_lost"]["value"] == found["messages_lost"]["floor"] == 0
    assert found["shed"]["value"] == 0
    assert found["reading_to_risk_p99_s"]["value"] > found["reading_to_risk_p99_s"]["floor"] >= 0.0


@pytest.mark.parametrize(
    ("option", "value"), [("--substations", "0"), ("--feeders", "101"), ("--minutes", "0"), ("--within", "61")]
)
def test_a_run_that_is_none_is_refused(capsys: pytest.CaptureFixture[str], option: str, value: str) -> None:
    said = call(capsys, "bench", "ingest", option, value)
    assert said.code == 2
    assert option in said.error
