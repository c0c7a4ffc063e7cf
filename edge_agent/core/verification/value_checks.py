"""What an application identifier's value must be beyond its length and characters.

Check digits, dates, times, countries and the few fixed forms. Lists that others change (currencies, package
types, coupons, bank accounts) are not kept: no pick depends on them.

Source: GS1 General Specifications 3 (each AI's section) and 7.9 (check digits and character pairs), 7.12
(dates); the components as in GS1's Barcode Syntax Dictionary (github.com/gs1/gs1-syntax-dictionary).
"""

import calendar
import re
from collections.abc import Callable, Iterator
from datetime import date
from itertools import count, islice
from typing import TypeAlias

from edge_agent.core.verification.gtin import check_digit_error

Check: TypeAlias = Callable[[str, date], str | None]
"""Says what is wrong with a part of a value (None: nothing). The date settles the century."""
Parts: TypeAlias = tuple[tuple[slice, Check], ...]

_COUNTRY_CODES = """
    004 008 010 012 016 020 024 028 031 032 036 040 044 048 050 051 052 056 060 064 068 070 072 074 076 084
    086 090 092 096 100 104 108 112 116 120 124 132 136 140 144 148 152 156 158 162 166 170 174 175 178 180
    184 188 191 192 196 203 204 208 212 214 218 222 226 231 232 233 234 238 239 242 246 248 250 254 258 260
    262 266 268 270 275 276 288 292 296 300 304 308 312 316 320 324 328 332 334 336 340 344 348 352 356 360
    364 368 372 376 380 384 388 392 398 400 404 408 410 414 417 418 422 426 428 430 434 438 440 442 446 450
    454 458 462 466 470 474 478 480 484 492 496 498 499 500 504 508 512 516 520 524 528 531 533 534 535 540
    548 554 558 562 566 570 574 578 580 581 583 584 585 586 591 598 600 604 608 612 616 620 624 626 630 634
    638 642 643 646 652 654 659 660 662 663 666 670 674 678 682 686 688 690 694 702 703 704 705 706 710 716
    724 728 729 732 740 744 748 752 756 760 762 764 768 772 776 780 784 788 792 795 796 798 800 804 807 818
    826 831 832 833 834 840 850 854 858 860 862 876 882 887 894
"""
"""ISO 3166-1, numeric."""
_COUNTRIES = frozenset(_COUNTRY_CODES.split())

_CSET_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_CSET_32 = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_LONGEST_PAIRED = 25


def value_error(ai: str, value: str, today: date) -> str | None:
    """What is wrong with the value of an AI, which has the right length and characters; None: nothing."""
    for part, check in _PARTS.get(ai, ()):
        if (text := value[part]) and (error := check(text, today)):
            return error
    return None


def expand_date(yymmdd: str, today: date) -> date:
    """A six-digit GS1 date; day 00 is the month's last day.

    The century is the one that puts the year between 49 years back and 50 years ahead (General
    Specifications 7.12). Raises `ValueError` for a date that does not exist.
    """
    century = today.year - today.year % 100
    ahead = int(yymmdd[:2]) - today.year % 100
    if ahead >= 51:
        century -= 100
    elif ahead <= -50:
        century += 100
    return _day(century + int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:6]))


def _day(year: int, month: int, day: int) -> date:
    """Raises `ValueError` for a date that does not exist; day 0 is the month's last."""
    if not 1 <= month <= 12:
        raise ValueError(f"there is no month {month:02}")
    if year < 1:
        raise ValueError("there is no year 0")
    last = calendar.monthrange(year, month)[1]
    if day > last:
        raise ValueError(f"there is no day {day:02} in {year}-{month:02}")
    return date(year, month, day or last)


# ---- checks ------------------------------------------------------------------------------------------


def _check_digit(digits: str, _today: date) -> str | None:
    return check_digit_error(digits)


def _primes() -> Iterator[int]:
    return (number for number in count(2) if all(number % divisor for divisor in range(2, number)))


_WEIGHTS = tuple(islice(_primes(), _LONGEST_PAIRED))


def check_pair_error(text: str) -> str | None:
    """What is wrong with the last two characters as the check pair of those before them; None: nothing.

    Source: General Specifications 7.9.5. `text` is of character set 82, 25 characters at most.
    """
    if len(text) < 2:
        return "too short for a check character pair"
    data, pair = text[:-2], text[-2:]
    weighted = zip(reversed(data), _WEIGHTS, strict=False)
    total = sum(_CSET_82.index(character) * weight for character, weight in weighted) % 1021
    right = _CSET_32[total >> 5] + _CSET_32[total & 31]
    return None if pair == right else f"its check pair is {pair}, {right} would be right"


def _check_pair(text: str, _today: date) -> str | None:
    return check_pair_error(text)


def _date_or_month(yymmdd: str, today: date) -> str | None:
    try:
        expand_date(yymmdd, today)
    except ValueError as error:
        return str(error)
    return None


def _date(yymmdd: str, today: date) -> str | None:
    return "the day must not be 00" if yymmdd[4:] == "00" else _date_or_month(yymmdd, today)


