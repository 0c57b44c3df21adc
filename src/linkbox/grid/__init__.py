"""The grid: networks, telemetry, thermal states, forecasts and risk. Pure and vectorised over assets."""
