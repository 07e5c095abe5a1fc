"""What a template may read: one frozen tree, and nothing else.

It holds what the recipient may see about themselves. It leaves out secrets, and every count of what they did:
copy that can quote "you looked at this seven times" will one day do so.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from pydantic import Field, HttpUrl, TypeAdapter, model_validator

from domain.customer import Cart, CartLine
from domain.intent import Tier
from domain.model import Instant, Value
from domain.offer import OfferKind

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
"""The folder of the templates that ship with Segue."""

DEFAULT_LANGUAGE = "en"

_LONGEST_LANGUAGE = 8
"""Letters of a primary language subtag (RFC 5646, 2.1). It becomes part of a file's name."""

_WEB_ADDRESS: TypeAdapter[HttpUrl] = TypeAdapter(HttpUrl)


class Recipient(Value):
    """The person the mail is for."""

    first_name: str | None = None
    locale: str | None = None
    """BCP 47, as reported: `de-AT`, `pt_BR`. None if unknown."""
    tier: Tier = Tier.LOW
    vip: bool = False
    """One of the shop's best customers."""
    industry: str = ""
    """As reported, in lower case; empty if unknown."""
    loyalty_tier: str = ""

    @property
    def language(self) -> str:
        """The primary language of the locale in lower case, `en` if unknown."""
        primary = (self.locale or "").replace("_", "-").split("-")[0].lower()
        plausible = primary.isascii() and primary.isalpha() and len(primary) <= _LONGEST_LANGUAGE
        return primary if plausible else DEFAULT_LANGUAGE


class Order(Value):
    """An order as its confirmation shows it. `nth` is 1 for the customer's first order."""

    order_id: str = ""
    """What the shop calls it. Empty: it has no name that the customer could know it by."""
    lines: tuple[CartLine, ...] = ()
    cut: bool = False
    """There was more in it than `lines`, as `Cart.cut` says of a cart."""
    total: float
    currency: str = "USD"
    nth: int = Field(default=1, ge=1)
    url: str = ""
    """The page of this order in the shop. Empty: the mail leads to the shop."""


class Offer(Value):
    """What the shop grants; where it grants nothing there is no offer.

    A code may be missing: then the checkout applies the offer by itself.
    """

    kind: OfferKind
    percent: int = Field(default=0, ge=0, le=100)
    code: str | None = None
    expires_at: Instant | None = None
    """Shown as a date in the zone it carries: give it in the customer's own."""

    @property
    def last_moment(self) -> datetime | None:
        """The last moment at which it holds: what ends at midnight is good through the day before."""
        return self.expires_at - timedelta.resolution if self.expires_at else None

    @model_validator(mode="after")
    def _grants_something(self) -> Self:
        if self.kind is OfferKind.NOTHING:
            raise ValueError("an offer of nothing is no offer: leave it out")
        if self.kind is OfferKind.DISCOUNT and not self.percent:
            raise ValueError("a discount needs percent")
        return self


class Review(Value):
    """What a customer wrote about a product. Only real ones: templates never invent a quotation."""

    quote: str
    author: str
    rating: int = Field(default=5, ge=1, le=5)


class About(Value):
    """What the enrollment is about, read from the event that began it and from later ones that changed it.

    A webinar, a piece of content, a subscription, a trial, an anniversary: each uses the fields it has, the rest is
    empty. Moments carry the customer's own zone.
    """

    title: str = ""
    url: str = ""
    topic: str = ""
    industry: str = ""
    plan: str = ""
    """Of a subscription or trial."""
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    renews_at: Instant | None = None
    recording_url: str = ""
    guide_url: str = ""
    manage_url: str = ""
    years: int = 0
    """Which anniversary it is."""
    level: str = ""
    """The loyalty tier that was reached."""


class Shop(Value):
    """Who writes. The notes are the shop's own words on what holds buyers back; empty ones get careful general copy."""

    name: str = Field(min_length=1)
    url: str
    postal_address: str = Field(min_length=1)
    """On one line or several: CAN-SPAM (16 CFR 316) wants a valid physical address in every marketing mail."""
    support_email: str
    currency: str = "USD"
    logo_url: str = ""
    """A picture that stands for the name at the head of each mail. Empty: the name is written."""
    logo_width: int = Field(default=140, ge=24, le=400)
    """Pixels as shown; give the picture twice as many."""
    images: str = ""
    """Where pictures of the catalogue lie that are given as a path. Empty: at `url`."""
    cart_path: str = "/cart"
    shipping_note: str = ""
    returns_note: str = ""
    payment_note: str = ""
    sizing_note: str = ""
    chat_url: str | None = None
    """Where a person answers at once. None: mails lead to `support_email`."""
    stories_url: str = ""
    """Case studies of the shop's. Of this and the next two, an empty one makes mails lead to the shop."""
    comparison_url: str = ""
    """Where what it sells is compared."""
    demo_url: str = ""
    """Where a live demonstration is booked."""

    @model_validator(mode="after")
    def _url_is_web_address(self) -> Self:
        _WEB_ADDRESS.validate_python(self.url)
        return self

    @property
    def cart_url(self) -> str:
        """Where the customer finds the cart as they left it."""
        return self.url.rstrip("/") + "/" + self.cart_path.lstrip("/")


class RenderContext(Value):
    """Everything one mail is rendered from. The fields are the names that templates use."""

    customer: Recipient
    shop: Shop
    cart: Cart = Cart()
    high_cart: bool = False
    """The cart is worth a second thought, by the shop's own threshold."""
    order: Order | None = None
    offer: Offer | None = None
    about: About = About()
    focus: CartLine | None = None
    """The product it is about: the one that began the enrollment, else the one looked at most."""
    category: str = ""
    """The category the customer cares about most now; empty if none stands out."""
    recommendations: tuple[CartLine, ...] = ()
    """Complements of what was ordered or lies in the cart, else the bestsellers of the category, else of the shop."""
    alternatives: tuple[CartLine, ...] = ()
    """Of the same category as `focus`, near its price."""
    new_arrivals: tuple[CartLine, ...] = ()
    """Of `category` first, the newest first."""
    bestsellers: tuple[CartLine, ...] = ()
    """Of `category` first."""
    reviews: tuple[Review, ...] = ()
    now: Instant | None = None
    """When the mail is written, in product time. None: mails name days, and not how far off they are."""
    unsubscribe_url: str
    preferences_url: str = ""
    """Where the customer chooses what to hear. Empty: there is no such page."""
    data_request_url: str = ""
    """Where the customer confirms what they asked for about their data: its export, its erasure. Else empty."""


def samples(folder: Path = TEMPLATES / "samples") -> dict[str, RenderContext]:
    """Load the sample contexts that previews, checks and tests render every template with, by name."""
    return {path.stem: RenderContext.model_validate_json(path.read_bytes()) for path in sorted(folder.glob("*.json"))}
