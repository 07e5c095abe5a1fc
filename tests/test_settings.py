"""Settings: a wrong one is named, with what to write instead, before anything starts."""

import pytest

from domain.errors import ConfigurationError
from settings import load_settings
from worker import transport_for


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("SEGUE_CAPS", "{bad", 'SEGUE_CAPS: give a JSON object, such as {"per_day"'),
        ("SEGUE_WINDOWS", "nonsense", 'SEGUE_WINDOWS: give a JSON list, such as [{"days": ["mon", "tue"], "start":'),
        ("SEGUE_WINDOWS", "{}", "SEGUE_WINDOWS: give a JSON list, such as [{"),
        ("SEGUE_WINDOWS", '[{"start": "9"}]', "SEGUE_WINDOWS__0__START: give a time of day, such as 09:00"),
        (
            "SEGUE_WINDOWS",
            '[{"begin": "09:00"}]',
            "SEGUE_WINDOWS__0__BEGIN: there is no such setting; there are",
        ),
        (
            "SEGUE_SEGMENT_CAPS",
            '{"vip": {"per_dey": 2}}',
            "SEGUE_SEGMENT_CAPS__VIP__PER_DEY: there is no such",
        ),
        ("SEGUE_SHOP__NAMES", "x", "SEGUE_SHOP__NAMES: there is no such setting; did you mean name?"),
        ("SEGUE_BROWSER__HOSTS", "cdn.example", "SEGUE_BROWSER__HOSTS: give a JSON list"),
        ("SEGUE_PORT", "x", "SEGUE_PORT: give a whole number"),
        ("SEGUE_METRICS_PORT", "70000", "SEGUE_METRICS_PORT: must be less than or equal to 65535"),
        ("SEGUE_OPEN_PIXEL", "perhaps", "SEGUE_OPEN_PIXEL: give true or false"),
        ("SEGUE_IN_SESSION", "soon", "SEGUE_IN_SESSION: give a duration, such as PT5M"),
        ("SEGUE_DEFAULT_ZONE", "Mars/Olympus", "SEGUE_DEFAULT_ZONE: give an IANA time zone"),
        ("SEGUE_DEFAULT_ZONE", "../etc/passwd", "SEGUE_DEFAULT_ZONE: give an IANA time zone"),
        ("SEGUE_SHOP__URL", "garbage", "SEGUE_SHOP__URL: give a web address"),
        ("SEGUE_SHOP__URL", "javascript:alert(1)", "SEGUE_SHOP__URL: give a web address"),
        ("SEGUE_PUBLIC_URL", "shop.example", "SEGUE_PUBLIC_URL: give a web address"),
        ("SEGUE_SHOP__NAME", "Lumen\u202e", "SEGUE_SHOP__NAME: has a character that nobody sees (U+202E)"),
        ("SEGUE_SHOP__RETURNS_NOTE", "a\u200bb", "SEGUE_SHOP__RETURNS_NOTE: has a character that nobody sees (U+200B)"),
        ("SEGUE_SENDER", "Lumen\u200f <a@shop.example>", "SEGUE_SENDER: has a character that nobody sees (U+200F)"),
        ("SEGUE_SENDER", "garbage", "SEGUE_SENDER: give a name and an address"),
        ("SEGUE_SENDER", "hello@shop.example", "SEGUE_SENDER: give a name and an address"),
        (
            "SEGUE_WINDOWS",
            '[{"start": "22:00", "end": "23:00"}]',
            "SEGUE_WINDOWS: all of it lies within the quiet hours",
        ),
        ("SEGUE_WINDOWS", '[{"days": ["someday"]}]', "SEGUE_WINDOWS__0__DAYS"),
        ("SEGUE_IN_SESSION", "-PT5M", "SEGUE_IN_SESSION: "),
        ("SEGUE_RATES__KEY", "many", "SEGUE_RATES__KEY: give a number and a period, such as 1000/second"),
        ("SEGUE_TRUSTED_PROXIES", "proxy.example", "SEGUE_TRUSTED_PROXIES: give addresses or networks by comma"),
        ("SEGUE_TRUSTED_PROXIES", "*", "SEGUE_TRUSTED_PROXIES: give addresses or networks by comma"),
        ("SEGUE_PACE", "nan", "SEGUE_PACE: "),
        ("SEGUE_RELAY", "sendmail", "SEGUE_RELAY: "),
        ("SEGUE_WEBHOOKS__SENDGRID_KEI", "key", "SEGUE_WEBHOOKS__SENDGRID_KEI: "),
        ("SEGUE_WEBHOOKS__TOLERANCE", "PT0S", "SEGUE_WEBHOOKS__TOLERANCE: "),
        ("SEGUE_PROT", "8100", "SEGUE_PROT is no setting of Segue; did you mean SEGUE_PORT?"),
        ("SEGUE_XYZZY", "1", "SEGUE_XYZZY is no setting of Segue; there are SEGUE_BEST_HOUR_WITHIN, "),
        ("SEGUE_SHOP__NMAE", "Lamps", "SEGUE_SHOP__NMAE: "),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError) as refused:
        load_settings()
    assert str(refused.value).startswith(says)
    assert "\n" not in str(refused.value)


