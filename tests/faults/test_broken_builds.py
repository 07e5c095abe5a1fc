"""A build without the claim doubles a mail after a death in the middle of a hand-over; the real one does not.

What `make faults ARGS=--prove` shows with processes and kills, and takes minutes for, in one process.
"""

from collections.abc import Iterator

import pytest

from activities.sending import SendingActivities
from storage.database import Database
from storage.ledger import Ledger
from tests.activities.crew import Crew, sending
from tests.faults.broken import break_build


@pytest.fixture
def mended(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Undoes afterwards what a variant changes in this process."""
    monkeypatch.setattr(SendingActivities, "_look_again", SendingActivities._look_again)
    monkeypatch.setattr(Ledger, "hand_over", Ledger.hand_over)
    yield
    monkeypatch.undo()


@pytest.mark.usefixtures("mended")
@pytest.mark.parametrize(("variant", "mails"), [("", 1), ("no-claim", 2)])
async def test_without_the_claim_marketing_is_sent_twice(sqlite_database: Database, variant: str, mails: int) -> None:
    break_build(variant)
    crew = Crew(sqlite_database)
    await crew.shopper()
    message = await crew.rendered()
    crew.server.die_after_next()
    with pytest.raises(RuntimeError):
        await crew.sending.send_message(sending(message))
    await crew.sending.send_message(sending(message))
    assert len(crew.server.mails) == mails
