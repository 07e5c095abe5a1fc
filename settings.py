"""Every setting, typed, with its default. The one place that reads the environment.

A setting `x` is the variable `SEGUE_X`; a nested one `SEGUE_X__Y`. Values of dictionaries and models are JSON.
"""

import json
import os
import re
from collections.abc import Mapping
from datetime import time, timedelta
from email.utils import parseaddr
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, get_origin
from urllib.parse import urlsplit

from limits import parse as parse_rate
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from domain.breaker import BreakerPolicy
from domain.civil import QuietHours, find_zone, opens_at_all
from domain.errors import ConfigurationError
from domain.gate import Caps, ConsentRule, CoolDowns, GatePolicy
from domain.intent import Thresholds
from domain.model import Value
from domain.occasions import SourcePolicy
from domain.offer import OfferPolicy
from domain.relay import Relay
from domain.remedies import LIST, OBJECT, instead, remedy
from domain.retention import RetentionPolicy
from domain.visitor import BrowserPolicy
from domain.warm_up import WarmUp
from domain.windows import SendWindow
from domain.wording import unseen

PREFIX = "SEGUE_"

_SHAPES = ("tuple_type", "dict_type", "model_type")
"""Kinds of pydantic's errors: another shape of JSON."""


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("give a web address, such as https://shop.example")
    return text


def _legible(text: str, *, lines: bool = False) -> str:
    if (found := unseen(text, lines=lines)) is not None:
        raise ValueError(f"has a character that nobody sees ({found}), copied along perhaps: type it anew")
    return text


def _mailbox(text: str) -> str:
    name, address = parseaddr(_legible(text))
    if not name or not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
        raise ValueError("give a name and an address, such as Your Shop <hello@shop.example>")
    return text


def _zone(text: str) -> str:
    if find_zone(text) is None:
        raise ValueError("give an IANA time zone, such as Europe/Berlin")
    return text


def _rate(text: str) -> str:
    try:
        parse_rate(text)
    except ValueError:
        raise ValueError("give a number and a period, such as 1000/second or 10/minute") from None
    return text


def _networks(text: str) -> str:
    for each in split_list(text):
        try:
            ip_network(each)
        except ValueError:
            raise ValueError("give addresses or networks by comma, such as 127.0.0.1,10.0.0.0/8") from None
    return text


def _nothing_is_none(value: object) -> object:
    return None if value == "" else value  # a compose file can set a variable to nothing, and cannot leave it out


Words = Annotated[str, AfterValidator(_legible)]
Prose = Annotated[str, AfterValidator(partial(_legible, lines=True))]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Mailbox = Annotated[str, AfterValidator(_mailbox)]
Zone = Annotated[str, AfterValidator(_zone)]
Rate = Annotated[str, AfterValidator(_rate)]
Networks = Annotated[str, AfterValidator(_networks)]
TextOrNone = Annotated[str | None, BeforeValidator(_nothing_is_none)]
SecretOrNone = Annotated[SecretStr | None, BeforeValidator(_nothing_is_none)]
HoldingBack = Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(hours=24))]


class ShopSettings(Value):
    """The sender, as the customer sees it. The notes are the shop's own words on what holds buyers back."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: Words = "Your Shop"
    """What the shop is called, in mails and on recipients' pages."""
    url: WebAddress = "https://shop.example"
    """Its address on the web. Browsers' keys may link to this host."""
    postal_address: Prose = "1 Example Street, 12345 Example"
    """At the foot of marketing mail, which must have one (CAN-SPAM)."""
    support_email: str = "help@shop.example"
    """Whom customers write to."""
    currency: str = "USD"
    """Of amounts that are reported without one."""
    logo_url: WebAddress | Literal[""] = ""
    """A picture in place of the name at the head of mails; none: the name is written."""
    logo_width: int = Field(default=140, ge=24, le=400)
    """Its width in mails, in pixels. Give the picture twice as many."""
    images: WebAddress | Literal[""] = ""
    """Where pictures lie that the catalogue gives as a path; none: at `URL`."""
    cart_path: str = "/cart"
    """Path of the cart, below `URL`."""
    shipping_note: Prose = ""
    """The shop's own words on what shipping costs and how long it takes; none: careful general ones."""
    returns_note: Prose = ""
    """The same on sending things back."""
    payment_note: Prose = ""
    """The same on paying."""
    sizing_note: Prose = ""
    """The same on finding the right size."""
    chat_url: WebAddress | None = None
    """Where a person answers at once; none: mails lead to `SUPPORT_EMAIL`."""
    stories_url: WebAddress | Literal[""] = ""
    """Case studies; none: mails lead to the shop."""
    comparison_url: WebAddress | Literal[""] = ""
    """Where what it sells is compared; none: the same."""
    demo_url: WebAddress | Literal[""] = ""
    """Where a live demonstration is booked; none: the same."""


