"""The base of every value Segue passes around: frozen, strict about unknown fields, aware of time zones."""

from datetime import timedelta
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Instant = AwareDatetime
"""A moment in time; a naive datetime is refused. Product time unless a name says *real*."""

Duration = Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=3650))]
"""A span of time to wait: none at least, ten years at most. In settings ISO 8601, e.g. `PT2H`, or seconds."""

CustomerId = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""Segue's own key of a customer. Never an address: see `storage.customers`, which issues it."""


class Value(BaseModel):
    """A frozen value. Unknown fields are refused, so that a misspelt one is never lost silently."""

    # What does not fit is somebody's address as often as not: messages name the field, and never quote it.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class WireValue(BaseModel):
    """A frozen value that outlives deploys in Temporal histories.

    Unknown fields are ignored: code of yesterday must read what code of tomorrow wrote. Add fields with
    defaults only; renaming or removing one takes several deploys.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)
