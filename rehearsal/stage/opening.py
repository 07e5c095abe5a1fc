"""Opens a stage: a test server, and a database in a temporary folder, for as long as a block lasts."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from domain.civil import zone_or_default
from mail.context import TEMPLATES
from rehearsal.stage.backstage import Backstage
from rehearsal.stage.playhouse import START, time_from
from rehearsal.stage.server import time_skipping
from rehearsal.stage.stage import Stage
from settings import Settings
from storage.database import Database

ZONE = "Europe/Vienna"
"""Where Anna lives unless told otherwise: not UTC, so that a test sees the difference."""

_LINKS_SIGNED_WITH = "in a rehearsal nobody follows a link"


def default_settings() -> Settings:
    """Every setting at its default, whatever the environment says: a test is the same everywhere."""
    return Settings.model_construct()


@asynccontextmanager
async def open_stage(
    *,
    settings: Settings | None = None,
    start: datetime | None = None,
    zone: str = ZONE,
    templates: Path | None = None,
) -> AsyncIterator[Stage]:
    """A stage.

    Args:
        settings: quiet hours, caps, consent rule, offers, journeys' waits and so on; None: the defaults.
        start: when the story begins, by Anna's own clock or aware; None: a Monday in March at nine.
        zone: where Anna lives.
        templates: the folder of the mails; None: Segue's own.

    Raises:
        UnavailableError: the test server does not start.
    """
    begins = start or START.replace(tzinfo=None)
    if begins.tzinfo is None:
        begins = begins.replace(tzinfo=zone_or_default(zone, "UTC"))
    chosen = settings or default_settings()
    with tempfile.TemporaryDirectory(prefix="segue-stage-") as folder:
        database = Database(f"{folder}/segue.db")
        try:
            await database.migrate()
            async with time_skipping(chosen.test_server_binary) as env:
                # In UTC: what is added to a time of a zone moves its wall clock, and loses an hour in March.
                paced = await time_from(env, begins.astimezone(UTC))
                signing = chosen if chosen.secrets() else chosen.with_secrets(secret=_LINKS_SIGNED_WITH)
                backstage = Backstage(env, database, paced, signing, zone=zone, templates=templates or TEMPLATES)
                async with backstage.opened():
                    yield Stage(backstage)
        finally:
            await database.aclose()
