"""The prompts in English, for the command line: one table. A page has its own, in its user's language."""

from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType

from edge_agent.core.prompts import Facts, Prompt, PromptCode
from edge_agent.core.rejection import Rejection
from edge_agent.core.verification.rules import Rule
from edge_agent.domain.station import Answer

PROMPTS: Mapping[PromptCode, str] = MappingProxyType(
    {
        PromptCode.SCAN_TOTE: "Scan the label of tote {tote} at {tote_point}.",
        PromptCode.PICK: "Take one {sku} out of tote {tote} and scan it. {remaining} to go.",
        PromptCode.SCAN_ITEM: "Scan the {sku} in your hand.",
        PromptCode.GIVE_VALUE: "Scan the code that has the {value} of this {sku}, or type it in.",
        PromptCode.PUT_BACK: "Put the {sku} back into tote {tote}.",
        PromptCode.SCAN_CONTAINER: "Put the {sku} into container {container} at {put_point}; scan its label.",
        PromptCode.PLACE: "Put the {sku} into container {container} at {put_point}.",
        PromptCode.SETTLE: "Exception {exception_id} must be settled first.",
        PromptCode.WAIT: "Wait: {reason}.",
    }
)
"""Each prompt, with the names of its facts in braces."""

ANSWERS: Mapping[Answer, str] = MappingProxyType(
    {
        Answer.PICKED: "I have it in my hand",
        Answer.NOT_THERE: "It is not there",
        Answer.DAMAGED: "It is damaged; I have set it aside",
        Answer.PLACED: "It lies in the container",
        Answer.PUT_BACK: "It lies in its tote again",
        Answer.TYPED: "No scanner reads it: I type its code (with a supervisor)",
        Answer.LOT: "I type the lot",
        Answer.EXPIRY: "I type the last day, as 2026-11-30",
        Answer.SERIAL: "I type the serial number",
    }
)

WANTED: Mapping[str, str] = MappingProxyType(
    {
        "lot": "lot {}",
        "expiry_min": "last day {} or later",
        "serials": "serial number {}",
    }
)
"""What a line asks of its units beside the item, as it stands behind the prompt where it does."""


def prompt_text(prompt: Prompt) -> str:
    """What the person is asked to do, in one or two sentences."""
    known = {field.name: getattr(prompt.facts, field.name) for field in fields(Facts)}
    reason = prompt.wait.text if prompt.wait is not None else ""
    known |= {"exception_id": prompt.exception_id, "reason": reason}
    return in_words(prompt.code, known, is_scan=prompt.target is not None)


def in_words(code: PromptCode, known: Mapping[str, object], *, is_scan: bool) -> str:
    """A prompt with its facts by name, `exception_id` and `reason` among them."""
    text = PROMPTS[code].format(**known)
    wanted = ", ".join(form.format(_shown(known[name])) for name, form in WANTED.items() if known.get(name))
    return f"{text} Wanted: {wanted}." if wanted and is_scan else text


def rejection_text(rejection: Rejection) -> str:
    """Why the last scan did not count."""
    return rule_text(rejection.name, rejection.scanned, rejection.expected)


def rule_text(name: str, scanned: str, expected: str) -> str:
    """What a rule says of a scan that it has rejected."""
    return f"{Rule.named(name).text} Scanned: {scanned}; expected: {expected}."


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
