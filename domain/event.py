"""An event: a fact that a backend reported, in one normal form whatever door it came through.

Names are those of the Segment e-commerce spec (segment.com/docs/connections/spec/ecommerce/v2) where it has one.
Names of our own are marked so.
"""

from enum import StrEnum
from typing import Any, Final

from pydantic import Field

from domain.model import Instant, Value

LONGEST_MESSAGE_ID: Final = 256
"""Characters of `Event.message_id`, whoever makes it."""

PRODUCT_VIEWED = "Product Viewed"
PRODUCT_CLICKED = "Product Clicked"
PRODUCT_LIST_VIEWED = "Product List Viewed"
PRODUCT_LIST_FILTERED = "Product List Filtered"
PRODUCTS_SEARCHED = "Products Searched"
PRODUCT_SHARED = "Product Shared"
PROMOTION_VIEWED = "Promotion Viewed"
PROMOTION_CLICKED = "Promotion Clicked"
PRODUCT_ADDED = "Product Added"
PRODUCT_REMOVED = "Product Removed"
CART_VIEWED = "Cart Viewed"
CART_SHARED = "Cart Shared"
CHECKOUT_STARTED = "Checkout Started"
CHECKOUT_STEP_VIEWED = "Checkout Step Viewed"
CHECKOUT_STEP_COMPLETED = "Checkout Step Completed"
PAYMENT_INFO_ENTERED = "Payment Info Entered"
COUPON_ENTERED = "Coupon Entered"
COUPON_APPLIED = "Coupon Applied"
COUPON_DENIED = "Coupon Denied"
COUPON_REMOVED = "Coupon Removed"
ORDER_COMPLETED = "Order Completed"
ORDER_UPDATED = "Order Updated"
ORDER_CANCELLED = "Order Cancelled"
ORDER_REFUNDED = "Order Refunded"
PRODUCT_WISHED_FOR = "Product Added to Wishlist"
PRODUCT_NO_LONGER_WISHED_FOR = "Product Removed from Wishlist"
WISH_ADDED_TO_CART = "Wishlist Product Added to Cart"
PRODUCT_REVIEWED = "Product Reviewed"

# Segment's spec for B2B services (…/spec/b2b-saas/) and for video (…/spec/video/).
SIGNED_UP = "Signed Up"
TRIAL_STARTED = "Trial Started"
VIDEO_COMPLETED = "Video Playback Completed"

# No spec has these; the names follow its pattern, a thing and what became of it.
PRICING_VIEWED = "Pricing Viewed"
SUBSCRIPTION_STARTED = "Subscription Started"
SUBSCRIPTION_UPDATED = "Subscription Updated"
SUBSCRIPTION_RENEWED = "Subscription Renewed"
SUBSCRIPTION_CANCELLED = "Subscription Cancelled"
GUIDE_OPENED = "Guide Opened"
WEBINAR_REGISTERED = "Webinar Registered"
WEBINAR_CANCELLED = "Webinar Registration Cancelled"
RECORDING_WATCHED = "Webinar Recording Watched"
CONTENT_DOWNLOADED = "Content Downloaded"
CONTENT_VIEWED = "Content Viewed"
LOYALTY_TIER_REACHED = "Loyalty Tier Reached"

# The Segment spec for email (…/spec/email/).
EMAIL_DELIVERED = "Email Delivered"
EMAIL_LINK_CLICKED = "Email Link Clicked"
EMAIL_OPENED = "Email Opened"
UNSUBSCRIBED = "Unsubscribed"
EMAIL_BOUNCED = "Email Bounced"
EMAIL_COMPLAINED = "Email Marked as Spam"

# Ours, in that spec's manner: what it has no name for.
EMAIL_DEFERRED = "Email Deferred"
EMAIL_REJECTED = "Email Rejected"
"""The provider did not even try to deliver it."""
EMAIL_OPENED_BY_MACHINE = "Email Opened by Machine"
EMAIL_CLICKED_BY_MACHINE = "Email Link Clicked by Machine"
"""Of another name, so that nothing that reads what people did can take it for that; see `domain.machines`."""

