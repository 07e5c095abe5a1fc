"""Coupons: made once for each message, redeemed once by an order."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update

from domain.coupon import Coupon, new_code
from domain.message import MessageStatus
from storage.repository import Repository
from storage.tables import COUPONS, MESSAGES

_NEVER_SEEN = (MessageStatus.DROPPED, MessageStatus.REFUSED)
"""Nobody has read the code of a message that ended so."""

TRIES = 5
"""Two codes alike are as likely as a guess is right; so many in a row never happen."""


class Coupons(Repository):
    """Writes and reads coupons."""

    async def issue(self, coupon: Coupon, prefix: str) -> Coupon:
        """Make a message's coupon; where it has one, that one stays, with the later of both expiries.

        A message that waited before it went promises as many days as any other.

        Args:
            coupon: what it grants, and to whom; its code is made here.
            prefix: what codes begin with.
        """
        for _ in range(TRIES):
            row = coupon.model_dump() | {"code": new_code(prefix)}
            statement = self.insert(COUPONS).values(row).on_conflict_do_nothing()
            await self.execute(statement)
            found = await self.of_message(coupon.message)
            if found is not None:
                return await self._prolong(found, coupon.expires_at)
        raise RuntimeError(f"no free coupon code was found in {TRIES} tries")

    async def of_message(self, message: str) -> Coupon | None:
        """The coupon that a message shows."""
        return await self._one(select(COUPONS).where(COUPONS.c.message == message))

    async def get(self, code: str) -> Coupon | None:
        """The coupon of a normalised code; None where it is none of ours."""
        return await self._one(select(COUPONS).where(COUPONS.c.code == code))

    async def redeem(self, codes: Collection[str], order_id: str, revenue: float, at: datetime) -> None:
        """Note that an order bore these codes. The first order counts; codes that are none of ours change nothing."""
        fresh = COUPONS.c.code.in_(sorted(codes)) & COUPONS.c.redeemed_at.is_(None)
        await self.execute(update(COUPONS).where(fresh).values(redeemed_at=at, order_id=order_id, revenue=revenue))

    async def list(self, journey: str | None = None, limit: int | None = None) -> list[Coupon]:
        """Coupons whose message may have been read, the latest last; with a limit, the latest of them."""
        unread = select(MESSAGES.c.id).where(MESSAGES.c.id == COUPONS.c.message, MESSAGES.c.status.in_(_NEVER_SEEN))
        newest = select(COUPONS).where(~unread.exists())
        newest = newest.order_by(COUPONS.c.issued_at.desc(), COUPONS.c.code.desc()).limit(limit)
        if journey is not None:
            newest = newest.where(COUPONS.c.journey == journey)
        return [Coupon.model_validate(dict(row)) for row in (await self.execute(newest)).mappings()][::-1]

    async def _prolong(self, coupon: Coupon, expires_at: datetime) -> Coupon:
        if coupon.redeemed_at is not None or coupon.expires_at >= expires_at:
            return coupon
        await self.execute(update(COUPONS).where(COUPONS.c.code == coupon.code).values(expires_at=expires_at))
        return coupon.model_copy(update={"expires_at": expires_at})

    async def _one(self, statement: Select[Any]) -> Coupon | None:
        row = (await self.execute(statement)).mappings().one_or_none()
        return Coupon.model_validate(dict(row)) if row is not None else None
