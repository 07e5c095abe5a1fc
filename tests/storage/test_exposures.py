import asyncio

from storage.database import Database
from storage.exposures import Exposures
from tests.storage.samples import MINUTE, NOON


async def test_the_first_variant_stays(database: Database) -> None:
    async with database.transaction() as session:
        exposures = Exposures(session)
        assert await exposures.assign("anna", "subject", "short", "e1", NOON) == "short"
        assert await exposures.assign("anna", "subject", "long", "e2", NOON + MINUTE) == "short"
        assert await exposures.assign("anna", "offer", "long", "e2", NOON) == "long"
        assert await exposures.assign("ben", "subject", "long", "e3", NOON) == "long"


async def test_concurrent_assignments_agree(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(5)]

    async def assign(database: Database, variant: str) -> str:
        async with database.transaction() as session:
            return await Exposures(session).assign("anna", "subject", variant, "e1", NOON)

    answers = await asyncio.gather(*(assign(each, f"v{number}") for number, each in enumerate(databases)))

    assert len(set(answers)) == 1
    await asyncio.gather(*(each.aclose() for each in databases))
