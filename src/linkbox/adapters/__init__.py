"""One technology each: store, gateway, ingest, market, keys, notify, network import."""
