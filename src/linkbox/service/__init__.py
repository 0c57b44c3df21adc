"""A controller at work: its doors, its duties, and the time that passes. Hosted in real time, and by a simulation."""
