r"""Convert the IEEE European LV Test Feeder, as pandapower ships it, into Linkbox's table format.

pandapower is needed for this script only and is no dependency of Linkbox. Its own requirements clash with some of the
development tools, so it goes into an environment of its own::

    python3 -m venv /tmp/pandapower-venv
    /tmp/pandapower-venv/bin/pip install pandapower==3.5.6
    PYTHONPATH=src /tmp/pandapower-venv/bin/python scripts/convert_ieee_feeder.py \
        src/linkbox/adapters/streets/ieee-european-lv

What is taken over: sections with their line codes and lengths, and the 55 single-phase loads with their phase. What is
set here, because the snapshot does not carry it: 1 kW at power factor 0.95 per load (as in the feeder's published Loads
file; the snapshot rounds reactive power to the var), 416 V between phases at the busbar (1.0 per unit, as in the ENWL
original; pandapower's copy has 1.05 at 11 kV), and the 200 A fuse that would protect the 70 mm2 head cable.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

from linkbox.adapters.network_tables import write_network_tables
from linkbox.base.phases import PHASES, Phase
from linkbox.grid.topology import BranchRow, FeederNetwork, LineCode, LoadRow, build_network

SCENARIO = "on_peak_566"
SOURCE = (
    "IEEE PES Distribution Test Feeders: European Low Voltage Test Feeder; converted from pandapower 3.5.6, "
    "ieee_european_lv_asymmetric('on_peak_566'), BSD-3-Clause (see NOTICE.txt)"
)


def convert(net: Any) -> FeederNetwork:
    """The pandapower net as a feeder that starts at the busbar on the low-voltage side of its transformer."""
    names = net.bus["name"].astype(str).to_dict()
    lines = [row._asdict() for row in net.line.itertuples(index=False)]
    transformer = net.trafo.iloc[0]
    return build_network(
        name="IEEE European LV Test Feeder",
        source=SOURCE,
        source_node=names[int(transformer["lv_bus"])],
        source_voltage_v=float(transformer["vn_lv_kv"]) * 1000.0 / math.sqrt(3.0),
        fuse_rated_a=200,
        transformer_kva=round(float(transformer["sn_mva"]) * 1000.0),
        line_codes={str(row["std_type"]): _line_code(row) for row in lines},
        branches=[
            BranchRow(
                name=str(row["name"]),
                from_node=names[row["from_bus"]],
                to_node=names[row["to_bus"]],
                line_code=str(row["std_type"]),
                length_m=round(float(row["length_km"]) * 1000.0, 6),
                where=f"line {row['name']}",
            )
            for row in lines
        ],
        loads=[_load(row._asdict(), names) for row in net.asymmetric_load.itertuples(index=False)],
        where="pandapower",
    )


def _line_code(row: dict[str, Any]) -> LineCode:
    return LineCode(
        name=str(row["std_type"]),
        r1_ohm_per_km=_single(row["r_ohm_per_km"]),
        x1_ohm_per_km=_single(row["x_ohm_per_km"]),
        r0_ohm_per_km=_single(row["r0_ohm_per_km"]),
        x0_ohm_per_km=_single(row["x0_ohm_per_km"]),
    )


def _single(value: float) -> float:
    """pandapower holds single-precision numbers: 0.446000009775162 stands for 0.446."""
    return float(f"{float(value):.6g}")


def _load(row: dict[str, Any], names: dict[int, str]) -> LoadRow:
    """The phase is the one column with power in it; a snapshot with none or two can not be converted."""
    drawing = [phase for phase, letter in zip(PHASES, "abc", strict=True) if row[f"p_{letter}_mw"] > 0]
    if len(drawing) != 1:
        raise SystemExit(f"{row['name']}: {len(drawing)} phases draw power, expected 1")
    phase: Phase = drawing[0]
    return LoadRow(
        name=str(row["name"]),
        node=names[row["bus"]],
        phase=phase,
        nominal_w=1000.0,
        power_factor=0.95,
        where=f"load {row['name']}",
    )


def main() -> None:
    """Convert into the folder that the command line names."""
    try:
        from pandapower.networks import ieee_european_lv_asymmetric
    except ImportError:
        raise SystemExit(f"pandapower is not installed here; see the head of this script\n{__doc__}") from None
    network = convert(ieee_european_lv_asymmetric(SCENARIO))
    write_network_tables(network, Path(sys.argv[1]))
    print(f"{network.name}: {len(network.nodes)} nodes, {network.homes} loads, per phase {network.homes_per_phase()}")


if __name__ == "__main__":
    main()