# Ours: what Segue concludes from what was reported, stored beside it in the same transaction.
CART_EMPTIED = "Cart Emptied"
CUSTOMER_RETURNED = "Customer Returned"
"""The first thing somebody did on the site after thirty days away."""

CUSTOMER_ERASED = "Customer Erased"
"""An operator's or Segue's own word: ends every journey of the customer."""

# Ours: what scheduled sources find in the database, each once for its occasion.
CUSTOMER_LAPSED = "Customer Lapsed"
FIRST_ORDER_ANNIVERSARY = "First Order Anniversary"
BIRTHDAY = "Birthday"
REPURCHASE_DUE = "Repurchase Due"
ADVOCATE_FOUND = "Advocate Found"
NEWSLETTER_DUE = "Newsletter Due"

# Ours: what recipients ask for on the pages behind the links of their mails.
DATA_EXPORT_REQUESTED = "Data Export Requested"
ERASURE_REQUESTED = "Erasure Requested"
PREFERENCES_LINK_REQUESTED = "Preferences Link Requested"
DATA_REQUEST_CONFIRMED = "Data Request Confirmed"

DATA_REQUESTS = (DATA_EXPORT_REQUESTED, ERASURE_REQUESTED, PREFERENCES_LINK_REQUESTED)
"""Each is answered by a mail to the address on file, since whoever holds a forwarded mail can ask, too."""

CONCLUDED = (
    CART_EMPTIED,
    CUSTOMER_RETURNED,
    CUSTOMER_LAPSED,
    FIRST_ORDER_ANNIVERSARY,
    BIRTHDAY,
    REPURCHASE_DUE,
    ADVOCATE_FOUND,
    NEWSLETTER_DUE,
)
"""All of ours: nothing that the customer did, so that nobody counts as having been there for them."""

CART_ACTIVITY = (PRODUCT_ADDED, PRODUCT_REMOVED, CART_VIEWED, CART_EMPTIED)
"""What restarts the quiet hour of an abandoned cart."""

CHECKOUT_ACTIVITY = (
    CHECKOUT_STARTED,
    CHECKOUT_STEP_VIEWED,
    CHECKOUT_STEP_COMPLETED,
    PAYMENT_INFO_ENTERED,
    COUPON_ENTERED,
    COUPON_APPLIED,
    COUPON_DENIED,
    COUPON_REMOVED,
    *CART_ACTIVITY,
)
"""What shows that somebody is still at the till, or went back to the cart."""

BROWSING = (PRODUCT_VIEWED, PRODUCT_CLICKED, PRODUCT_LIST_VIEWED, PRODUCT_LIST_FILTERED, PRODUCTS_SEARCHED)
"""What restarts the quiet time of somebody who looks around."""

TRACK_NAMES = frozenset(value for name, value in [*globals().items()] if name.isupper() and isinstance(value, str))
"""All names above. What only looks like one of these events, a page of that name, is given another."""


class EventType(StrEnum):
    """The kind of Segment call that carried the event."""

    TRACK = "track"
    IDENTIFY = "identify"
    PAGE = "page"
    SCREEN = "screen"
    GROUP = "group"
    ALIAS = "alias"


class Event(Value):
    """One reported fact.

    `name` is the track event's name, the page's or screen's name, else the type. `properties` are the call's
    properties (traits for identify and group). `occurred_at` is product time, corrected for the sender's clock.
    """

    message_id: str = Field(min_length=1, max_length=LONGEST_MESSAGE_ID)
    type: EventType
    name: str = Field(min_length=1, max_length=256)
    user_id: str | None = None
    anonymous_id: str | None = None
    previous_id: str | None = None
    occurred_at: Instant
    received_at: Instant
    properties: dict[str, Any] = Field(default_factory=dict)
    context: dict[str, Any] = Field(default_factory=dict)
    public: bool = False
    """It was reported with a key that anybody may have, see `domain.visitor`."""


class StoredEvent(Value):
    """An event as the dispatcher reads it from the store."""

    seq: int
    customer: str
    event: Event
    nth: int = 1
    """This is the customer's nth event of that name."""
    starts_visit: bool = False
    """The first thing the customer did on the site after at least half an hour away."""
    repeats: bool = False
    """It reports an order once more, as another event: nobody needs to hear of it again."""
