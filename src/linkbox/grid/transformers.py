"""Distribution transformers: ratings and IEC 60076-7 constants (ONAN)."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

SECONDARY_VOLTAGE_V = 433.0
"""Line voltage of the LV winding at no load that GB distribution transformers are rated at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerSpec:
    """One transformer type. ``loss_ratio`` is load loss over no-load loss (R of IEC 60076-7); rises are at rated load.

    ``hot_spot_gradient_k`` is the product H * g_r. Limits are those of normal cyclic loading under 10 MVA.
    """

    rated_kva: float
    rated_current_a: float
    loss_ratio: float
    top_oil_rise_k: float = 55.0
    hot_spot_gradient_k: float = 23.0
    oil_exponent: float = 0.8
    winding_exponent: float = 1.6
    k11: float = 1.0
    k21: float = 1.0
    k22: float = 2.0
    oil_tau_s: float = 180.0 * 60
    winding_tau_s: float = 4.0 * 60
    top_oil_limit_degc: float = 105.0
    hot_spot_limit_degc: float = 120.0
    source: str = ""

    @property
    def name(self) -> str:
        """For tables and reasons: ``500 kVA``."""
        return f"{self.rated_kva:g} kVA"


# kVA: no-load loss W, load loss W (EU Ecodesign tier 2)
_LOSSES_W: dict[int, tuple[float, float]] = {
    100: (130, 1250),
    160: (189, 1750),
    200: (225, 2000),
    250: (270, 2350),
    315: (324, 2800),
    500: (459, 3900),
    630: (540, 4600),
    800: (585, 6000),
    1000: (693, 7600),
}

_SOURCE = (
    "IEC 60076-7 distribution ONAN constants; outdoor unit, 55 K oil rise and 23 K hot-spot gradient, so 98 degC at"
    " rated load in 20 degC; losses EU Ecodesign tier 2 from general knowledge, to be replaced by the nameplate"
)

TRANSFORMERS: dict[int, TransformerSpec] = {
    kva: TransformerSpec(
        rated_kva=float(kva),
        rated_current_a=round(kva * 1000.0 / (sqrt(3.0) * SECONDARY_VOLTAGE_V), 1),
        loss_ratio=round(load_w / no_load_w, 2),
        source=_SOURCE,
    )
    for kva, (no_load_w, load_w) in _LOSSES_W.items()
}
"""Transformer types by rating in kVA."""