def test_an_option_of_the_command_line_is_named_as_it_was_given() -> None:
    with pytest.raises(ConfigurationError, match=r"^--pace: must be greater than 0$"):
        load_settings({}, pace=0.0)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SEGUE_SENDER", "Lämpchen & Söhne <hello@shop.example>"),
        ("SEGUE_SENDER", '"Lamps, Inc." <hello@shop.example>'),
        ("SEGUE_SHOP__NAME", "מנורות ואור"),
        ("SEGUE_SHOP__POSTAL_ADDRESS", "Lamps\r\n1 Example Street"),
        ("SEGUE_PUBLIC_URL", "http://127.0.0.1:8100/segue"),
        ("SEGUE_DEFAULT_ZONE", "America/Argentina/Buenos_Aires"),
        ("SEGUE_CAPS", '{"per_day": 3}'),
        ("SEGUE_SEGMENT_CAPS", '{"vip": {"per_day": 2}}'),
        ("SEGUE_COOL_DOWNS__INCENTIVE", "PT12H"),
        ("SEGUE_IN_SESSION", "PT0S"),
        ("SEGUE_RELAY", "ses"),
        ("SEGUE_RELAY", ""),
        (
            "SEGUE_WEBHOOKS__SNS_TOPICS",
            "arn:aws:sns:eu-west-1:123456789012:mail,arn:aws:sns:us-east-1:123456789012:m",
        ),
        ("SEGUE_WEBHOOKS__POSTMARK_SECRET", ""),
        ("SEGUE_WINDOWS", '[{"days": ["mon"], "start": "09:00", "end": "18:00"}]'),
    ],
)
def test_a_right_setting_is_taken(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    load_settings()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"provider": "resend"}, "SEGUE_PROVIDER_KEY: set it"),
        ({"provider": "resent", "provider_key": "re_1"}, "SEGUE_PROVIDER: 'resent' is not known"),
        (
            {"provider": "resend", "provider_key": "re_1", "smtp": "smtp://relay.example"},
            "SEGUE_SMTP and SEGUE_PROVIDER",
        ),
        ({"provider_key": "re_1", "smtp": "smtp://relay.example"}, "SEGUE_PROVIDER_KEY is set without"),
        ({}, "set SEGUE_SMTP or SEGUE_PROVIDER"),
        ({"smtp": ""}, "set SEGUE_SMTP or SEGUE_PROVIDER"),
    ],
)
def test_a_wrong_way_out_for_mail_is_named(given: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        transport_for(load_settings({}, **given))
    assert str(refused.value).startswith(says)


async def test_each_way_out_for_mail_can_be_chosen() -> None:
    chosen = [
        transport_for(load_settings({}, provider="resend", provider_key="re_1", smtp="")),
        transport_for(load_settings({}, smtp="smtp://relay.example"), "smtp://inbox.example"),
        transport_for(load_settings({}), "smtp://inbox.example"),
    ]
    names = ["HttpTransport(Resend)", "SmtpTransport(relay.example:587)", "SmtpTransport(inbox.example:587)"]
    assert [repr(transport) for transport in chosen] == names
    for transport in chosen:
        await transport.aclose()


def test_secrets_are_masked() -> None:
    assert "re_1" not in repr(load_settings({}, provider="resend", provider_key="re_1"))
