"""Warehouse-floor edge agent: pick tasks in, machine commands out, every pick checked twice."""

__version__ = "0.1.0"
