"""Pages that a worker has put into JSON already: one driver then keeps up with more workers."""

from dataclasses import dataclass

from hwcli.formats.jsonl import JsonlFormat
from hwcli.page.reading import Page


@dataclass(frozen=True, slots=True)
class Rendered(Page):
    """A page without what is on it, which its `line` tells."""

    line: str = ""
    """As `--format jsonl` has it, with the newline."""


def rendered(page: Page) -> Rendered:
    """`page`, rendered."""
    return Rendered(
        page.file, page.width, page.height, page.script, (), (), page.model, page.angle_deg,
        page.inverted, page.page, line=JsonlFormat(1).page(page),
    )  # fmt: skip


class RenderedJsonl(JsonlFormat):
    """`jsonl` of pages of both kinds."""

    def page(self, page: Page) -> str:
        """The object of a photo that was read."""
        return page.line if isinstance(page, Rendered) else JsonlFormat.page(self, page)
