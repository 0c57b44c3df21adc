"""The pooled forecast model that every feeder starts with; written by scripts/fit_forecast.py."""

from __future__ import annotations

import numpy as np

from linkbox.grid.forecast import ForecastModel

ONE_MINUTE_MODEL = ForecastModel(
    horizons_s=(300.0, 600.0, 900.0, 1800.0, 3600.0),
    levels=(0.5, 0.8, 0.95, 0.99),
    coefficients=np.array(
        [
            [
                [0.669, 0.071, 0.222, -0.048, 0.017],
                [0.350, 0.242, 0.277, -0.045, 0.021],
                [0.298, 0.216, 0.266, -0.029, 0.015],
                [0.231, 0.152, 0.249, -0.015, 0.003],
                [0.139, 0.075, 0.193, -0.002, -0.014],
            ],
            [
                [0.690, 0.061, 0.272, -0.067, 0.000],
                [0.403, 0.217, 0.406, -0.115, 0.000],
                [0.373, 0.186, 0.471, -0.153, 0.000],
                [0.350, 0.087, 0.621, -0.253, 0.000],
                [0.327, -0.062, 0.885, -0.507, 0.000],
            ],
        ],
        dtype=np.float32,
    ),
    start_z=np.array(
        [
            [
                [-0.016, 0.117, 0.386, 0.798],
                [-0.024, 0.207, 0.609, 1.200],
                [-0.026, 0.260, 0.715, 1.329],
                [-0.019, 0.305, 0.762, 1.316],
                [-0.013, 0.335, 0.832, 1.473],
            ],
            [
                [-0.024, 0.116, 0.401, 0.830],
                [-0.045, 0.199, 0.646, 1.280],
                [-0.058, 0.247, 0.769, 1.469],
                [-0.070, 0.308, 0.891, 1.602],
                [-0.103, 0.423, 1.199, 2.104],
            ],
        ],
        dtype=np.float32,
    ),
    eta=0.03,
    grain_a=32.0,
    source="pooled ridge on simulated one-minute winter phases (6 to 60 homes, 0 to 80 % cars), not on measurements",
)
