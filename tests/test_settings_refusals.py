"""Bad configuration: every kind with its exact words, its file and its line."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from edge_agent.errors import ConfigurationError
from edge_agent.settings import load_site
from tests.sites import problems, spoiled

NO_SITE = [
    ("empty", b"", "site.yaml: the file is empty; config/demo.yaml is a complete example"),
    ("only comments", b"# nothing\n", "site.yaml: the file is empty; config/demo.yaml is a complete example"),
    ("a list", b"- a\n- b\n", "site.yaml:1: the file must hold keys and values, as config/demo.yaml does"),
    ("a text", b"hello", "site.yaml:1: the file must hold keys and values, as config/demo.yaml does"),
    ("latin-1", b"site: demo\n# caf\xe9\n", "site.yaml:2: byte 0xE9 is not UTF-8; save the file as UTF-8"),
    (
        "a tab",
        b"broker:\n\turl: x\n",
        "site.yaml:2: not YAML: found character '\\t' that cannot start any token; indent with spaces",
    ),
    ("syntax", b"broker: [a\nsite: x\n", "site.yaml:2: not YAML: expected ',' or ']', but got ':'"),
    ("unclosed quote", b"site: 'demo\n", "site.yaml:2: not YAML: found unexpected end of stream"),
    ("no space", b"a: b: c\n", "site.yaml:1: not YAML: mapping values are not allowed here"),
    ("unknown alias", b"site: *demo\n", "site.yaml:1: not YAML: found undefined alias 'demo'"),
    ("two documents", b"a: 1\n---\nb: 2\n", "site.yaml:2: not YAML: but found another document"),
    (
        "a control character",
        b"site: \x00\n",
        "site.yaml: not YAML: unacceptable character #x0000: special characters are not allowed",
    ),
    (
        "a key twice",
        b"site: a\nsite: b\n",
        "site.yaml:2: site: the key stands twice in one section; keep one",
    ),
    (
        "a key twice inside",
        b"broker:\n  url: a\n  url: b\n",
        "site.yaml:3: url: the key stands twice in one section; keep one",
    ),
    (
        "a tag",
        b"site: !!python/name:os.system x\n",
        "site.yaml:1: site: YAML tags have no meaning here; write the plain value",
    ),
    (
        "too deep",
        b"a: " + b"[" * 20 + b"]" * 20,
        "site.yaml:1: a: nested deeper than 16 levels; no setting is",
    ),
]


@pytest.mark.parametrize(("content", "problem"), [pytest.param(*case[1:], id=case[0]) for case in NO_SITE])
def test_a_file_that_holds_no_site_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    assert problems(tmp_path, content) == [problem]


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for file, reason in ((tmp_path / "none.yaml", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigurationError) as caught:
            load_site(file, {})
        assert caught.value.problems == (f"{file}: cannot be read: {reason}; give the path of a site file",)


BAD_SITES = [
    pytest.param(case["good"], case["bad"], case["problems"], id=case["name"])
    for case in YAML(typ="safe").load(Path(__file__).with_name("bad_sites.yaml"))
]


@pytest.mark.parametrize(("good", "bad", "expected"), BAD_SITES)
def test_a_site_that_cannot_work_is_refused_with_line_key_and_advice(
    tmp_path: Path, good: str, bad: str, expected: list[str]
) -> None:
    assert problems(tmp_path, spoiled((good, bad))) == [f"site.yaml:{problem}" for problem in expected]


def test_every_problem_is_named_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = spoiled(
        ("retriggers: 2", "retriggers: -1"), ("gateway: gw1", "gatway: gw1"), ("{}", "{capacty: 1}")
    )
    assert problems(tmp_path, text, {"EDGE_AGENT__BROKER__URI": "1"}) == [
        "site.yaml:1: gateway: is missing; add it",
        "site.yaml:2: gatway: unknown key; did you mean 'gateway'?",
        "site.yaml:15: points.in-1.capacty: unknown key; did you mean 'capacity'?",
        "site.yaml:46: policies.retriggers: must be 0 or more, not -1",
        "environment: EDGE_AGENT__BROKER__URI: unknown setting 'uri'; did you mean 'url'?",
    ]
