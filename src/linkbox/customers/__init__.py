"""Who may be curtailed at all: consent, tenancy, objections, priority register."""
