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
                [0.667, 0.071, 0.224, -0.043, 0.016],
                [0.348, 0.242, 0.278, -0.041, 0.019],
                [0.296, 0.216, 0.267, -0.026, 0.013],
                [0.229, 0.153, 0.250, -0.014, 0.002],
                [0.139, 0.075, 0.193, -0.002, -0.014],
            ],
            [
                [0.689, 0.061, 0.273, -0.067, 0.000],
                [0.403, 0.218, 0.407, -0.116, 0.000],
                [0.373, 0.186, 0.472, -0.154, 0.000],
                [0.350, 0.088, 0.622, -0.254, 0.000],
                [0.327, -0.062, 0.885, -0.507, 0.000],
            ],
        ],
        dtype=np.float32,
    ),
    start_z=np.array(
        [
            [
                [-0.015, 0.119, 0.387, 0.796],
                [-0.024, 0.209, 0.611, 1.201],
                [-0.026, 0.261, 0.715, 1.328],
                [-0.018, 0.306, 0.762, 1.315],
                [-0.013, 0.335, 0.832, 1.473],
            ],
            [
                [-0.024, 0.116, 0.401, 0.831],
                [-0.045, 0.199, 0.647, 1.281],
                [-0.058, 0.247, 0.769, 1.469],
                [-0.070, 0.308, 0.891, 1.603],
                [-0.103, 0.423, 1.199, 2.104],
            ],
        ],
        dtype=np.float32,
    ),
    eta=0.03,
    grain_a=32.0,
    source="pooled ridge on simulated one-minute winter phases (6 to 60 homes, 0 to 80 % cars), not on measurements",
)
