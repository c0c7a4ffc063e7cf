"""What an operator's station asks, in English: for the command line. A page has words of its own.

Made from an answer of `/v1/stations/{id}` (docs/reference/api.md).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from edge_agent.core.prompts import PromptCode
from edge_agent.core.verification.rules import Rule

Json = Mapping[str, Any]

TEXTS: Mapping[PromptCode, str] = MappingProxyType(
    {
        PromptCode.SCAN_TOTE: "Scan the label of tote {tote}.",
        PromptCode.PICK: "Take one {sku} out of tote {tote} and scan it. {remaining} to go.",
        PromptCode.SCAN_ITEM: "Scan the {sku} in your hand. {remaining} to go.",
        PromptCode.GIVE_VALUE: "The code does not say the {sku}'s {value}: scan another code, or type it in.",
        PromptCode.PUT_BACK: "Put the {sku} back into tote {tote}.",
        PromptCode.SCAN_CONTAINER: "Put the {sku} into {container} at {put_point}, and scan its label.",
        PromptCode.PLACE: "Put the {sku} into {container} at {put_point}.",
        PromptCode.SETTLE: "Exception {exception_id} is open and must be settled first.",
        PromptCode.WAIT: "Nothing to do now: {wait}.",
    }
)
NO_WORK = "No work here."
_DEMANDS = (("lot", "lot {}"), ("expiry_min", "good until {} or longer"), ("serials", "serial number {}"))
_WITH_DEMANDS = frozenset({PromptCode.PICK, PromptCode.SCAN_ITEM})


def prompt_text(prompt: Json | None) -> str:
    """What is to be done, in a sentence or two."""
    if prompt is None:
        return NO_WORK
    code, facts = PromptCode(prompt["code"]), prompt["facts"]
    wait = (prompt["wait"] or {}).get("text", "")
    text = TEXTS[code].format(**facts, wait=wait, exception_id=prompt["exception_id"])
    asked = [words.format(_words(facts[name])) for name, words in _DEMANDS if facts.get(name)]
    return f"{text} It must have: {', '.join(asked)}." if asked and code in _WITH_DEMANDS else text


def rejection_text(rejection: Json) -> str:
    """Why a scan did not count, and what to do about it."""
    rule, name = rejection["rule"], rejection["name"]
    compared = f"Scanned {rejection['scanned']}, asked for {rejection['expected']}."
    return f"{rule} {name}: {Rule.named(name).text} {compared}"


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


def _words(value: object) -> str:
    return " or ".join(map(str, value)) if isinstance(value, list) else str(value)
