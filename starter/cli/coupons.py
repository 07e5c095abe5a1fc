"""`segue coupons`: the codes that mails gave out, which orders bore them, and what they brought."""

from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from domain.coupon import Coupon
from domain.offer import OfferKind
from starter.cli.naming import refuse_unknown
from starter.cli.reach import AsJson, Data, connected
from starter.cli.tables import console, show
from storage.coupons import Coupons


async def coupons(
    *,
    journey: Annotated[str | None, Parameter(help="Only this journey's.")] = None,
    limit: Annotated[int | None, Parameter(help="Only the latest so many.", validator=Number(gte=1))] = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """List the coupons of mails, the latest last: issued, redeemed by which order, and its revenue."""
    async with connected(data) as found, found.database.read() as session:
        listed = await Coupons(session).list(journey, limit)
    refuse_unknown([journey], listed)
    rows = [each.model_dump(mode="json") if json else _line(each) for each in listed]
    show(rows, as_json=json, empty="No mail gave out a coupon yet; docs/catalogue.md says how mails come to do so.")
    if not json:
        for line in _sums(listed, found.settings.shop.currency):
            console.print(line, highlight=False, soft_wrap=True)


def _line(coupon: Coupon) -> dict[str, object]:
    grants = f"{coupon.percent}% off" if coupon.kind is OfferKind.DISCOUNT else coupon.kind.value
    return {
        "code": coupon.code,
        "customer": coupon.customer,
        "mail": coupon.template,
        "grants": grants,
        "issued": coupon.issued_at,
        "expires": coupon.expires_at,
        "redeemed": coupon.redeemed_at,
        "order": coupon.order_id,
        "revenue": f"{coupon.revenue:.2f}" if coupon.redeemed_at else None,
    }


def _sums(listed: Sequence[Coupon], currency: str) -> list[str]:
    """A line for each journey. Revenue is that of the orders, whatever else led to them."""
    lines = []
    for journey in sorted({each.journey for each in listed}):
        theirs = [each for each in listed if each.journey == journey]
        redeemed = [each for each in theirs if each.redeemed_at is not None]
        revenue = sum(each.revenue for each in redeemed)
        lines.append(f"{journey}: {len(theirs)} issued, {len(redeemed)} redeemed, {revenue:.2f} {currency}")
    return lines
