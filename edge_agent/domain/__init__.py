"""Frozen values that every part of the agent speaks in. No I/O, no behaviour beyond their own checks."""
