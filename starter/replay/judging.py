"""Judges one enrollment by its two witnesses: how its history replays, and how the code fits its journal."""

import re
from collections.abc import Sequence

from domain.carried import Entry
from domain.enrollment import Start
from starter.replay.finding import Finding, Running, Verdict
from starter.replay.record import Record
from starter.replay.replays import Failure
from workflows.vocabulary import Journey
from workflows.vocabulary.journal import Divergence, Fit, fit
from workflows.vocabulary.verbs import Since

LONGEST_PLACE = 300
"""Characters: what an error says may be a page."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC")
"""Differs from enrollment to enrollment at the same place."""


async def judge(
    running: Running,
    journey: type[Journey],
    record: Record,
    entries: Sequence[Entry] | None,
    failure: Failure | None,
) -> Finding:
    """Judge an enrollment that runs.

    Args:
        running: which.
        journey: its code of today.
        record: its history. It may be longer than the journal, and never shorter.
        entries: its journal; None when no worker told it. What an earlier run handed over is known all the same.
        failure: why its history does not replay; None when it does.
    """
    try:
        start = await record.start()
    except Exception as error:
        return _found(running, Verdict.BREAKS, [f"its beginning cannot be read: {_named(error)}"], entries)
    carried = start.carried.journal if start.carried else ()
    known = carried if entries is None else entries
    compared = _compare(journey, start, known)
    if failure is None and record.has_begun:
        return _of_one_that_goes_on(running, compared, known, entries)
    if failure is None:
        # No code has run on this history yet: what an earlier run handed over is all that can break.
        places = [str(compared.breaks)] if compared.breaks else []
        return _found(running, Verdict.BREAKS if places else Verdict.FITS, places, entries)
    place = _parting(compared, entries, known, await record.doing()) or await _in_history(record, failure)
    return _found(running, Verdict.BREAKS, [place], entries)


def _compare(journey: type[Journey], start: Start, entries: Sequence[Entry]) -> Fit:
    try:
        return fit(journey, start, entries)
    except Exception as error:  # of building the journey: a worker would stumble over it as well
        return Fit(breaks=Divergence(0, "nothing yet", f"raises {_named(error)}"), differs=(), open=None)


def _of_one_that_goes_on(
    running: Running, compared: Fit, known: Sequence[Entry], entries: Sequence[Entry] | None
) -> Finding:
    """Replay lets pass what asks Temporal for the same, such as one fact instead of another."""
    places = [str(each) for each in compared.differs]
    if compared.breaks is None:
        return _found(running, Verdict.DIFFERS if places else Verdict.FITS, places, entries)
    place = compared.breaks.place
    has_answer = place > 0 and known[place - 1].answer is not None
    if has_answer:
        return _found(running, Verdict.MISREADS, [str(compared.breaks)], entries)
    return _found(running, Verdict.DIFFERS, [*places, str(compared.breaks)], entries)


def _parting(compared: Fit, entries: Sequence[Entry] | None, known: Sequence[Entry], doing: str) -> str:
    """Where code and journal part; empty when the journal does not show it."""
    if compared.breaks is not None:
        return str(compared.breaks)
    for each in compared.differs:
        if known[each.place - 1].verb == Since.wire_name:
            return str(each)  # a guard that is gone: its mark in the history is not
    if entries is None or not doing:
        return ""
    now = f"asks for “{compared.open.describe()}”" if compared.open else "ends"
    return "" if doing in now else f"step {len(entries) + 1}: it is at “{doing}”, the code now {now}"


async def _in_history(record: Record, failure: Failure) -> str:
    """Where code and history part, as Temporal has it."""
    if failure.is_of_code:
        return f"the code fails on its history: {failure.said}"
    words = await record.words_at(failure.event) if failure.event else ""
    if words:
        return f"the history has “{words}” where the code now asks for something else"
    return f"the history holds something else than the code now asks for: {failure.said}"


def _found(running: Running, verdict: Verdict, places: Sequence[str], entries: Sequence[Entry] | None) -> Finding:
    return Finding(
        journey=running.journey,
        workflow_id=running.workflow_id,
        verdict=verdict,
        places=tuple(_tidy(place) for place in dict.fromkeys(places)),
        asked=entries is not None,
    )


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _tidy(place: str) -> str:
    """One line of bearable length that is the same for all who stand at the same place."""
    line = _MOMENT.sub("a moment", " ".join(place.split()))
    return line if len(line) <= LONGEST_PLACE else f"{line[: LONGEST_PLACE - 1]}…"
