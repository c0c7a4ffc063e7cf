"""Pick tasks and cancels: accepted, replaced, repeated or rejected (contract, "Pick task")."""

from collections.abc import Iterator

from edge_agent.core.lifecycle import TaskStatus
from edge_agent.core.state import State, TaskState
from edge_agent.core.verification.barcode import LabelKind
from edge_agent.domain import events as ev
from edge_agent.domain import inputs as inp
from edge_agent.domain.events import FieldError
from edge_agent.domain.task import CancelRequest, PickTask

_REPLACEABLE = (TaskStatus.ACCEPTED, TaskStatus.STARTED)


def message_refused(message: inp.MessageRefused) -> Iterator[ev.Event]:
    """What intake could not read is told to the OMS and changes nothing."""
    yield ev.TaskRejected(
        message.message_type,
        message.code,
        message.message,
        message.fields,
        message.task_id,
        excerpt=message.excerpt,
    )


def task_submitted(state: State, task: PickTask, digest: str) -> Iterator[ev.Event]:
    """New, repeated, replacing, stale or conflicting."""
    known = state.tasks.get(task.task_id)
    if known is not None:
        yield from _known_task(state, known, task, digest)
        return
    ended = state.ended.get(task.task_id)
    if ended is not None:
        if (task.revision, digest) != (ended.revision, ended.digest):
            code = "stale_revision" if task.revision < ended.revision else "revision_conflict"
            if task.revision > ended.revision:
                code = "task_ended"
            text = f"task {task.task_id} revision {ended.revision} has ended ({ended.status.value})"
            yield _rejected(task, code, text)
        return
    limit = state.plant.site.limits.open_tasks
    if state.disk_low:
        reserve_mb = state.plant.site.limits.disk_reserve_mb
        text = f"less than {reserve_mb} MB are free for this gateway's journal; send it again later"
        yield _rejected(task, "disk_reserve", text)
        return
    if len(state.tasks) >= limit:
        yield _rejected(task, "too_many_open_tasks", f"{limit} tasks are open, the limit of this gateway")
        return
    yield from _checked(state, task, ev.TaskAccepted(task, digest))


def _known_task(state: State, known: TaskState, task: PickTask, digest: str) -> Iterator[ev.Event]:
    if task.revision < known.task.revision:
        yield _rejected(task, "stale_revision", f"revision {known.task.revision} is already here")
    elif task.revision == known.task.revision:
        if digest != known.digest:
            text = f"revision {task.revision} is already here with other content; send a higher revision"
            yield _rejected(task, "revision_conflict", text)
    elif known.status not in _REPLACEABLE:
        yield _rejected(task, "not_replaceable", f"the task is {known.status.value}")
    elif begun := _begun_and_changed(known, task):
        yield _rejected(
            task,
            "line_started",
            "lines that have started cannot be changed; send them as they were, or cancel the task",
            begun,
        )
    else:
        yield from _checked(state, task, ev.TaskReplaced(task, digest))


def _begun_and_changed(known: TaskState, task: PickTask) -> tuple[FieldError, ...]:
    new = {line.line_id: line for line in task.lines}
    errors = [
        FieldError(f"lines[{line.line.line_id}]", "has started and must stay as it was")
        for line in known.lines.values()
        if line.begun and new.get(line.line.line_id) != line.line
    ]
    if known.station_id is not None and task.destination.container_id != known.task.destination.container_id:
        errors.append(FieldError("destination.container_id", "the container is already being filled"))
    return tuple(errors)


def _checked(state: State, task: PickTask, event: ev.TaskAccepted | ev.TaskReplaced) -> Iterator[ev.Event]:
    """The event, or a rejection where the task does not fit this site."""
    errors = tuple(_site_errors(state, task))
    holder = state.containers.get(task.destination.container_id)
    if errors:
        yield _rejected(task, "unknown_to_site", "the task names what this site does not have", errors)
    elif holder not in (None, task.task_id):
        field = FieldError("destination.container_id", f"in use by task {holder}")
        yield _rejected(
            task, "container_in_use", f"container {task.destination.container_id} is in use", (field,)
        )
    else:
        yield event


def _site_errors(state: State, task: PickTask) -> Iterator[FieldError]:
    plant = state.plant
    if task.destination.lane not in plant.site.lanes:
        lanes = ", ".join(plant.site.lanes)
        yield FieldError("destination.lane", f"no lane {task.destination.lane!r} here; there is {lanes}")
    if not plant.labels.matches(LabelKind.CONTAINER, task.destination.container_id):
        yield FieldError("destination.container_id", "is not a container label of this site")
    for index, line in enumerate(task.lines):
        for place, source in enumerate(line.sources):
            path = f"lines[{index}].sources[{place}]"
            if plant.site.storage_of(source.location) is None:
                yield FieldError(f"{path}.location", f"no AS/RS of this site reaches {source.location!r}")
            if not plant.labels.matches(LabelKind.TOTE, source.container_id):
                yield FieldError(f"{path}.container_id", "is not a tote label of this site")


def _rejected(
    task: PickTask, code: str, message: str, fields: tuple[FieldError, ...] = ()
) -> ev.TaskRejected:
    return ev.TaskRejected("submit", code, message, fields, task.task_id, task.revision)


def cancel_submitted(state: State, request: CancelRequest) -> Iterator[ev.Event]:
    """Stop an open task; a repeat, or a cancel of a task that ended cancelled, has no effect."""
    task = state.tasks.get(request.task_id)
    if task is None:
        ended = state.ended.get(request.task_id)
        if ended is None:
            yield _cancel_rejected(request, "unknown_task", f"no task {request.task_id} is here")
        elif ended.status is not TaskStatus.CANCELLED:
            yield _cancel_rejected(request, "task_ended", f"task {request.task_id} is {ended.status.value}")
    elif request.revision < task.task.revision:
        text = f"revision {task.task.revision} is here; the cancel names {request.revision}"
        yield _cancel_rejected(request, "stale_revision", text)
    elif task.status is TaskStatus.FILLED and task.cancel_reason is None:
        yield _cancel_rejected(request, "too_late", "every line has ended; the container is leaving")
    elif task.cancel_reason is None:
        yield ev.CancelRequested(request.task_id, request.revision, request.reason)


def _cancel_rejected(request: CancelRequest, code: str, message: str) -> ev.TaskRejected:
    return ev.TaskRejected("cancel", code, message, (), request.task_id, request.revision)
