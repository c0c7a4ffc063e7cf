"""What lines ask for in the tests of the rules, and the codes that meet it or do not."""

from dataclasses import replace
from datetime import date

from edge_agent.core.verification.barcode import SiteLabels
from edge_agent.core.verification.items import Answers, ItemExpectation, verify_item
from edge_agent.core.verification.verdicts import ItemVerdict
from edge_agent.domain.ids import DeviceId, Gtin
from edge_agent.domain.item import Need, Weight
from edge_agent.domain.site import Labels

TODAY = date(2026, 11, 22)
LABELS = SiteLabels(Labels(tote=r"TOTE-\d{4}", container=r"OC-\d{4}", location=r"A\d{2}-\d{2}-\d{2}"))
MUG, CUP = Gtin("04006381333931"), Gtin("00000096385074")
SIX, DOZEN = Gtin("14006381333938"), Gtin("24006381333935")
LOOSE = Gtin("94006381333934")
HAND = DeviceId("hand-1")
PLAIN = ItemExpectation(gtin=MUG, remaining=2, known={MUG, CUP})
LOT = replace(PLAIN, lot="LOT7")
ANY_LOT = replace(PLAIN, needs=frozenset({Need.LOT}))
FRESH = replace(PLAIN, expiry_min=date(2027, 1, 31))
DATED = replace(PLAIN, needs=frozenset({Need.EXPIRY}))
SHELF = replace(PLAIN, minimum_shelf_life_days=30)
SERIALS = replace(PLAIN, serials=("S1", "S2"))
CAPTURE = replace(PLAIN, needs=frozenset({Need.SERIAL}), serials_taken={(MUG, "S1")})
PACKS = replace(PLAIN, remaining=8, codes={MUG: 1, SIX: 6, DOZEN: 12})
WEIGHED = replace(PACKS, weight=Weight(310, 8))
BULK = replace(PLAIN, gtin=LOOSE, weight=Weight(1000, 50))
CODE = b"]C10104006381333931"
SIX_CODE = b"]C10114006381333938"
LINK = b"]Q1https://example.com/p/01/04006381333931/10/LOT7?17=270131"


def item(data: bytes, expected: ItemExpectation = PLAIN, *, aim: bool = True, **more: Answers) -> ItemVerdict:
    return verify_item(data, expected, LABELS, aim=aim, today=TODAY, **more)
