"""A sweep on the wire: one look of a source at every customer, page by page. Names are frozen, as in `domain.calls`."""

from datetime import timedelta
from typing import Final

from domain.model import WireValue

SWEEP: Final = "segue-source"
"""The workflow type of all sources."""

SWEEP_PAGE: Final = "sweep_page"


class Sweep(WireValue):
    """A sweep's input, and what its next run goes on with. `after` is the last customer that was looked at."""

    source: str
    after: str = ""
    pages: int = 0
    looked_at: int = 0
    found: int = 0


class PageRequest(WireValue):
    """Asks a source to look at the customers behind `after`, in the order of their ids."""

    source: str
    after: str


class Page(WireValue):
    """What a page came to. `after` is where the next one begins; None: there is nobody behind."""

    after: str | None
    looked_at: int = 0
    found: int = 0
    """Events that were committed, and were new."""
    pause: timedelta = timedelta()
    """Real time to leave before the next page, so that no more begins in a minute than the settings say."""
