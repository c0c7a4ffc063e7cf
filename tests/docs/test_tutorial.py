"""The tutorial, done as a reader does it: four terminals, a broker, the agent killed and started again."""

from tests.docs.markdown import DOCS, Page
from tests.docs.terminal import Desk


def test_the_first_site_works_as_the_tutorial_says(desk_with_broker: Desk) -> None:
    assert desk_with_broker.work_through(Page(DOCS / "tutorial" / "first-site.md")) > 20
