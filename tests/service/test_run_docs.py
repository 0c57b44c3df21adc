"""The pages on the service name every setting and column that there is, and the example of the guide is right."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from linkbox.adapters import charger_table
from linkbox.adapters.store_sql import SqliteStore
from linkbox.adapters.timestamp import HttpTimeStamper
from linkbox.app.run_config import RunConfig, read_config
from linkbox.app.run_site import prepare
from linkbox.operation.checkpoint_desk import CheckpointPolicy
from tests.app_wire.tool import linkbox
from tests.docs.guides import DOCS
from tests.docs.test_store_and_http import cells, code
from tests.service.installation import SECRETS, lay_out

PAGE = (DOCS / "reference" / "service.md").read_text("utf-8")
GUIDE = (DOCS / "how-to" / "run-in-service.md").read_text("utf-8")


def settings() -> dict[str, object]:
    """Every setting with its default; sections of one level, and what has no sections, by name."""
    found: dict[str, object] = {}
    for name, field in RunConfig.model_fields.items():
        kinds = (field.annotation, *getattr(field.annotation, "__args__", ()))
        parts = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if not parts or name == "mqtt":
            found[name] = field
        else:
            found |= {f"[{name}] {inner}": value for inner, value in parts[0].model_fields.items()}
    return found


def test_every_setting_is_described_with_its_default() -> None:
    described = {code(row[0])[0]: row[1] for row in cells(PAGE, "Settings")}
    assert set(described) == set(settings())
    for name, field in settings().items():
        told, default = described[name], getattr(field, "default", None)
        if getattr(field, "is_required")():  # noqa: B009 - pydantic's own
            assert told == "required", name
        elif isinstance(default, str | float | int) and default != "":
            assert told.strip("`").strip('"') == str(default), name


def test_every_column_of_the_chargers_is_described() -> None:
    rows = cells(PAGE, "The chargers' table")
    described = {column: row[1] for row in rows for column in code(row[0])}
    assert set(described) == {*charger_table.REQUIRED, *charger_table.OPTIONAL}
    assert {column for column, must in described.items() if must == "yes"} == set(charger_table.REQUIRED)


def test_the_example_of_the_guide_is_a_right_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**SECRETS, "LINKBOX_SMTP_PASSWORD": "secret"}.items():
        monkeypatch.setenv(name, value)
    (example,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    assert {"store", "network", "dcc", "market", "door", "page", "operators", "notices", "daily", "records"} <= set(
        tomllib.loads(example)
    )
    lay_out(tmp_path)
    (tmp_path / "service.toml").write_text(example)
    done = linkbox("run", tmp_path / "service.toml", "--check")
    assert (done.code, done.text) == (0, "1 feeders, 6 connection points, 6 chargers, nothing wrong\n"), done.err
    assert done.text in GUIDE


def test_the_records_part_sets_how_often_is_signed_and_who_stamps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    place = lay_out(tmp_path)
    file = place.folder / "service.toml"
    text = file.read_text()
    file.write_text(text.replace("checkpoint_every_s = 5\n", "checkpoint_every_s = 90\ncheckpoint_records = 7\n"))
    store = SqliteStore(None)
    quiet = prepare(read_config(file), place.folder, store)
    assert (quiet.site.checkpoints, quiet.stamper) == (CheckpointPolicy(records=7, minutes=1.5), None)
    file.write_text(text.replace("checkpoint_every_s = 5\n", 'tsa_url = "http://127.0.0.1:9/tsr"\n'))
    stamped = prepare(read_config(file), place.folder, store)
    assert isinstance(stamped.stamper, HttpTimeStamper)
    assert stamped.site.overdue_clock_refuses
    store.close()
