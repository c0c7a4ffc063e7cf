"""Logging: structured lines on standard error, for people on a terminal and as JSON elsewhere."""

import logging
import sys

import structlog

_QUIET = {
    "asyncua": logging.CRITICAL,
    "pymodbus": logging.CRITICAL,
    "alembic": logging.WARNING,
    "uvicorn": logging.ERROR,
}
"""The libraries log every lost link with a traceback; the supervisors say it once, in one line. A client that
sends nonsense must not fill the log."""


def configure(level: str = "INFO", *, as_json: bool | None = None) -> None:
    """Set up structlog and the standard library's logging alike. JSON unless a terminal is watching."""
    if as_json is None:
        as_json = not sys.stderr.isatty()
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info if as_json else _keep,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    renderer = structlog.processors.JSONRenderer() if as_json else plain_console()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(max(quiet, logging.getLevelName(level.upper())))


def plain_console() -> structlog.dev.ConsoleRenderer:
    """Readable lines with plain tracebacks: the rich ones take longer than the loop may be kept."""
    return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)


def _keep(
    _logger: structlog.types.WrappedLogger, _name: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    return event
