"""A mark for unions whose members cannot be told apart by their fields alone.

`Retrieve` and `Store` have the same fields: written as JSON, each must say which one it is.
"""

from typing import Any, get_args

from pydantic import GetCoreSchemaHandler, SerializerFunctionWrapHandler
from pydantic_core import CoreSchema, core_schema


class Tagged:
    """`Annotated[A | B, Tagged()]`: as JSON, the value carries its class name under `kind`."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.tagged_union_schema(
            {member.__name__: handler.generate_schema(member) for member in get_args(source)},
            discriminator=_kind,
            serialization=core_schema.wrap_serializer_function_ser_schema(_with_kind),
        )


def _kind(value: Any) -> Any:
    return value.get("kind") if isinstance(value, dict) else type(value).__name__


def _with_kind(value: Any, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
    fields: dict[str, Any] = serialize(value)
    return {"kind": type(value).__name__} | fields
