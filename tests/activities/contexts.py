"""What a mail of a shop is rendered from."""

from datetime import timedelta

from activities.reading import Reader
from domain import calls
from domain.enrollment import Occasion
from domain.event import Event
from domain.intent import DEFAULT_THRESHOLDS, Thresholds
from mail.context import RenderContext, Shop
from storage.database import Database
from storage.events import EventStore
from storage.ledger import Ledger
from tests.storage.samples import NOON, SEND, commit, gate_request

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SHOP = Shop(
    name="Lumen & Loft",
    url="https://shop.example",
    postal_address="1 Example St",
    support_email="help@shop.example",
    currency="EUR",
    images="https://cdn.example/pictures",
)


async def read(
    database: Database, occasion: Event, *before: Event, shop: Shop = SHOP, thresholds: Thresholds = DEFAULT_THRESHOLDS
) -> RenderContext:
    """The context of a mail of an enrollment that the last of these events began."""
    await commit(database, *before, occasion)
    async with database.read() as session:
        stored = next(s for s in await EventStore(session).pending(500) if s.event.message_id == occasion.message_id)
    began = Occasion(event_id=occasion.message_id, name=occasion.name, seq=stored.seq, nth=stored.nth, occurred_at=NOON)
    async with database.transaction() as session:
        await Ledger(session).decide(gate_request(), SEND, NOON)
        [row] = await Ledger(session).list()
        request = calls.RenderRequest(message=row.id, occasion=began, at=NOON)
        return await Reader(shop, "UTC", thresholds).read(
            session, row.customer, request, NOON, "https://mail.example/u/1"
        )
