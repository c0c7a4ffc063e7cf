"""Measurements that a person runs; each prints a table and can write it as JSON."""
