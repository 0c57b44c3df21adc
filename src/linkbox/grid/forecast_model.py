"""The pooled forecast model that every feeder starts with."""

from __future__ import annotations

import numpy as np

from linkbox.grid.forecast import ForecastModel

ONE_MINUTE_MODEL = ForecastModel(
    horizons_s=(300.0, 600.0, 900.0, 1800.0),
    levels=(0.5, 0.8, 0.95, 0.99),
    coefficients=np.array(
        [
            [
                [0.61, 0.43, -0.26, 0.13, -0.01],
                [0.5, 0.4, -0.2, 0.15, 0.0],
                [0.4, 0.35, -0.1, 0.15, 0.0],
                [0.3, 0.25, 0.0, 0.2, 0.0],
            ],
            [
                [0.65, 0.43, -0.26, 0.13, 0.0],
                [0.55, 0.4, -0.2, 0.15, 0.0],
                [0.45, 0.35, -0.1, 0.2, 0.0],
                [0.35, 0.3, 0.0, 0.2, 0.0],
            ],
        ],
        dtype=np.float32,
    ),
    start_z=np.array(
        [[[0.0, 0.1, 0.25, 0.4], [0.0, 0.15, 0.35, 0.5], [0.0, 0.15, 0.4, 0.6], [0.0, 0.2, 0.45, 0.7]]] * 2,
        dtype=np.float32,
    ),
    eta=0.02,
    source="provisional",
)
