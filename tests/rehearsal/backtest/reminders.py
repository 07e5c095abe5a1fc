"""A journey that reminds, a more patient version of it, and what they are compared on."""

from tests.rehearsal.backtest.recordings import DAY, HOUR, added, event, ordered, the_end
from workflows.vocabulary import CART_ACTIVITY, Click, Journey, On, Plan, Revisit, journey

RECORDING = (
    added(0 * HOUR, "anna"),  # silence
    added(0 * HOUR, "bert"),
    event(3 * HOUR, "Email Link Clicked", "bert", journey="reminding"),
    added(0 * HOUR, "carl"),
    ordered(26 * HOUR, "carl", "o1", 120),
    the_end(20 * DAY),
)


def plan(trigger: str = "Product Added") -> Plan:
    return Plan(name="reminding", trigger=On(trigger), goal="Order Completed", topic="tests", owner="tests")


@journey
class Reminding(Journey):
    """Remind, and follow up."""

    plan = plan()
    wait_for = 24 * HOUR

    async def steps(self) -> None:
        """See the class."""
        await self.quiet(HOUR, since=CART_ACTIVITY)
        await self.send("cart/reminder")
        if await self.reaction(Click, Revisit, within=self.wait_for):
            await self.send("cart/deeper", urgent=True)
        else:
            await self.send("cart/objections")


@journey
class Patient(Reminding):
    """Waits a day longer for an answer."""

    plan = plan()
    wait_for = 48 * HOUR
