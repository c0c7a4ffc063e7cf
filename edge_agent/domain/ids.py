"""Identifiers. Each is a plain string or number at run time and a type of its own for the checker."""

from typing import NewType

TaskId = NewType("TaskId", str)
LineId = NewType("LineId", str)
TripId = NewType("TripId", str)
StationId = NewType("StationId", str)
DeviceId = NewType("DeviceId", str)
PointId = NewType("PointId", str)
"""A place on the conveyor where a load can be handed over."""
LaneId = NewType("LaneId", str)
LocationId = NewType("LocationId", str)
"""A storage location inside an AS/RS."""
Lpn = NewType("Lpn", str)
"""Licence plate number: the label of a tote or an order container."""
Gtin = NewType("Gtin", str)
"""GTIN-14, digits only, check digit verified."""
CommandId = NewType("CommandId", int)
"""1 .. 2**32-1, unique for a journal's life: devices echo it as a 32-bit sequence number."""
ExceptionId = NewType("ExceptionId", str)
