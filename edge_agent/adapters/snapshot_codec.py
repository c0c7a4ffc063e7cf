"""Images of the state as compressed JSON and back, with a version.

A snapshot only saves time: one in a version that is not known is passed over, and the state is built from
the events. So there are no steps from one version to the next; `VERSION` goes up when the form of
`StateImage`, or what `evolve` makes of an event, changes. `tests/data/snapshot_v1.json` holds the form.
"""

import zlib
from collections.abc import Callable
from dataclasses import fields
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from edge_agent.core.image import StateImage
from edge_agent.errors import JournalError

VERSION = 1

_WHOLE = TypeAdapter(StateImage)
_LEVEL = 1  # a third of the time of the default, for a tenth more bytes


class SnapshotCodec:
    """How the loop's state becomes the body of a snapshot."""

    version = VERSION

    def encode(self, image: StateImage) -> bytes:
        """Item by item, so that a thread which does it lets the others run."""
        parts = (f'"{name}":'.encode() + dump(getattr(image, name)) for name, dump in _DUMPS.items())
        return zlib.compress(b"{" + b",".join(parts) + b"}", _LEVEL)

    def decode(self, version: int, body: bytes) -> StateImage:
        """Raises `JournalError` for another version and for what does not fit this one."""
        if version != VERSION:
            raise JournalError(f"the snapshot has version {version}, this edge-agent reads {VERSION}")
        try:
            return _WHOLE.validate_json(zlib.decompress(body), strict=True)
        except (zlib.error, ValidationError) as error:
            raise JournalError(f"the snapshot cannot be read: {error}") from error


def _dump(type_: Any) -> Callable[[Any], bytes]:
    if get_origin(type_) is not tuple:
        return TypeAdapter(type_).dump_json
    item = TypeAdapter(get_args(type_)[0])
    return lambda values: b"[" + b",".join(map(item.dump_json, values)) + b"]"


_HINTS = get_type_hints(StateImage, include_extras=True)
_DUMPS = {field.name: _dump(_HINTS[field.name]) for field in fields(StateImage)}
