"""Deliveries as journeys get them in rehearsal: they notice when the journey looks at the moment of one."""

from datetime import datetime
from typing import Any

from domain.calls import Delivery
from domain.message import MessageStatus


class Notice:
    """Whether a journey has looked at the moment of any delivery. Only then can it tell one day from another."""

    def __init__(self) -> None:
        self.was_read = False


class RehearsedDelivery(Delivery):
    """A delivery whose moment is kept aside, so that reading it can be noticed at no cost to other readings."""

    def __getattr__(self, name: str) -> Any:
        if name != "at":
            raise AttributeError(name)
        kept = self.__dict__
        kept["notice"].was_read = True
        return kept["moment"]


def deliver(template: str, status: MessageStatus, reason: str, at: datetime, notice: Notice) -> Delivery:
    """What became of a mail. Built without validation, which would cost more than all the rest of a path."""
    delivery = RehearsedDelivery.__new__(RehearsedDelivery)
    fields = {"message": f"m-{template}", "status": status, "reason": reason, "until": None, "ended_by": None}
    object.__setattr__(delivery, "__dict__", {**fields, "moment": at, "notice": notice})
    for name in ("__pydantic_extra__", "__pydantic_private__"):
        object.__setattr__(delivery, name, None)
    object.__setattr__(delivery, "__pydantic_fields_set__", set())
    return delivery


def moment_of(delivery: Delivery) -> datetime:
    """The moment of a delivery, read by us and not by the journey."""
    moment: datetime = delivery.__dict__["moment"]
    return moment
