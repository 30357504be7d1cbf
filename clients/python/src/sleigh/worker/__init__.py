"""A worker: it registers, and calls functions for one task after another."""