class RateSettings(Value):
    """How many requests the collector takes, each as `NUMBER/PERIOD`, e.g. `1000/second` or `10/minute`."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    key: Rate = "1000/second"
    """Requests taken of each write key."""
    address: Rate = "100/second"
    """Requests taken of each address that shows no key in a header: pages, links, webhooks, browsers."""
    wrong_key: Rate = "10/minute"
    """Requests with a wrong key that are taken of each address."""


class WebhookSettings(Value):
    """Keys by which reports of mail providers are told from forgeries. A provider without one has no webhook."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    sendgrid_key: SecretOrNone = None
    """SendGrid's verification key; none: no webhook for it."""
    postmark_secret: SecretOrNone = None
    """A secret of your own that Postmark sends along; none: no webhook for it."""
    sns_topics: TextOrNone = None
    """ARNs, by comma, of the topics that Amazon SES publishes to; none: no webhook for it."""
    mailgun_key: SecretOrNone = None
    """Mailgun's key for signing webhooks; none: no webhook for it."""
    resend_secret: SecretOrNone = None
    """Resend's signing secret; none: no webhook for it."""
    tolerance: timedelta = Field(default=timedelta(hours=24), gt=timedelta())
    """How old a signed request may be. Providers repeat for hours what they could not deliver, some of them with the
    first signature; and what comes twice changes nothing."""

    def topics(self) -> tuple[str, ...]:
        """The SNS topics that SES publishes to."""
        return split_list(self.sns_topics or "")


