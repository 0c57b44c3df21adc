"""What every room shares: identifiers, time, the error root, phases and state tables."""
