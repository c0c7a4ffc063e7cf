"""Which application identifiers must not stand together, and which need others beside them.

An AI is named by its leading digits: `310` is 3100 to 3105, whose last digit places the decimal point.

Source: GS1 General Specifications 4.13.1 (invalid pairs) and 4.13.2 (mandatory associations), as in GS1's
Barcode Syntax Dictionary (github.com/gs1/gs1-syntax-dictionary), `ex=` and `req=`.
"""

from collections.abc import Collection, Mapping
from typing import TypeAlias, TypeVar

_EXCLUDES: dict[str, str] = {
    "01": "02 03 255 37 8006",
    "02": "03 255 8026",
    "03": "235 37 7240 8006 8026",
    "21": "235",
    "255": "415 8006 8020 8026",
    "37": "8006",
    "390": "391 394 8111",
    "392": "393 395",
    "393": "395",
    "394": "8111",
    "395": "8005",
    "420": "421",
    "421": "4307",
    "422": "426",
    "423": "426",
    "424": "426",
    "425": "426",
    "4330": "4331",
    "4332": "4333",
    "7250": "7251",
    "7253": "7256 7259",
    "7254": "7256 7259",
    "7255": "7256 7259",
    "7256": "7259",
    "8006": "8026",
    "8017": "8018",
}
"""Each pair stands once; it holds both ways."""

_DECIMAL = ("31", "32", "33", "34", "35", "36", "39")
"""Families whose last digit places the decimal point: two of one kind contradict each other."""

_ITEM_MEASURES = (
    "310 311 312 313 314 315 316 320 321 322 323 324 325 326 327 328 329 "
    "350 351 352 356 357 360 361 364 365 366"
)
_LOGISTIC_MEASURES = (
    "330 331 332 333 334 335 336 340 341 342 343 344 345 346 347 348 349 353 354 355 362 363 367 368 369"
)
_TRANSPORT = (
    "403 4300 4301 4302 4304 4305 4306 4307 4308 4309 4310 4311 4312 4314 4315 4316 4317 4318 4319 4320 "
    "4321 4322 4323 4324 4325 4326 4330 4331 4332 4333 7041"
)

_NEEDS: dict[str, str] = {
    "01 02 03 8006 8026": "10 11 13 15 16 20 240 241 422",
    "01 02 03 255 8006 8026": "17",
    "01 02 8006 8026": "242 7001",
    "01 02 03": "423 424 425 426 7003 7010 7011 8008",
    "01 02": f"30 {_ITEM_MEASURES} 7002 7005 7006 7007 7008 7009 703 8005",
    "01 03 8006": "21 251 7021 8012",
    "01 03": "243",
    "01 8004": "723",
    "01 8006": "7240",
    "01": "22 235 337 710 711 712 713 714 715 716 717 8001 8014 8200",
    "00 01 03": "8009",
    "00 01": _LOGISTIC_MEASURES,
    "00": _TRANSPORT,
    "00+02 00+8026": "37",
    "37": "02 8026",
    "01+21 03+21 8006+21": "250",
    "01+422 02+422 03+422": "427",
    "01+10 03+10": "7004",
    "01+416 03+416 8006+416": "7020",
    "01+7021 03+7021 8006+7021": "7022",
    "01+30 01+31 01+32 01+35 01+36": "392",
    "30 31 32 35 36": "393 395",
    "255 8020": "390",
    "255": "394 8111",
    "8020": "12 391 415",
    "414": "254",
    "415": "8007 8020",
    "4302": "4303",
    "4312": "4313",
    "8017 8018": "7241 7242 7253 7254 7255 7256 8019",
    "8018": "7250 7251 7252 7257 7259",
    "8018+7259": "7258",
    "8010": "8011",
    "00 01+21 03+21 253 255 8003 8004 8006+21 8010+8011 8017 8018": "8030",
    "01+21": "8040",
    "01+21+8040": "8041 8042 8043",
}
"""Alternatives, each of one AI or several joined by `+` -> the AIs that need one of them."""

Alternatives: TypeAlias = tuple[tuple[str, ...], ...]
Rules = TypeVar("Rules")

_PAIRS = [(left, right) for left, others in _EXCLUDES.items() for right in others.split()]
_EXCLUDED: dict[str, tuple[str, ...]] = {
    ai: tuple(other for pair in _PAIRS if ai in pair for other in pair if other != ai)
    for ai in {ai for pair in _PAIRS for ai in pair}
}
"""The same pairs from both sides."""
_ALTERNATIVES: dict[str, Alternatives] = {
    ai: tuple(tuple(needed.split("+")) for needed in needs.split())
    for needs, ais in _NEEDS.items()
    for ai in ais.split()
}


def conflict(ais: Collection[str]) -> str | None:
    """Which two of the AIs must not stand together; None: none. Each AI stands in `ais` once."""
    families: dict[str, str] = {}
    for ai in ais:
        if other := next((one for prefix in _rules(_EXCLUDED, ai) if (one := _found(prefix, ais))), None):
            return f"({ai}) and ({other}) must not stand together"
        if len(ai) == 4 and ai.startswith(_DECIMAL) and (first := families.setdefault(ai[:3], ai)) != ai:
            return f"({first}) and ({ai}) contradict each other"
    return None


def unmet_need(ais: Collection[str]) -> str | None:
    """Which AI lacks one that GS1 wants beside it; None: none.

    What is lacking may stand in another symbol on the same item, so this alone makes no code invalid.
    """
    for ai in ais:
        needs = _rules(_ALTERNATIVES, ai)
        if needs and not any(all(_found(one, ais) for one in together) for together in needs):
            return f"({ai}) needs {' or '.join('+'.join(f'({one})' for one in one_of) for one_of in needs)}"
    return None


def _rules(table: Mapping[str, tuple[Rules, ...]], ai: str) -> tuple[Rules, ...]:
    """What the table has for the AI, which stands there by its leading digits."""
    return next((table[ai[:end]] for end in (4, 3, 2) if ai[:end] in table), ())


def _found(prefix: str, ais: Collection[str]) -> str | None:
    return next((ai for ai in ais if ai.startswith(prefix)), None)