class Settings(BaseSettings):
    """All settings. Frozen: read once at the edge, then handed down."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="forbid")

    data: Path = Field(default=Path(".segue"), description="Where the embedded stack keeps its state.")
    port: int = Field(default=8100, ge=0, le=65535, description="The collector's port.")
    host: str = Field(default="127.0.0.1", description="The address the collector listens on.")
    ui_port: int = Field(default=8233, ge=0, le=65535, description="Temporal's web UI, embedded only.")
    inbox_port: int = Field(default=8025, ge=0, le=65535, description="The development inbox's page.")
    pace: float = Field(default=1.0, gt=0, le=1_000_000, description="Product seconds per real second.")
    temporal: str | None = Field(default=None, description="HOST:PORT of a Temporal server; none: the embedded one.")
    namespace: str | None = Field(default=None, description="Temporal namespace.")
    temporal_binary: Path | None = Field(default=None, description="The `temporal` command for the embedded server.")
    test_server_binary: Path | None = Field(default=None, description="The test server that rehearsals skip time on.")
    database: str | None = Field(default=None, description="Database URL; none: a SQLite file under `data`.")
    smtp: TextOrNone = Field(default=None, description="Mail server URL; none: the development inbox.")
    provider: TextOrNone = Field(default=None, description="Instead of a mail server, a provider's API: `resend`.")
    provider_key: SecretStr | None = Field(default=None, description="The provider's API key.")
    provider_url: WebAddress | None = Field(default=None, description="Its API's address, if not the usual one.")
    relay: Annotated[Relay | None, BeforeValidator(_nothing_is_none)] = Field(
        default=None, description="Whose mail server `smtp` is, so that [its reports](providers.md) name our mails."
    )
    webhooks: WebhookSettings = WebhookSettings()
    open_pixel: bool = Field(default=False, description="A picture in marketing mail that tells when it is opened.")
    sender: Mailbox = Field(default="Your Shop <hello@shop.example>", description="From of every mail.")
    public_url: WebAddress | None = Field(default=None, description="The collector's address for customers.")
    secret: SecretStr | None = Field(default=None, description="Signs links. By comma: the first signs, all count.")
    write_keys: SecretStr | None = Field(
        default=None, description="Backends' write keys, by comma, of 16 characters at least, or `sha256:` and a hash."
    )
    browser: BrowserPolicy = BrowserPolicy()
    rates: RateSettings = RateSettings()
    trusted_proxies: Networks = Field(default="", description="Whose X-Forwarded-For is believed, by comma.")
    max_connections: int = Field(default=1_000, gt=0, description="At a time, to each collector.")
    max_connections_per_address: int = Field(
        default=100, gt=0, description="Of them, of one client; a trusted proxy has as many as it likes."
    )
    payload_keys: SecretOrNone = Field(
        default=None, description="Encrypt payloads: `ID:BASE64` by comma, see [encryption](#encrypted-payloads)."
    )
    codec_host: str = Field(default="127.0.0.1", description="The address the codec server listens on.")
    codec_port: int = Field(default=8234, ge=0, le=65535, description="The codec server's port.")
    codec_token: SecretOrNone = Field(default=None, description="What the codec server asks for; in its address.")
    codec_origins: str = Field(default="", description="Of Temporal's UI, by comma; none: that of `segue up`.")
    metrics_port: int | None = Field(
        default=None, ge=0, le=65535, description="Where `/metrics` is, see [metrics](metrics.md); none: nowhere."
    )
    metrics_host: str = Field(default="127.0.0.1", description="The address it listens on: never a public one.")
    default_zone: Zone = Field(default="UTC", description="Zone of customers who reported none.")
    quiet_from: time = Field(default=time(21), description="Start of quiet hours, customer's wall clock.")
    quiet_to: time = Field(default=time(8), description="End of quiet hours, customer's wall clock.")
    consent: ConsentRule = Field(default=ConsentRule.RECORDED, description="Whether marketing needs recorded consent.")
    windows: tuple[SendWindow, ...] = Field(
        default=(),
        description="When marketing may go; none: any time not quiet.",
        examples=[[{"days": ["mon", "tue"], "start": "09:00", "end": "18:00"}]],
    )
    in_session: HoldingBack = Field(default=timedelta(minutes=5), description="No marketing so soon after activity.")
    best_hour_within: HoldingBack = Field(default=timedelta(hours=6), description="Longest wait for a best hour.")
    caps: Caps = Field(default=Caps(), examples=[{"per_day": 2}])
    segment_caps: dict[str, Caps] = Field(
        default={}, description="Caps of customers by their trait `segment`.", examples=[{"vip": {"per_day": 3}}]
    )
    cool_downs: CoolDowns = CoolDowns()
    mails_per_second: float | None = Field(default=None, gt=0, description="What the provider takes, of all workers.")
    warm_up: WarmUp | None = Field(
        default=None,
        description="Mails a day from a first day on, see [the flow](#the-flow).",
        examples=[{"start": "2026-03-01", "per_day": [500, 1000, 2000]}],
    )
    breaker: BreakerPolicy = BreakerPolicy()
    thresholds: Thresholds = Thresholds()
    offers: OfferPolicy = OfferPolicy()
    sources: SourcePolicy = SourcePolicy()
    retention: RetentionPolicy = RetentionPolicy()
    shop: ShopSettings = ShopSettings()
    journeys: dict[str, dict[str, Any]] = Field(
        default={},
        description="Settings of journeys, by journey name.",
        examples=[{"cart-recovery": {"quiet": "PT2H"}}],
    )
    journeys_off: tuple[str, ...] = Field(
        default=(),
        description="Journeys, by name, that no event begins, and that recipients are not offered.",
        examples=[["webinar", "trial"]],
    )
    sample_shop: bool = Field(
        default=True, description="Fill an empty catalogue; embedded, without a way out for mail."
    )
    max_body: int = Field(default=512_000, gt=0, description="Largest request body in bytes, unpacked.")

    @field_validator("windows")
    @classmethod
    def _leave_some_time(cls, windows: tuple[SendWindow, ...], others: ValidationInfo) -> tuple[SendWindow, ...]:
        if {"quiet_from", "quiet_to"} <= others.data.keys():
            quiet = QuietHours(start=others.data["quiet_from"], end=others.data["quiet_to"])
            if not opens_at_all(quiet, windows):
                raise ValueError("all of it lies within the quiet hours, so that no mail could ever go: widen one")
        return windows

    @property
    def gate_policy(self) -> GatePolicy:
        """The gate's rules, from the settings that are about them."""
        return GatePolicy(
            caps=self.caps,
            segment_caps=self.segment_caps,
            cool_downs=self.cool_downs,
            in_session=self.in_session,
            quiet=QuietHours(start=self.quiet_from, end=self.quiet_to),
            windows=self.windows,
            best_hour_within=self.best_hour_within,
            default_zone=self.default_zone,
            consent=self.consent,
            pages_owe=self.browser.owes,
        )

    def with_secrets(self, *, secret: str | None = None, write_keys: str | None = None) -> "Settings":
        """These settings with secrets filled in."""
        given = {"secret": secret, "write_keys": write_keys}
        return self.model_copy(update={name: SecretStr(value) for name, value in given.items() if value is not None})

    def keys(self) -> tuple[str, ...]:
        """The write keys, or their hashes."""
        return _listed(self.write_keys)

    def write_key(self) -> str | None:
        """A write key to report with; None where there are hashes only."""
        return next((key for key in self.keys() if not key.startswith("sha256:")), None)

    def secrets(self) -> tuple[str, ...]:
        """The secrets that sign links, the newest first."""
        return _listed(self.secret)


