"""The reference of an operator's station's prompts, made from the code."""

from dataclasses import fields

from docs.members import member_docs
from edge_agent.core.prompt_texts import ANSWERS as ANSWER_TEXTS
from edge_agent.core.prompt_texts import PROMPTS
from edge_agent.core.prompts import ANSWERS, Facts, PromptCode
from edge_agent.domain.station import VALUES, Answer

HEAD = """# Prompts

{notice}
What is asked at an operator's station is a value: a code, facts, the answers that it takes. A page puts it
into its own words; those of the command line stand in `edge_agent/core/prompt_texts.py`. How a station is
set up: [operator's station](../how-to/operator-station.md).
"""

BETWEEN = """
`pick` takes `put_back` too where nothing more is picked: its task is cancelled or held, or the station is.
While a scan is asked for, scanning is the answer.

## Answers

An answer may name the prompt that it is to by its number (`step`). One that comes late or twice is then
refused with `already_answered`, one that does not fit the open prompt with `not_asked`; neither changes
anything.
"""


def prompts_page(notice: str) -> str:
    """Every prompt, every answer and every fact."""
    parts = [HEAD.format(notice=notice), *_prompts(), BETWEEN, *_answers(), "\n## Facts\n", *_facts()]
    return "\n".join(parts) + "\n"


def _prompts() -> list[str]:
    meanings = member_docs(PromptCode)
    rows = ["| prompt | what it means | answers | in English |", "| --- | --- | --- | --- |"]
    for code in PromptCode:
        answers = [f"`{option.answer.value}`" for option in ANSWERS[code]]
        if code is PromptCode.GIVE_VALUE:
            answers = ["the value that is missing", *answers]
        rows.append(f"| `{code.value}` | {meanings[code.name]} | {', '.join(answers)} | {PROMPTS[code]} |")
    return rows


def _answers() -> list[str]:
    meanings = member_docs(Answer)
    needing = {option.answer: option for options in ANSWERS.values() for option in options}
    rows = [
        "| answer | what it says | a supervisor must stand behind it | in English |",
        "| --- | --- | --- | --- |",
    ]
    for answer in Answer:
        approval = answer not in VALUES and needing[answer].needs_approval
        said = f"| `{answer.value}` | {meanings[answer.name]} | {'yes' if approval else 'no'} |"
        rows.append(f"{said} {ANSWER_TEXTS[answer]} |")
    return rows


def _facts() -> list[str]:
    said = member_docs(Facts)
    rows = ["| fact | what it is |", "| --- | --- |"]
    return rows + [f"| `{field.name}` | {said[field.name]} |" for field in fields(Facts)]
