"""What stands below the members of a class, out of its source."""

import ast
import inspect


def member_docs(kind: type) -> dict[str, str]:
    """The string below each member of an enum, or field of a dataclass, that has one."""
    (definition,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(definition, ast.ClassDef)  # it is the source of a class
    found = {}
    for member, below in zip(definition.body, definition.body[1:], strict=False):
        match member, below:
            case (
                ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=text)),
            ):
                found[name] = " ".join(str(text).split())
    return found
