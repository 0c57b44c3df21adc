"""Low-voltage mains cables by line code: rating, temperature limit and thermal shares.

The temperature rise of a conductor is a sum of five exponentials with one common set of time constants, excited by the
losses; the shares say how much of the final rise follows each. Shares come from finite-difference runs on three CNE
Al XLPE sizes (reference, section 1.2) and are interpolated in log R1 for the others. Ratings of sizes without a table
entry are estimated from R1 by the power law through the same three sizes. A distributor's own table replaces both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log, sqrt

from linkbox.grid.errors import UnknownCable

CABLE_TAU_S: tuple[float, ...] = (4 * 60.0, 30 * 60.0, 240 * 60.0, 2000 * 60.0, 20000 * 60.0)
"""Time constants of the five rise terms: 4 min to 14 days."""

GROUND_DEGC = 15.0
ALUMINIUM_PER_K = 0.00403
COPPER_PER_K = 0.00393


@dataclass(frozen=True, slots=True, kw_only=True)
class CableSpec:
    """One cable type. ``rated_current_a`` held for ever brings the conductor from ``ambient_degc`` (the ground) to
    ``max_conductor_degc``; ``shares`` belong to CABLE_TAU_S and sum to 1.

    ``neutral_share`` is the neutral's rating over that of a phase, 1 where its section is full; ``cyclic_factor`` the
    distributor's own (EREC P17), where there is one: the peak of a daily cycle over the rating; None: worked out from
    the model (``cyclic``)."""

    name: str
    rated_current_a: float
    ambient_degc: float
    max_conductor_degc: float
    shares: tuple[float, ...]
    resistance_per_k: float
    source: str
    neutral_share: float = 1.0
    cyclic_factor: float | None = None

    def neutral(self) -> CableSpec:
        """The neutral as a conductor of its own, heated by its own current alone.

        A rating is that of three loaded conductors side by side; where the neutral carries much, some of them carry
        less. So this errs to the safe side, but for currents of third order, which load all four at once.
        """
        rated_a = self.rated_current_a * self.neutral_share
        return replace(self, name=f"{self.name} neutral", rated_current_a=rated_a)

    @property
    def rated_rise_k(self) -> float:
        """The rise over the ground at the limit."""
        return self.max_conductor_degc - self.ambient_degc


# R1 ohm/km: sustained A at 90 degC, 15 degC ground, 1.2 K.m/W; shares of the five terms (before renormalising)
_ANCHORS: tuple[tuple[float, float, tuple[float, ...]], ...] = (
    (0.322, 249.0, (0.120, 0.293, 0.199, 0.252, 0.132)),
    (0.166, 358.0, (0.056, 0.295, 0.235, 0.263, 0.147)),
    (0.102, 466.0, (0.024, 0.270, 0.269, 0.272, 0.162)),
)
_ANCHOR_SOURCE = "finite-difference model of a Waveform-like CNE cable, direct buried, 1.2 K.m/W, 15 degC"
_ESTIMATE_SOURCE = "estimated from R1 by the power law through 95/185/300 mm2 Al XLPE, limit by insulation"


def _shares(r1: float) -> tuple[float, ...]:
    """Thermal shares for a resistance: linear in log R1 between the anchors, the nearest anchor outside; sum 1."""
    clamped = min(max(r1, _ANCHORS[-1][0]), _ANCHORS[0][0])
    left, right = (_ANCHORS[0], _ANCHORS[1]) if clamped >= _ANCHORS[1][0] else (_ANCHORS[1], _ANCHORS[2])
    weight = log(left[0] / clamped) / log(left[0] / right[0])
    mixed = [(1 - weight) * a + weight * b for a, b in zip(left[2], right[2], strict=True)]
    return tuple(m / sum(mixed) for m in mixed)


def _rating_90_degc(r1: float) -> tuple[float, bool]:
    """Sustained current at 90 degC, and whether it is an anchor's own."""
    for anchor, amps, _ in _ANCHORS:
        if abs(r1 - anchor) < 1e-9:
            return amps, True
    (r_a, i_a, _), (r_b, i_b, _) = _ANCHORS[0], _ANCHORS[-1]
    return i_a * (r_a / r1) ** (log(i_b / i_a) / log(r_a / r_b)), False


def _limit_degc(line_code: str) -> float:
    """XLPE 90, PVC 70, else impregnated paper 80, read from the suffix of the ENWL line codes."""
    parts = line_code.upper().split("_")
    if {"XC", "XSC", "ASN"} & set(parts):
        return 90.0
    return 70.0 if {"PC", "PSC"} & set(parts) else 80.0


def _is_copper(line_code: str) -> bool:
    """Imperial sizes (square inches, after the dot) are copper unless an aluminium suffix says otherwise."""
    return "." in line_code and not {"SAC", "AC"} & set(line_code.upper().split("_"))


_REDUCED_NEUTRAL_OHM_PER_KM: dict[str, float] = dict.fromkeys(
    ("3c_240_SAC_XC", "3c_240_AS", "3c_300_SAC_XC", "3c_300_XC", "3c_300"), 0.164
)
"""Neutrals of more than 1.1 times the phase's resistance: (R0 - R1) / 3 of the ENWL line codes, here about 185 mm2 Al.
All others of the set have a full section, or a sheath that is better than one."""


