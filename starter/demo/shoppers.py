"""The demo's shoppers: what each does, and what must come of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from domain.event import ORDER_COMPLETED, PRODUCT_REVIEWED, PRODUCT_VIEWED
from starter.demo import stories
from starter.demo.shop import DAY, HOUR, Past, Shop, goods, order

Story = Callable[[Shop, str], Awaitable[None]]


@dataclass(frozen=True)
class Shopper:
    """One shopper: a name, a story, and what must come of it."""

    name: str
    does: str
    story: Story
    gets: Sequence[str]
    """The mails that must come, in this order, and no others. One with a question mark may come: it depends on how
    fast the machine is."""
    ends: Mapping[str, str]
    """How journeys must stand in the end, by their names."""
    arrives: timedelta = timedelta()
    """After the opening of the shop."""
    past: Sequence[Past] = ()
    consent: bool | Mapping[str, bool] = True
    """To all mail, or to some topics: who is found by a source has agreed to that source's mail alone."""
    waits: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Mails that the gate must have held back, with words by which its reason is known."""
    never: Mapping[str, str] = field(default_factory=dict)
    """Mails that must not come, by the beginning of their names, and what that means."""

    @property
    def id(self) -> str:
        """The user id."""
        return self.name.lower()

    @property
    def traits(self) -> Mapping[str, Any]:
        """As a backend reports them."""
        email = f"{self.id}@demo.example"
        return {"email": email, "firstName": self.name, "timezone": "UTC", "consent": self.consent}


def _ordered(ago: timedelta, who: str, product: str) -> Past:
    return Past(ago, ORDER_COMPLETED, order(f"{who}-{ago.days}", product))


_REMINDER, _CONFIRMATION = "cart/reminder", "post_purchase/confirmation"
_LATER = tuple(f"post_purchase/{mail}?" for mail in ("usage_guide", "complementary", "review_request"))
_LATER_IN_CART = ("cart/objections?", "cart/social_proof?", "cart/last_call?")
_LATER_IN_SUBSCRIPTION = ("subscription/first_steps?", "subscription/habits?")
_OPEN = "running or completed"

SHOPPERS: Sequence[Shopper] = (
    Shopper(
        "Clara",
        "clicks a reminder, then buys",
        stories.clicks_then_buys,
        (_REMINDER, "cart/deeper", _CONFIRMATION, "post_purchase/usage_guide", *_LATER[1:]),
        {"cart-recovery": "converted", "post-purchase": "running"},
        never={"cart/last_call": "the order ends the cart's mails"},
    ),
    Shopper(
        "Wanda",
        "signs up with a full cart, then buys",
        stories.signs_up_with_a_cart,
        (_REMINDER, _CONFIRMATION, *_LATER),
        {"welcome": "converted", "cart-recovery": "converted", "post-purchase": "running"},
        arrives=HOUR / 2,
        # The second, where the machine is so slow that the cart's reminder has gone before the welcome is asked about.
        waits={"welcome/intro": ("cart-recovery goes first", "another journey's mail was not answered")},
        never={"welcome/": "the cart goes before the welcome, and whoever has bought is not welcomed"},
    ),
    Shopper(
        "Cora",
        "leaves at the till, comes back for help",
        stories.checks_out,
        ("checkout/help", "checkout/reassurance?", "checkout/last_call?", _CONFIRMATION, *_LATER),
        # On a slow machine she may buy before cart recovery has heard that it is not needed.
        {"cart-recovery": "exited or converted", "checkout-recovery": "converted", "post-purchase": "running"},
        arrives=HOUR,
        never={"cart/": "once the cart is at the till, checkout recovery alone speaks of it"},
    ),
    Shopper(
        "Bea",
        "looks at rugs, then fills a cart",
        stories.browses_then_fills_a_cart,
        ("browse/still_thinking", "browse/alternatives?", _REMINDER, *_LATER_IN_CART),
        {"browse-abandonment": "exited", "cart-recovery": _OPEN},
        arrives=1.5 * HOUR,
        never={"browse/benefits": "from the cart on, cart recovery speaks"},
    ),
    Shopper(
        "Uma",
        "unsubscribes from a reminder",
        stories.unsubscribes,
        (_REMINDER,),
        {"cart-recovery": "exited"},
        arrives=2 * HOUR,
        never={"cart/objections": "whoever has unsubscribed hears nothing more"},
    ),
    Shopper(
        "Dora",
        "asks for a copy of her data",
        stories.asks_for_data,
        (_REMINDER, "data_request/export", *_LATER_IN_CART),
        {"cart-recovery": _OPEN, "data-request": "converted"},
        arrives=2.25 * HOUR,
        never={"data_request/erasure": "her data stay, since nobody asked for their erasure"},
    ),
    Shopper(
        "Walter",
        "signs up",
        stories.signs_up,
        ("welcome/intro", "welcome/story", "welcome/education?"),
        {"welcome": _OPEN},
        arrives=2.5 * HOUR,
    ),
    Shopper(
        "Ed",
        "wishes for a chair, reads about chairs",
        stories.learns,
        ("education/features", "education/in_depth", "education/routine?", "education/testimonials?"),
        {"product-education": _OPEN},
        arrives=3 * HOUR,
    ),
    Shopper(
        "Cleo",
        "downloads a guide, watches a video",
        stories.downloads_and_watches,
        ("content/case_study", "content/demo"),
        {"content-followup": "completed"},
        arrives=3.5 * HOUR,
    ),
    Shopper(
        "Will",
        "registers for a webinar",
        stories.registers_and_watches,
        ("webinar/confirmation", "webinar/reminder", "webinar/recording"),
        {"webinar": "converted"},
        arrives=4 * HOUR,
    ),
    Shopper(
        "Tess",
        "tries a plan, then subscribes",
        stories.tries_then_subscribes,
        ("trial/welcome", "trial/quick_win", "subscription/confirmation", *_LATER_IN_SUBSCRIPTION),
        {"trial": "converted", "subscription": "running"},
        arrives=4.5 * HOUR,
        never={"trial/objections": "whoever has subscribed is not persuaded any more"},
    ),
    Shopper(
        "David",
        "was away for six weeks, comes back, buys",
        stories.comes_back,
        ("reengagement/we_miss_you", _CONFIRMATION),
        {"reengagement": "converted", "post-purchase": "running"},
        past=(_ordered(45 * DAY, "david", "lamp-03"),),
        consent={"news and offers": True},
        never={"reengagement/new_arrivals": "whoever is back is not missed any more"},
    ),
    Shopper(
        "Karl",
        "buys candles every month, and is late",
        stories.orders_again,
        ("replenish/picks", _CONFIRMATION),
        {"replenish": "converted", "post-purchase": "running"},
        past=(
            _ordered(80 * DAY, "karl", "candle-1"),
            _ordered(50 * DAY, "karl", "candle-1"),
            Past(6 * DAY, PRODUCT_VIEWED, goods("candle-1")),
        ),
        consent={"news and offers": True},
        never={"replenish/reward": "whoever orders needs no reward"},
    ),
    Shopper(
        "Anna",
        "first ordered a year ago",
        stories.reads,
        ("milestone/anniversary",),
        {"milestone": _OPEN},
        past=(_ordered(365 * DAY, "anna", "mirror-5"),),
        consent={"birthday and anniversary": True},
    ),
    Shopper(
        "Alma",
        "has praised a bowl, shares it with friends",
        stories.recommends,
        ("advocacy/referral",),
        {"advocacy": "converted"},
        past=(
            _ordered(60 * DAY, "alma", "plate-6"),
            _ordered(20 * DAY, "alma", "bowl-2"),
            Past(5 * DAY, PRODUCT_REVIEWED, {"product_id": "bowl-2", "rating": 5}),
        ),
        consent={"reviews and recommendations": True},
        never={"advocacy/review": "whoever has just written a review is not asked for one"},
    ),
    Shopper(
        "Nora",
        "looked around two weeks ago",
        stories.reads,
        ("newsletter/monthly",),
        {"newsletter": _OPEN},
        past=(Past(16 * DAY, PRODUCT_VIEWED, goods("pot-8")),),
        consent={"newsletter": True},
    ),
)
