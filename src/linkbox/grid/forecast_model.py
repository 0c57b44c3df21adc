"""The pooled forecast model that every feeder starts with. Written by scripts/fit_forecast.py; do not edit."""

from __future__ import annotations

import numpy as np

from linkbox.grid.forecast import ForecastModel

ONE_MINUTE_MODEL = ForecastModel(
    horizons_s=(300.0, 600.0, 900.0, 1800.0),
    levels=(0.5, 0.8, 0.95, 0.99),
    coefficients=np.array(
        [
            [
                [0.670, 0.067, 0.225, -0.049, 0.018],
                [0.350, 0.241, 0.278, -0.045, 0.021],
                [0.298, 0.214, 0.267, -0.029, 0.015],
                [0.230, 0.150, 0.251, -0.015, 0.003],
            ],
            [
                [0.691, 0.057, 0.275, -0.068, 0.000],
                [0.403, 0.215, 0.408, -0.115, 0.000],
                [0.372, 0.183, 0.472, -0.152, 0.000],
                [0.349, 0.082, 0.624, -0.252, 0.000],
            ],
        ],
        dtype=np.float32,
    ),
    start_z=np.array(
        [
            [
                [-0.014, 0.097, 0.340, 0.806],
                [-0.022, 0.174, 0.544, 1.227],
                [-0.023, 0.217, 0.650, 1.404],
                [-0.017, 0.251, 0.705, 1.447],
            ],
            [
                [-0.023, 0.093, 0.353, 0.826],
                [-0.041, 0.165, 0.570, 1.287],
                [-0.053, 0.206, 0.684, 1.510],
                [-0.065, 0.259, 0.792, 1.656],
            ],
        ],
        dtype=np.float32,
    ),
    eta=0.02,
    source=(
        "pooled ridge on simulated one-minute phase currents (twin households and charging sessions, winter weekdays,"
        " phases of 6 to 60 homes, 0 to 80 % cars); not yet fitted to measured one-minute data"
    ),
)
