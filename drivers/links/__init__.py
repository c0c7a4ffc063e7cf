"""Transports: they open, carry and notice that they are broken. They never reconnect by themselves."""
