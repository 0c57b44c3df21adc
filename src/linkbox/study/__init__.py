"""Many seeded runs, and their result tables."""