def _long_date(yyyymmdd: str, _today: date) -> str | None:
    if yyyymmdd[6:] == "00":
        return "the day must not be 00"
    try:
        _day(int(yyyymmdd[:4]), int(yyyymmdd[4:6]), int(yyyymmdd[6:]))
    except ValueError as error:
        return str(error)
    return None


def _time(hhmmss: str, _today: date) -> str | None:
    if hhmmss[:2] > "23" or hhmmss[2:4] > "59" or hhmmss[4:] > "59":
        return f"there is no time {':'.join(hhmmss[at : at + 2] for at in range(0, len(hhmmss), 2))}"
    return None


def _time_or_none(hhmm: str, today: date) -> str | None:
    return None if hhmm == "9999" else _time(hhmm, today)


def _country(code: str, _today: date) -> str | None:
    return None if code in _COUNTRIES else f"{code} is no country of ISO 3166"


def _countries(codes: str, today: date) -> str | None:
    errors = (_country(codes[at : at + 3], today) for at in range(0, len(codes), 3))
    return next((error for error in errors if error), None)


def _country_or_999(code: str, today: date) -> str | None:
    return None if code == "999" else _country(code, today)


def _piece_of_total(digits: str, _today: date) -> str | None:
    piece, total = int(digits[:2]), int(digits[2:])
    return None if 1 <= piece <= total else f"there is no piece {piece} of {total}"


def _position(text: str, _today: date) -> str | None:
    position, _, end = text.partition("/")
    return None if "1" <= position <= end else f"there is no position {position} of {end}"


def _at_most(limit: int) -> Check:
    return lambda digits, _today: None if int(digits) <= limit else f"must be {limit} or less"


def _like(pattern: str, rule: str) -> Check:
    """The part must match wholly. `rule` completes "must be ..."."""
    compiled = re.compile(pattern, re.ASCII | re.DOTALL)
    return lambda text, _today: None if compiled.fullmatch(text) else f"must be {rule}, not '{text}'"


# ---- which value has which parts ---------------------------------------------------------------------

_WHOLE = slice(None)
_PREFIX: tuple[slice, Check] = (_WHOLE, _like(r"\d{4}.*", "a key that starts with a GS1 company prefix"))
_PERCENT: tuple[slice, Check] = (_WHOLE, _like(r"(?:[^%]|%[0-9A-Fa-f]{2})*", "percent-encoded rightly"))
_NOT_ZERO = _like(r"\d*[1-9]\d*", "more than zero")


def _of(ais: str, *parts: tuple[slice, Check]) -> dict[str, Parts]:
    return dict.fromkeys(ais.split(), parts)


_PARTS: dict[str, Parts] = {
    **_of("00 8017 8018", (slice(18), _check_digit)),
    **_of("01 02 03", (slice(14), _check_digit)),
    **_of("253 255 410 411 412 413 414 415 416 417", (slice(13), _check_digit)),
    **_of("402", (slice(17), _check_digit)),
    **_of("8003", (slice(0, 1), _like("0", "0")), (slice(14), _check_digit)),
    **_of("8006 8026", (slice(14), _check_digit), (slice(14, 18), _piece_of_total)),
    **_of("8013", (_WHOLE, _check_pair), _PREFIX),
    **_of("8014", (_WHOLE, _check_pair), _PREFIX, (_WHOLE, _like(r".*\D.*", "more than digits"))),
    **_of("401 7023 8004 8010", _PREFIX),
    **_of("11 12 13 15 16 17", (slice(6), _date_or_month)),
    **_of("4324 4325", (slice(6), _date_or_month), (slice(6, 10), _time_or_none)),
    **_of("4326 7006", (slice(6), _date)),
    **_of("7003 7011", (slice(6), _date), (slice(6, 10), _time)),
    **_of("7007", (slice(6), _date), (slice(6, 12), _date)),
    **_of("8008", (slice(6), _date), (slice(6, 12), _time)),
    **_of("7250", (slice(8), _long_date)),
    **_of("7251", (slice(8), _long_date), (slice(8, 12), _time)),
    **_of("421 422 424 426", (slice(3), _country)),
    **_of("423 425", (_WHOLE, _countries)),
    **_of(" ".join(f"703{last}" for last in range(10)), (slice(3), _country_or_999)),
    **_of("4300 4301 4302 4303 4304 4305 4306 4310 4311 4312 4313 4314 4315 4316 4320", _PERCENT),
    **_of("7253 7254 7256 7257 7259", _PERCENT),
    **_of("4309", (slice(10), _at_most(1_800_000_000)), (slice(10, 20), _at_most(3_600_000_000))),
    **_of("7040", (slice(3, 4), _like(r"[-\w]", "an importer index"))),
    **_of("7241", (_WHOLE, _like("0[1-9]|10|8[0-9]|9[0-9]", "an AIDC media type"))),
    **_of("7252", (_WHOLE, _like("[0129]", "0, 1, 2 or 9"))),
    **_of("7258", (_WHOLE, _position)),
    **_of(
        "8001",
        (slice(4), _NOT_ZERO),
        (slice(4, 9), _NOT_ZERO),
        (slice(9, 12), _NOT_ZERO),
        (slice(12, 13), _like("[019]", "0, 1 or 9")),
    ),
    **_of("8011", (_WHOLE, _like(r"[1-9]\d*", "without a leading zero"))),
}
