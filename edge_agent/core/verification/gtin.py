"""GTINs of every length, brought to the one form in which they are compared: 14 digits; and the SSCC.

Source: GS1 General Specifications 7.9.1 (check digit), 3.2 (SSCC), 3.3.2 (GTIN-8, -12 and -13 in 14
digits), 5.2.2.4.2 (UPC-E).
"""

from biip.checksums import gs1_standard_check_digit

from edge_agent.domain.ids import Gtin

_LENGTHS = (8, 12, 13, 14)
_SSCC_DIGITS = 18


def is_digits(text: str) -> bool:
    """True for ASCII digits alone; `str.isdigit` would let other scripts' digits through."""
    return text.isascii() and text.isdigit()


def check_digit_error(digits: str) -> str | None:
    """What is wrong with the last digit as the GS1 check digit of those before it; None: nothing.

    `digits` are two ASCII digits or more.
    """
    right = gs1_standard_check_digit(digits[:-1])
    return None if int(digits[-1]) == right else f"its check digit is {digits[-1]}, {right} would be right"


def to_gtin_14(text: str) -> Gtin:
    """A GTIN of 8, 12, 13 or 14 digits as GTIN-14.

    Raises `ValueError` with the reason: not digits, another length, all zeros, wrong check digit.
    """
    if not is_digits(text):
        raise ValueError("a GTIN is digits only")
    if len(text) not in _LENGTHS:
        raise ValueError(f"a GTIN has 8, 12, 13 or 14 digits, this has {len(text)}")
    if not text.strip("0"):
        raise ValueError("a GTIN of zeros names nothing")
    if error := check_digit_error(text):
        raise ValueError(error)
    return Gtin(text.zfill(14))


def to_sscc(text: str) -> str:
    """A serial shipping container code: 18 digits, the last of them its check digit.

    Raises `ValueError` with the reason: not digits, another length, wrong check digit.
    """
    if not is_digits(text) or len(text) != _SSCC_DIGITS:
        raise ValueError(f"an SSCC has {_SSCC_DIGITS} digits")
    if error := check_digit_error(text):
        raise ValueError(error)
    return text


def expand_upc_e(text: str) -> str:
    """The UPC-A number (12 digits) that an 8-digit UPC-E stands for; the check digit is not looked at.

    Raises `ValueError` for anything but 8 digits that start with 0 or 1.
    """
    if not is_digits(text) or len(text) != 8 or text[0] not in "01":
        raise ValueError("a UPC-E has 8 digits and starts with 0 or 1")
    system, body, check = text[0], text[1:7], text[7]
    last = body[5]
    if last in "012":
        payload = body[:2] + last + "0000" + body[2:5]
    elif last == "3":
        payload = body[:3] + "00000" + body[3:5]
    elif last == "4":
        payload = body[:4] + "00000" + body[4]
    else:
        payload = body[:5] + "0000" + last
    return system + payload + check
