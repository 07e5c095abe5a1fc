"""A sweep: one look of a source at every customer, page by page.

Its place is the last customer's id, in the history and handed over when it continues as new: after any crash it goes on
with the page it was at. A page is a local activity, as all but the sending of mail is: it must not wait, and keep mails
waiting, at the rate that the mail provider allows.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from domain.sweep import SWEEP, SWEEP_PAGE, Page, PageRequest, Sweep

PAGES_PER_RUN = 400
"""A page is six events at most: a run ends long before its history is full."""

PAGE_TIMEOUT = timedelta(seconds=45)
"""A page is milliseconds; a lock in the database may be waited for half a minute."""

PAGE_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=200),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(minutes=1),
    non_retryable_error_types=("UnknownSourceError",),
)
"""0.2 s, 0.4 s … 1 min, for as long as the database is away."""


# Any failure ends a sweep, code that no longer fits its history included: its schedule starts the next one, from the
# beginning, and what was found is not found again. One that waited to be mended would keep all later ones out.
@workflow.defn(name=SWEEP, failure_exception_types=[Exception])
class SourceSweep:
    """Looks at every customer once. Its type and its input are frozen, see `domain.sweep`."""

    @workflow.init
    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep

    @workflow.run
    async def run(self, _sweep: Sweep) -> Sweep:
        """Go on behind the customer that the sweep has come to. Returns how many were looked at and found."""
        for _ in range(PAGES_PER_RUN):
            page = await self._look()
            self._sweep = _further(self._sweep, page)
            workflow.set_current_details(_words(self._sweep))
            if page.after is None:
                return self._sweep
            if page.pause:
                await workflow.sleep(page.pause, summary=f"{page.found} began: not too many at once")
        return workflow.continue_as_new(self._sweep)

    @workflow.query
    def progress(self) -> Sweep:
        """How far it is."""
        return self._sweep

    async def _look(self) -> Page:
        page: Page = await workflow.execute_local_activity(
            SWEEP_PAGE,
            PageRequest(source=self._sweep.source, after=self._sweep.after),
            result_type=Page,
            start_to_close_timeout=PAGE_TIMEOUT,
            retry_policy=PAGE_RETRY,
        )
        return page


def _further(sweep: Sweep, page: Page) -> Sweep:
    return sweep.model_copy(
        update={
            "after": page.after or "",
            "pages": sweep.pages + 1,
            "looked_at": sweep.looked_at + page.looked_at,
            "found": sweep.found + page.found,
        }
    )


def _words(sweep: Sweep) -> str:
    where = f", up to {sweep.after}" if sweep.after else ", all of them"
    return f"{sweep.source}: {sweep.found} found among {sweep.looked_at} customers{where}"