def _neutral_share(line_code: str, r1: float) -> float:
    """The neutral's rating over the phase's, by the same power law."""
    reduced = _REDUCED_NEUTRAL_OHM_PER_KM.get(line_code)
    if reduced is None:
        return 1.0
    return round(_rating_90_degc(reduced)[0] / _rating_90_degc(r1)[0], 3)


def estimate_cable(line_code: str, r1_ohm_per_km: float) -> CableSpec:
    """A CableSpec from the name and the positive-sequence resistance at 20 degC.

    The rating at another limit than 90 degC follows from equal losses per kelvin, resistance at temperature included.
    """
    amps, is_anchor = _rating_90_degc(r1_ohm_per_km)
    limit, alpha = _limit_degc(line_code), COPPER_PER_K if _is_copper(line_code) else ALUMINIUM_PER_K
    hot_90, hot = 1 + alpha * (90.0 - 20.0), 1 + alpha * (limit - 20.0)
    factor = sqrt((limit - GROUND_DEGC) / (90.0 - GROUND_DEGC) * hot_90 / hot)
    return CableSpec(
        name=line_code,
        rated_current_a=round(amps * factor, 1),
        ambient_degc=GROUND_DEGC,
        max_conductor_degc=limit,
        shares=_shares(r1_ohm_per_km),
        resistance_per_k=alpha,
        source=_ANCHOR_SOURCE if is_anchor and limit == 90.0 else _ESTIMATE_SOURCE,
        neutral_share=_neutral_share(line_code, r1_ohm_per_km),
    )


# Line codes of the ENWL LV Network Solutions set and of the IEEE European LV feeder that a feeder may start with.
_R1_OHM_PER_KM: dict[str, float] = {
    "3c_95_SAC_XC": 0.322,
    "3c_95_ASN": 0.322,
    "3c_95_SAC_ASN": 0.322,
    "3c_95_XC": 0.322,
    "4c_95_SAC_XC": 0.322,
    "3c_185_SAC_XC": 0.166,
    "3c_185_ASN": 0.166,
    "3c_185_SAC_ASN": 0.166,
    "4c_185_SAC_XC": 0.166,
    "4c_185": 0.166,
    "3c_240_SAC_XC": 0.127,
    "3c_240_AS": 0.127,
    "3c_300_SAC_XC": 0.102,
    "3c_300_ASN": 0.102,
    "3c_300_SAC_ASN": 0.102,
    "3c_300_XC": 0.102,
    "3c_300": 0.102,
    "4c_300": 0.102,
    "4c_300_SAC": 0.102,
    "4c_300_ASN": 0.102,
    "3c_600_ASN": 0.052,
    "4c_70": 0.446,
    "4c_70_SAC": 0.446,
    "4c_95": 0.322,
    "4c_120_SAC": 0.255,
    "3c_120": 0.255,
    "4c_25": 1.149,
    "4c_.04": 0.708,
    "5c_.04": 0.708,
    "4c_.05": 0.589,
    "4c_.06": 0.469,
    "4c_.06_AS": 0.469,
    "5c_.06": 0.469,
    "3c_.1": 0.274,
    "3c_.1_AS": 0.274,
    "4c_.1": 0.274,
    "4c_.1_AS": 0.274,
    "4c_.1_SAC": 0.451,
    "5c_.1": 0.274,
    ".1": 0.274,
    "4c_.12": 0.242,
    "4c_.12_AS": 0.242,
    "4c_.15": 0.195,
    "4c_.15_AS": 0.195,
    "5c_.15": 0.195,
    "4c_.2": 0.150,
    "4c_.2_AS": 0.150,
    "4c_.2_AC": 0.230,
    "4c_.2_SAC": 0.230,
    "4c_.2_DSTA": 0.150,
    "4c_.25": 0.124,
    "4c_.25_AS": 0.124,
    "4c_.3": 0.106,
    "4c_.3_AS": 0.106,
    "4c_.3_SAC": 0.150,
    ".3": 0.106,
    "4c_.35": 0.089,
    "4c_.4": 0.072,
    "3c_.5": 0.059,
    "4c_.5": 0.059,
    "4c_.5_AS": 0.059,
    "4c_.5_SAC": 0.097,
    ".5": 0.059,
    "4c_.6": 0.050,
}

CABLES: dict[str, CableSpec] = {code: estimate_cable(code, r1) for code, r1 in _R1_OHM_PER_KM.items()}
"""Mains cables by line code (letter case as in the ENWL set; ``cable_for`` ignores it)."""

_BY_LOWER = {code.lower(): spec for code, spec in CABLES.items()}


def cable_for(line_code: str, r1_ohm_per_km: float | None = None) -> CableSpec:
    """The cable of a line code; one that is not in the table is estimated from its R1 (ohm/km at 20 degC).

    Raises UnknownCable for an unknown code without R1.
    """
    known = _BY_LOWER.get(line_code.lower())
    if known is not None:
        return known
    if r1_ohm_per_km is None or not r1_ohm_per_km > 0:
        raise UnknownCable(line_code)
    return estimate_cable(line_code, r1_ohm_per_km)
