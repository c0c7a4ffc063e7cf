"""What the machine does about each kind of exception before a person is asked, and who may settle what."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, field_validator

from edge_agent.domain.decision import Action, Role
from edge_agent.domain.events import ExceptionKind
from edge_agent.domain.section import Section

Step: TypeAlias = Literal[
    "trigger_again", "pick_again", "quarantine_tote", "next_source", "request_replenishment", "short"
]
"""What the machine can do by itself."""

ORDER: tuple[Step, ...] = (
    "trigger_again",
    "pick_again",
    "quarantine_tote",
    "next_source",
    "request_replenishment",
    "short",
)


def _in_order(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    if list(steps) != sorted(set(steps), key=ORDER.index):
        wanted = ", ".join(step for step in ORDER if step in steps)
        raise ValueError(f"each step once and in this order: {wanted}")
    return steps


Ordered = AfterValidator(_in_order)


class NoReadPolicy(Section):
    """An item's or a container's label cannot be read."""

    steps: Annotated[
        tuple[Literal["trigger_again", "pick_again", "quarantine_tote", "next_source", "short"], ...], Ordered
    ] = ("trigger_again", "pick_again", "next_source", "short")
    """What the machine does, in order; after the last step a person is asked."""


class WrongItemPolicy(Section):
    """The scanned item is not the line's, or not fit for it."""

    steps: Annotated[
        tuple[Literal["pick_again", "quarantine_tote", "next_source", "short"], ...], Ordered
    ] = (
        "pick_again",
        "next_source",
        "short",
    )
    """What the machine does, in order; after the last step a person is asked."""


class ShortPolicy(Section):
    """The item is not in its tote."""

    steps: Annotated[tuple[Literal["next_source", "request_replenishment", "short"], ...], Ordered] = (
        "next_source",
        "short",
    )
    """What the machine does, in order; after the last step a person is asked."""


class ToteMissingPolicy(Section):
    """The AS/RS does not find the tote."""

    steps: Annotated[tuple[Literal["next_source", "short"], ...], Ordered] = ("next_source", "short")
    """What the machine does, in order; after the last step a person is asked."""


class ToteUnidentifiedPolicy(Section):
    """The tote at the station is another one, or has no readable label. It goes to the reject point."""

    steps: Annotated[tuple[Literal["trigger_again", "next_source", "short"], ...], Ordered] = (
        "trigger_again",
        "next_source",
        "short",
    )
    """What the machine does, in order; after the last step a person is asked."""


class WrongContainerPolicy(Section):
    """Another container stands on the put position. The unit always goes back into its tote."""

    steps: tuple[Literal["trigger_again"], ...] = ("trigger_again",)
    """What the machine does, in order; after the last step a person is asked."""


class EStopPolicy(Section):
    """A machine was stopped at its panel."""

    acknowledge: Literal["agent", "device"] = "agent"
    """`agent`: it gets orders again when a person has told the agent so. `device`: releasing it at its panel
    is enough."""


class ActionRule(Section):
    """Who may give an answer, and what it needs. All three must be said: none is left open by mistake."""

    role: Role
    """Who may give it; a supervisor may give every answer."""
    approval: bool
    """Whether a second person, a supervisor, must stand behind it."""
    reason: bool
    """Whether a reason must be given."""


_OPERATOR = ActionRule(role=Role.OPERATOR, approval=False, reason=False)
_SUPERVISOR = ActionRule(role=Role.SUPERVISOR, approval=False, reason=True)

DEFAULT_RULES: Mapping[Action, ActionRule] = {
    **dict.fromkeys(Action, _OPERATOR),
    Action.PLACED: ActionRule(role=Role.OPERATOR, approval=True, reason=True),
    Action.OVERRIDE: ActionRule(role=Role.OPERATOR, approval=True, reason=True),
    Action.LOST: ActionRule(role=Role.OPERATOR, approval=False, reason=True),
    Action.CANCEL_REST: _SUPERVISOR,
    Action.CANCEL_LINE: _SUPERVISOR,
    Action.ACCEPT_SHORT: _SUPERVISOR,
}
"""Where the site file says nothing."""


class ExceptionPolicy(Section):
    """What the machine does about an exception by itself, and who may settle the rest. How often something is
    tried is in `policies`."""

    no_read: NoReadPolicy = NoReadPolicy()
    wrong_item: WrongItemPolicy = WrongItemPolicy()
    short: ShortPolicy = ShortPolicy()
    tote_missing: ToteMissingPolicy = ToteMissingPolicy()
    tote_unidentified: ToteUnidentifiedPolicy = ToteUnidentifiedPolicy()
    wrong_container: WrongContainerPolicy = WrongContainerPolicy()
    e_stop: EStopPolicy = EStopPolicy()
    actions: dict[Action, ActionRule] = Field(default_factory=dict)
    """Who may give which answer, where it differs from the defaults (docs/reference/exceptions.md)."""

    @field_validator("actions")
    @classmethod
    def _nobody_overrides_alone(cls, actions: dict[Action, ActionRule]) -> dict[Action, ActionRule]:
        rule = actions.get(Action.OVERRIDE, DEFAULT_RULES[Action.OVERRIDE])
        if not (rule.approval and rule.reason):
            raise ValueError("override: a rule is set aside by two persons and with a reason; set both true")
        return actions

    def steps(self, kind: ExceptionKind) -> tuple[Step, ...]:
        """What the machine does about a kind by itself, in order; empty: a person is asked at once."""
        return {
            ExceptionKind.NO_READ: self.no_read.steps,
            ExceptionKind.WRONG_ITEM: self.wrong_item.steps,
            ExceptionKind.SHORT: self.short.steps,
            ExceptionKind.TOTE_MISSING: self.tote_missing.steps,
            ExceptionKind.TOTE_UNIDENTIFIED: self.tote_unidentified.steps,
            ExceptionKind.WRONG_CONTAINER: self.wrong_container.steps,
        }.get(kind, ())

    def rule(self, action: Action) -> ActionRule:
        """Who may give an answer here, and what it needs."""
        return self.actions.get(action, DEFAULT_RULES[action])