def split_list(text: str) -> tuple[str, ...]:
    """The parts of a list by comma, trimmed, without empty ones."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _listed(value: SecretStr | None) -> tuple[str, ...]:
    return () if value is None else split_list(value.get_secret_value())


def load_settings(environment: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """Read the settings; `given` (a command's options that are not None) wins over the environment.

    Raises:
        ConfigurationError: a value is invalid, or a `SEGUE_` variable is unknown, which is a typing mistake.
    """
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for variable in sorted(os.environ if environment is None else environment):
        if variable.startswith(PREFIX) and variable.split("__")[0] not in known:
            name = variable.split("__")[0]
            raise ConfigurationError(f"{variable} is no setting of Segue{instead(name, known)}")
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        setting, *below = (str(part) for part in first["loc"])
        is_option = given.get(setting) is not None
        name = f"--{setting.replace('_', '-')}" if is_option else f"{PREFIX}{'__'.join([setting, *below]).upper()}"
        said = _shape(setting) if first["type"] in _SHAPES and not below else remedy(first, Settings)
        raise ConfigurationError(f"{name}: {said}") from None
    except SettingsError as error:  # a setting that is JSON, and cannot be read
        named = re.search(r'field "(\w+)"', str(error))
        raise ConfigurationError(_unread(named[1]) if named else str(error)) from None


def _unread(name: str) -> str:
    """What is wrong where a setting, or a list of its group, is no JSON."""
    group = f"{PREFIX}{name.upper()}"
    fields = getattr(Settings.model_fields[name].annotation, "model_fields", {})
    for nested, field in fields.items():
        variable = f"{group}__{nested.upper()}"
        if get_origin(field.annotation) is tuple and not os.environ.get(variable, "[").startswith("["):
            return f"{variable}: {LIST}"
    return f"{group}: {_shape(name)}"


def _shape(name: str) -> str:
    """What a setting of several values looks like: an example of its own, or what any has."""
    examples = Settings.model_fields[name].examples
    if not examples:
        return OBJECT
    example = examples[0]
    return f"give a JSON {'list' if isinstance(example, list) else 'object'}, such as {json.dumps(example)}"
