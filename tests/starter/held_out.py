"""A journey that nobody gets."""

from workflows.post_purchase import PostPurchase
from workflows.vocabulary import On, Plan, journey


@journey
class HeldOut(PostPurchase):
    """Nobody gets it."""

    plan = Plan(name="held-out", trigger=On("Thing Done"), goal="Goal", topic="tests", owner="tests", holdout=1.0)
