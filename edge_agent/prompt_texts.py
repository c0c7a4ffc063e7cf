"""Answers of `/v1/stations` (docs/reference/api.md) in English, for the command line."""

from collections.abc import Mapping
from typing import Any

from edge_agent.core.prompt_texts import in_words, rule_text
from edge_agent.core.prompts import PromptCode
from edge_agent.core.verification.rules import Rule

Json = Mapping[str, Any]

NO_WORK = "No work here."


def prompt_text(prompt: Json | None) -> str:
    """What is to be done, in a sentence or two."""
    if prompt is None:
        return NO_WORK
    reason = (prompt["wait"] or {}).get("text", "")
    known = {**prompt["facts"], "exception_id": prompt["exception_id"], "reason": reason}
    return in_words(PromptCode(prompt["code"]), known, is_scan=prompt["target"] is not None)


def rejection_text(rejection: Json) -> str:
    """Why a scan did not count, and what to do about it."""
    rule, name = rejection["rule"], rejection["name"]
    return f"{rule} {name}: {rule_text(name, rejection['scanned'], rejection['expected'])}"


def verdict_text(judged: Json) -> str:
    """What became of a scan."""
    match judged["verdict"]:
        case "passed":
            return "passed"
        case "rejected":
            return f"refused: {rejection_text(judged)}"
        case _ if judged.get("name"):
            return f"ignored: {Rule.named(judged['name']).text}"
        case _:
            return "ignored: it was read before, and counts once"
