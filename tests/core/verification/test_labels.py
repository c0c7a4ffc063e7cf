"""The steps that read a label of this site: tote, container, location."""

import pytest

from edge_agent.core.verification.barcode import SiteLabels
from edge_agent.core.verification.labels import verify_container, verify_location, verify_tote
from edge_agent.core.verification.rules import Rule
from edge_agent.core.verification.verdicts import Passed, Rejected
from edge_agent.domain.ids import Lpn
from edge_agent.domain.site import Labels

LABELS = SiteLabels(Labels(tote=r"TOTE-\d{4}", container=r"OC-\d{4}", location=r"A\d{2}-\d{2}-\d{2}"))
GS1_LABELS = SiteLabels(Labels(tote=r"0\d{13}[A-Z]\d+", container=r"\d{18}"))
SSCC = "006141411234567890"
LABEL_STEPS = [
    pytest.param(verify_location, "A01-02-03", "A01-02-04", Rule.WRONG_LOCATION, id="location"),
    pytest.param(verify_tote, "TOTE-0042", "TOTE-0043", Rule.WRONG_TOTE, id="tote"),
    pytest.param(verify_container, "OC-0001", "OC-0002", Rule.WRONG_CONTAINER, id="container"),
]


@pytest.mark.parametrize(("step", "right", "wrong", "rule"), LABEL_STEPS)
def test_a_label_step_passes_its_own_label_and_no_other(step, right, wrong, rule) -> None:
    assert step(b"]C0" + right.encode(), right, LABELS, aim=True) == Passed(rule)
    assert step(right.encode(), right, LABELS, aim=False) == Passed(rule)
    for other in (wrong, "TOTE-9999", "OC-9999", "A09-09-09"):
        verdict = step(b"]C0" + other.encode(), right, LABELS, aim=True)
        assert (verdict.rule, verdict.expected, verdict.scanned) == (rule, right, other)


@pytest.mark.parametrize(("step", "right", "wrong", "rule"), LABEL_STEPS)
@pytest.mark.parametrize(
    "data", [b"]C10104006381333931", b"]E04006381333931", b"]C0rubbish", b"]E4TOTE-0042"]
)
def test_an_item_label_at_a_label_step_is_the_wrong_label(data, step, right, wrong, rule) -> None:
    verdict = step(data, right, LABELS, aim=True)
    assert isinstance(verdict, Rejected)
    assert verdict.rule is rule


@pytest.mark.parametrize(("step", "right", "wrong", "rule"), LABEL_STEPS)
@pytest.mark.parametrize("data", [b"", b"]", b"]C0", b"]C0\xff", b"TOTE-0042", b"]C10104006381333932"])
def test_a_label_that_cannot_be_right_is_an_invalid_code(data, step, right, wrong, rule) -> None:
    verdict = step(data, right, LABELS, aim=True)
    assert isinstance(verdict, Rejected)
    assert verdict.rule is Rule.INVALID_CODE
    assert verdict.detail


@pytest.mark.parametrize(
    ("data", "aim"),
    [
        (b"]C100" + SSCC.encode(), True),
        (b"]C100" + SSCC.encode() + b"403ROUTE", True),
        (b"]Q1https://example.com/00/" + SSCC.encode(), True),
        (b"00" + SSCC.encode(), False),
        (SSCC.encode(), False),
    ],
)
def test_a_site_may_use_sscc_labels_for_its_containers(data: bytes, aim: bool) -> None:
    assert verify_container(data, Lpn(SSCC), GS1_LABELS, aim=aim) == Passed(Rule.WRONG_CONTAINER)
    other = verify_container(data, Lpn("106141411234567897"), GS1_LABELS, aim=aim)
    assert other == Rejected(Rule.WRONG_CONTAINER, "106141411234567897", SSCC, "a container label")


def test_a_site_may_use_grai_labels_for_its_totes() -> None:
    grai = b"]d2800302112345678900A17"
    assert verify_tote(grai, Lpn("02112345678900A17"), GS1_LABELS, aim=True) == Passed(Rule.WRONG_TOTE)


def test_an_sscc_with_a_wrong_check_digit_is_an_invalid_code() -> None:
    verdict = verify_container(b"]C100006141411234567891", Lpn(SSCC), GS1_LABELS, aim=True)
    assert verdict.rule is Rule.INVALID_CODE


def test_a_sites_own_web_address_may_be_a_label() -> None:
    labels = SiteLabels(Labels(tote=r"https://wms\.example/t/\d+"))
    data = b"]Q1https://wms.example/t/42"
    assert verify_tote(data, Lpn("https://wms.example/t/42"), labels, aim=True) == Passed(Rule.WRONG_TOTE)
