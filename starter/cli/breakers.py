"""`segue rearm`: an operator's word that what made a journey's mails bounce is mended."""

from starter.cli.reach import Data, operating
from starter.cli.tables import console


async def rearm(journey: str, /, *, data: Data = None) -> None:
    """Let a journey send again that was held back for its bounces or complaints. It is judged from now on only."""
    async with operating(data) as operations:
        before = await operations.rearm(journey)
    said = f"was held back: {before.reason}. It may send again" if before.is_open else "was not held back"
    console.print(f"{journey} {said}; what happened before does not count any more.", highlight=False, soft_wrap=True)
