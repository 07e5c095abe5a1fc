"""Journeys as earlier workers had them, to record what those did with what they did not know."""

from temporalio import workflow

from domain.signals import JOIN, Join
from workflows.cart_recovery import CartRecovery
from workflows.vocabulary import journey


@journey
class BeforeJoins(CartRecovery):
    """Does nothing when it is told of a join."""

    @workflow.signal(name=JOIN)
    def join(self, told: Join) -> None:
        """Pass over it."""
