"""A terminal at an operator's station: shows the prompts as they come, takes what is typed as scans.

A handheld that plays a keyboard types each code with Enter behind it; so may a person. A line that begins
with `!` is an answer, with arguments and a reason: `!placed`, `!lot value=B7`, `!damaged the box is wet`.
Two threads: one waits for prompts, the other for lines.
"""

import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import typer

from edge_agent.adapters.api_client import AgentRefusedError, AgentUnreachableError
from edge_agent.cli_agent import named_values
from edge_agent.errors import ConfigurationError, EdgeAgentError
from edge_agent.prompt_texts import prompt_text, rejection_text, verdict_text

if TYPE_CHECKING:  # for its type alone
    from edge_agent.adapters.api_client import ApiClient

ANSWER_MARK = "!"
WAIT_S = 10.0
"""How long the agent may keep a question until the prompt changes."""
AGAIN_S = 1.0
"""Between two tries to reach an agent that does not answer."""


class StationTerminal:
    """One person's terminal. `run` returns at the end of the input or with Ctrl-C."""

    def __init__(self, agent: "ApiClient", station: str, approver: str | None) -> None:
        self._agent = agent
        self._station = station
        self._approver = approver
        self._shown: dict[str, Any] | None = None
        self._lock = threading.RLock()
        """Held from a line to its answer, so that what became of it stands above the next prompt."""

    def run(self) -> None:
        """Raises `EdgeAgentError` where no person works at such a station, or no agent answers."""
        shown = self._agent.get("stations", self._station)
        if not shown["operator"]:
            raise ConfigurationError(
                f"a machine works at station {self._station}: name one from 'edge-agent station list'"
            )
        typer.echo(f"station {self._station}: scan, or type {ANSWER_MARK} and an answer; Ctrl-C ends")
        self._show(shown)
        threading.Thread(target=self._watch, name="prompts", daemon=True).start()
        try:
            for line in sys.stdin:
                self._heard(line.rstrip("\r\n"))
        except KeyboardInterrupt:
            typer.echo()

    # ---- what is typed -------------------------------------------------------------------------------

    def _heard(self, line: str) -> None:
        if not line.strip():
            return
        with self._lock:
            try:
                answered = self._answer(line[1:]) if line.startswith(ANSWER_MARK) else self._scan(line)
            except (AgentRefusedError, AgentUnreachableError, ConfigurationError) as error:
                typer.echo(f"  not taken: {error}")
            else:
                self._show(answered["next"])

    def _scan(self, code: str) -> Any:
        judged = self._agent.post("stations", self._station, "scans", body={"data": code, "step": self._step})
        if judged["verdict"] != "rejected":  # else the prompt says why
            typer.echo(f"  {verdict_text(judged)}")
        return judged

    def _answer(self, line: str) -> Any:
        what, *words = line.split() or [""]
        body = {
            "answer": what,
            "arguments": named_values(word for word in words if "=" in word),
            "reason": " ".join(word for word in words if "=" not in word),
            "step": self._step,
            "approver": self._approver if self._needs_approval(what) else None,
        }
        return self._agent.post("stations", self._station, "answers", body=body)

    @property
    def _step(self) -> int | None:
        """What the person sees is what they answer."""
        return self._shown["step"] if self._shown is not None else None

    def _needs_approval(self, what: str) -> bool:
        prompt = (self._shown or {}).get("prompt") or {}
        options = prompt.get("answers", ())
        return any(option["answer"] == what and option["needs_approval"] for option in options)

    # ---- what is shown -------------------------------------------------------------------------------

    def _watch(self) -> None:
        lost = False
        while True:
            try:
                shown = self._agent.get("stations", self._station, seen=self._step, wait_s=WAIT_S)
            except EdgeAgentError as error:
                with self._lock:
                    if not lost:
                        typer.echo(f"  {error}")
                    lost, self._shown = True, None
                time.sleep(AGAIN_S)
            else:
                lost = False
                self._show(shown)

    def _show(self, shown: dict[str, Any]) -> None:
        """Print the prompt, where it is another one than before. An older one came late and is not shown."""
        with self._lock:
            before = self._shown
            if before is not None and shown["step"] < before["step"]:
                return
            self._shown = shown
            if before is None or _lines(before) != _lines(shown):
                typer.echo("\n".join(_lines(shown)))


def _lines(shown: dict[str, Any]) -> list[str]:
    """Why the last scan did not count, what is asked, and what may be answered."""
    prompt = shown["prompt"] or {}
    answers = " ".join(ANSWER_MARK + option["answer"] for option in prompt.get("answers", ()))
    asked = f"[{shown['step']}] {prompt_text(shown['prompt'])}" + (f"  ({answers})" if answers else "")
    rejection = prompt.get("rejection")
    return [f"  refused: {rejection_text(rejection)}", asked] if rejection else [asked]
