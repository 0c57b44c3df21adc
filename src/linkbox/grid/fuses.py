"""Low-voltage fuse types and the parameters of their two-state thermal model (BS HD 60269-2, system I, gG/gU).

Element and body are two parallel first-order lags of the squared current; the fuse melts when their sum reaches 1.
The standard bounds the real minimum melting current only to about [1.25, 1.6) times the rating, so there are two sets:
the *expected* one from published curves (what the twin blows, with a spread per fuse) and the *pessimistic* one with
1.25 (what the controller watches).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

PESSIMISTIC_MELT_RATIO = 1.25
"""The conventional non-fusing current of a gG fuse over its rating: the lowest steady current that may melt it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FuseSpec:
    """One fuse-link type. The steady state of the model at current I is ``(I / (melt_ratio * rated_current_a))**2``.

    ``melt_ratio`` is the minimum melting current over the rating; ``element_share`` the part of the state that follows
    with ``element_tau_s``, the rest follows with ``body_tau_s``; ``source`` says where the numbers are from.
    """

    name: str
    rated_current_a: float
    melt_ratio: float
    element_share: float
    element_tau_s: float
    body_tau_s: float
    source: str

    @property
    def melt_current_a(self) -> float:
        """The smallest current that melts the fuse if held for ever, A rms."""
        return self.melt_ratio * self.rated_current_a

    def pessimistic(self) -> FuseSpec:
        """The same fuse, melting from 1.25 times its rating: no fuse that meets the standard melts under that."""
        why = f"{self.source}; melt ratio replaced by the conventional non-fusing current 1.25 In"
        return replace(self, name=f"{self.name} (pessimistic)", melt_ratio=PESSIMISTIC_MELT_RATIO, source=why)


CURVE_POINTS_A: dict[int, tuple[tuple[float, float], ...]] = {
    250: ((450.0, 4800.0), (800.0, 120.0), (1650.0, 7.0), (375.0, 10800.0)),
    315: ((550.0, 4800.0), (920.0, 120.0), (1900.0, 7.0), (472.5, 10800.0)),
    355: ((650.0, 4800.0), (1116.0, 120.0), (2350.0, 6.0), (532.5, 10800.0)),
    400: ((720.0, 4800.0), (1350.0, 120.0), (2800.0, 7.0), (600.0, 10800.0)),
    630: ((1200.0, 4800.0), (2000.0, 120.0), (4800.0, 7.0), (945.0, 14400.0)),
}
"""(current A, pre-arcing time s): three points of the Siemens NH gG average curves as tabulated by pandapower 3.5.6,
and the assumed point (1.5 In, conventional time), which the standard brackets between 1.25 In and 1.6 In."""

_FITTED = "four-point fit (scripts/fit_fuses.py) to Siemens NH gG average curves in pandapower 3.5.6 and 1.5 In"
_SCALED = (
    "shape of the 250 A row, currents scaled with the rating: the published 200 A row contradicts its neighbours and"
    " the gG limits, and no curve points are at hand below it"
)

# rating A: melt ratio, element share, element tau s, body tau s
_ROWS: dict[int, tuple[float, float, float, float]] = {
    250: (1.337441, 0.162949, 24.63753, 7676.594),
    315: (1.390867, 0.213597, 24.92826, 6263.509),
    355: (1.275418, 0.154899, 22.26001, 9683.095),
    400: (1.350232, 0.147054, 24.63275, 7184.978),
    630: (1.365423, 0.181270, 36.67778, 9208.142),
}


def _spec(rating: int, row: tuple[float, float, float, float], source: str) -> FuseSpec:
    ratio, share, element_tau_s, body_tau_s = row
    return FuseSpec(
        name=f"gG {rating} A",
        rated_current_a=float(rating),
        melt_ratio=ratio,
        element_share=share,
        element_tau_s=element_tau_s,
        body_tau_s=body_tau_s,
        source=source,
    )


FUSES: dict[int, FuseSpec] = {n: _spec(n, _ROWS[250], _SCALED) for n in (100, 160, 200)} | {
    n: _spec(n, row, _FITTED) for n, row in _ROWS.items()
}
"""Fuse types by rated current in A."""
