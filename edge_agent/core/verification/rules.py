"""The rules that a scan has to pass, V1 to V20: their names, their texts, and what a person may do."""

from enum import Enum, StrEnum
from typing import Self


class Permits(Enum):
    """What a verdict leaves open. Nothing but an override lets a rejected scan count."""

    GO_ON = "go on"
    """The check has passed."""
    SCAN_AGAIN = "scan again"
    """The same thing may be scanned again, by the machine or a person; there is no override."""
    PROMPT = "answer the prompt"
    """What the code does not say may be scanned from another code or typed in."""
    OVERRIDE = "override by a supervisor"
    """A supervisor who is not the one that asks may let it pass, with a reason, for this task and rule."""
    BLOCK = "bring another"
    """This one can never pass, whoever asks; another must be brought."""
    IGNORED = "nothing needed"
    """The scan changes nothing and stops nothing."""


class Rule(StrEnum):
    """The rules by name.

    `code` is their number in events and documents, `permits` what they leave open when they fire, `text` is
    for the operator. Some numbers have several names, because what may be done differs.
    """

    code: str
    permits: Permits
    text: str

    WRONG_LOCATION = (
        "wrong_location",
        "V1",
        Permits.BLOCK,
        "This is not the task's location. Go to the one that is shown.",
    )
    WRONG_TOTE = (
        "wrong_tote",
        "V2",
        Permits.SCAN_AGAIN,
        "This is not the tote that was asked for. Present the right one.",
    )
    ITEM_MATCHES = "item_matches", "V3", Permits.GO_ON, "The item is the one that was asked for."
    PACK_MATCHES = "pack_matches", "V4", Permits.GO_ON, "This is a pack of the item that was asked for."
    WRONG_ITEM = "wrong_item", "V5", Permits.BLOCK, "This is another item. Put it back and pick again."
    UNKNOWN_BARCODE = (
        "unknown_barcode",
        "V6",
        Permits.BLOCK,
        "This code names no known item. Scan the item's own code.",
    )
    INVALID_CODE = (
        "invalid_code",
        "V7",
        Permits.SCAN_AGAIN,
        "The code was read or printed wrongly. Scan it again.",
    )
    LOT_REQUIRED = (
        "lot_required",
        "V8",
        Permits.PROMPT,
        "The lot is missing. Scan the code that has it, or type it in.",
    )
    SEPARATOR_LOST = (
        "separator_lost",
        "V9",
        Permits.BLOCK,
        "The scanner lost a separator. Have it checked.",
    )
    WRONG_LOT = "wrong_lot", "V10", Permits.OVERRIDE, "This is another lot than the line asks for."
    EXPIRED = "expired", "V11", Permits.BLOCK, "The item is past its last day. It must not be shipped."
    EXPIRY_REQUIRED = (
        "expiry_required",
        "V11",
        Permits.PROMPT,
        "The last day is missing. Scan the code that has it, or type it in.",
    )
    SHORT_DATED = "short_dated", "V11", Permits.OVERRIDE, "The item's last day is earlier than allowed."
    DUPLICATE_SERIAL = (
        "duplicate_serial",
        "V12",
        Permits.BLOCK,
        "This serial number has been picked before. Put the item back.",
    )
    SAME_SCAN = "same_scan", "V12", Permits.IGNORED, "The same scan came twice. It counts once."
    SERIAL_REQUIRED = (
        "serial_required",
        "V13",
        Permits.PROMPT,
        "The serial number is missing. Scan the code that has it, or type it in.",
    )
    WRONG_SERIAL = (
        "wrong_serial",
        "V13",
        Permits.OVERRIDE,
        "The serial number is not one that the line asks for.",
    )
    REREAD = "reread", "V14", Permits.IGNORED, "The same code was read again at once. It counts once."
    NO_READ = "no_read", "V15", Permits.SCAN_AGAIN, "The scanner could not read a code. Show the label again."
    MULTI_READ = (
        "multi_read",
        "V16",
        Permits.SCAN_AGAIN,
        "The scanner saw several codes at once. Show one item alone.",
    )
    OVER_QUANTITY = "over_quantity", "V17", Permits.BLOCK, "That is more than the line lacks. Put it back."
    SHORT = "short", "V17", Permits.PROMPT, "That is less than the line asks for. Say why."
    LABEL_WEIGHT = (
        "label_weight",
        "V18",
        Permits.OVERRIDE,
        "The weight on the label is missing or not the item's.",
    )
    WEIGHT_DISAGREES = (
        "weight_disagrees",
        "V18",
        Permits.OVERRIDE,
        "The scale does not agree with the label. Look whether this is the item.",
    )
    WRONG_CONTAINER = (
        "wrong_container",
        "V19",
        Permits.BLOCK,
        "This is not the order container of the task. Use the one that is shown.",
    )
    UNEXPECTED_SCAN = (
        "unexpected_scan",
        "V20",
        Permits.IGNORED,
        "No step is waiting for a scan. It has no effect.",
    )

    def __new__(cls, name: str, code: str, permits: Permits, text: str) -> Self:
        rule = str.__new__(cls, name)
        rule._value_ = name
        rule.code = code
        rule.permits = permits
        rule.text = text
        return rule

    @classmethod
    def named(cls, name: str) -> Self:
        """The rule of that name. Raises `KeyError`."""
        return {rule.value: rule for rule in cls}[name]

    @property
    def faults_scanner(self) -> bool:
        """Whether the scanner itself needs a look, whatever it scanned."""
        return self is Rule.SEPARATOR_LOST
