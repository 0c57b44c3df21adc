"""Which feeders of the ENWL archive lose their fuse on an uncontrolled winter evening?

    python scripts/scan_enwl.py --ev-share 0.8 --session-probability 0.8 --tariff-share 1.0 --seeds 3 --json FILE

Runs 17:00 to 07:00 on every feeder with off-peak tariff start at 00:30 and the fuse that fits its head cable, for
several seeds, and again without any car: where household load alone blows the fuse, controlling cars can not help.
The archive is found through LINKBOX_DATA (default ../shared/data).
"""

from __future__ import annotations

import argparse
import json
import os
import tarfile
import tempfile
from datetime import UTC, datetime, time
from pathlib import Path

import numpy as np

from linkbox.adapters.network_opendss import feeders_in_archive, read_opendss_feeder
from linkbox.adapters.network_tables import default_street
from linkbox.grid.topology import FeederNetwork
from linkbox.twin.assets import assets_for
from linkbox.twin.street import Street, Truth
from linkbox.twin.vehicles import VehicleOptions

START = datetime(2026, 1, 14, 17, 0, tzinfo=UTC)
MINUTES = 14 * 60
ARCHIVE = (
    Path(os.environ.get("LINKBOX_DATA", Path(__file__).resolve().parents[1] / "../shared/data")) / "enwl-lvns.tar.xz"
)


def evening(network: FeederNetwork, vehicles: VehicleOptions, seed: int) -> Truth:
    """One uncontrolled evening and night."""
    street = Street(network, assets=assets_for(network), start=START, minutes=MINUTES, seed=seed, vehicles=vehicles)
    closed = np.ones(street.homes)
    for _ in range(MINUTES):
        street.step(closed)
    return street.truth()


def scan(name: str, network: FeederNetwork, vehicles: VehicleOptions, seeds: int) -> dict[str, object]:
    """One row of the result."""
    assets = assets_for(network)
    truths = [evening(network, vehicles, seed) for seed in range(seeds)]
    bare = evening(network, VehicleOptions(ev_share=0.0), 0)
    return {
        "feeder": name,
        "homes": network.homes,
        "per_phase": network.homes_per_phase(),
        "head": network.head_line_code(),
        "fuse_a": round(assets.fuse.rated_current_a),
        "cable_rating_a": assets.cable.rated_current_a,
        "blown_at": {seed: t.fuse_blown_at.strftime("%H:%M") for seed, t in enumerate(truths) if t.fuse_blown_at},
        "max_fuse_state": [round(t.max_fuse_state, 2) for t in truths],
        "max_current_a": round(max(t.max_head_current_a for t in truths)),
        "min_voltage_v": round(min(t.min_voltage_v for t in truths), 1),
        "max_fuse_state_without_cars": round(bare.max_fuse_state, 2),
        "non_converged_minutes": sum(t.non_converged_minutes for t in truths),
    }


def main() -> None:
    """Scan and print one line per feeder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--ev-share", type=float, default=0.8)
    parser.add_argument("--session-probability", type=float, default=0.8)
    parser.add_argument("--tariff-share", type=float, default=1.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--least-homes", type=int, default=1, help="leave out smaller feeders")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--default-street", action="store_true", help="scan the package's own street instead")
    options = parser.parse_args()
    vehicles = VehicleOptions(
        ev_share=options.ev_share,
        session_probability=options.session_probability,
        tariff_share=options.tariff_share,
        tariff_start=time(0, 30),
    )
    rows = []
    for name, network in _networks(default=options.default_street):
        if network.homes < options.least_homes:
            continue
        row = scan(name, network, vehicles, options.seeds)
        rows.append(row)
        print(" ".join(f"{key}={value}" for key, value in row.items()), flush=True)
    blown = [r for r in rows if r["blown_at"]]
    helped = [r for r in blown if float(str(r["max_fuse_state_without_cars"])) < 0.8]
    print(f"{len(rows)} feeders; the fuse blows in at least one of {options.seeds} evenings on {len(blown)}; on")
    print(f"{len(helped)} of them household load alone stays under state 0.8, so that holding cars can help")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


def _networks(*, default: bool) -> list[tuple[str, FeederNetwork]]:
    if default:
        return [("default street", default_street())]
    if not ARCHIVE.exists():
        raise SystemExit(f"{ARCHIVE} is not there; set LINKBOX_DATA to the folder with enwl-lvns.tar.xz")
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(ARCHIVE) as tar:
            tar.extractall(folder, filter="data")
        root = Path(folder) / "enwl-lvns" / "networks"
        return [(name, read_opendss_feeder(root / name)) for name in feeders_in_archive(ARCHIVE)]


if __name__ == "__main__":
    main()
