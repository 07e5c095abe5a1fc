"""One small mail that is right, and for each rule ways to break it that nothing else notices, with near misses."""

from pathlib import Path
from string import Template
from typing import Final, NamedTuple

from domain.customer import Cart, CartLine
from mail.context import Recipient, RenderContext, Shop
from mail.lint.finding import Finding
from mail.lint.lint import Lint

GOOD: Final = {
    "root": 'lang="{{ language }}" dir="ltr"',
    "subject": "A lamp that lasts",
    "preheader": "What to look for before you choose one, in two minutes.",
    "style": ".cta a { color: #ffffff; }",
    "heading": "<h1>Choose once</h1>",
    "body": "If you are choosing a lamp, begin with the light.",
    "call": '<mj-button css-class="cta" href="https://shop.example/lamps">See the lamps</mj-button>',
    "more": "",
    "leave": '<a href="{{ unsubscribe_url }}" style="color:#333333">Unsubscribe</a>',
    "address": "{{ shop.postal_address }}",
}
_MAIL: Final = Template(
    """<mjml $root><mj-head><mj-title>$subject</mj-title><mj-preview>$preheader</mj-preview>
    <mj-attributes><mj-button background-color="#1f5c4d" color="#ffffff" /></mj-attributes>
    <mj-raw><meta name="color-scheme" content="light dark" /></mj-raw>
    <mj-style>.page div { color: #333333; background-color: #ffffff; } $style</mj-style></mj-head>
    <mj-body css-class="page"><mj-section><mj-column>
    <mj-text>$heading</mj-text><mj-text>$body</mj-text>$call $more
    <mj-text>$leave</mj-text><mj-text>$address</mj-text>
    </mj-column></mj-section></mj-body></mjml>"""
)
_LAYOUT: Final = """{% block content %}{% endblock %}"""
TRANSACTIONAL: Final = '{% extends "layout_transactional.mjml.j2" %}{% block content %}'
UNSUBSCRIBE = "https://mail.shop.example/u/1"
CUSTOMERS: Final = {
    "somebody": RenderContext(
        customer=Recipient(first_name="Noor"),
        shop=Shop(
            name="BRILLIANT LAMPS!",
            url="https://shop.example",
            postal_address="12 Harbour Street,\nPortland, ME 04101",
            support_email="help@shop.example",
            returns_note="We noticed that you visited; &amp; so on.",
        ),
        cart=Cart(lines=(CartLine(product_id="l1", name="Arc Desk Lamp <b>NOW ONLY</b>", price=89),)),
        unsubscribe_url=UNSUBSCRIBE,
    ),
    "nobody": RenderContext(
        customer=Recipient(),
        shop=Shop(
            name="Lamps", url="https://shop.example", postal_address="12 Harbour Street", support_email="h@shop.example"
        ),
        unsubscribe_url=UNSUBSCRIBE,
    ),
}


def written(changed: dict[str, str]) -> str:
    """The mail that is right, with some parts changed."""
    assert changed.keys() <= GOOD.keys()
    return _MAIL.substitute(GOOD | changed)


def linted(folder: Path, mails: dict[str, str]) -> tuple[Finding, ...]:
    """Lint these templates, by file name without its ending."""
    (folder / "lamps").mkdir()
    (folder / "layout_transactional.mjml.j2").write_text(_LAYOUT)
    for name, source in mails.items():
        (folder / f"lamps/{name}.mjml.j2").write_text(source)
    return Lint(folder, customers=CUSTOMERS).run().findings


class Case(NamedTuple):
    """A way to break a rule, and one that looks like it and is right."""

    rule: str
    broken: dict[str, str]
    near_miss: dict[str, str]


def _says(rule: str, wrong: str, right: str) -> Case:
    return Case(rule, {"body": wrong}, {"body": right})


def _shows(rule: str, wrong: str, right: str) -> Case:
    return Case(rule, {"more": f"<mj-text>{wrong}</mj-text>"}, {"more": f"<mj-text>{right}</mj-text>"})


_PICTURE: Final = '<img src="https://shop.example/lamp.jpg" width="80" {} />'
_LINK: Final = '<a href="https://b.example" style="color:#333333">{}</a>'
_ROWS: Final = "<tr><td>One</td><td>Two</td></tr>"

CASES: Final = (
    _says("renders", "{{ basket }}", "{{ cart.currency }}"),
    _says("renders", "{{ cart.lines[0].name }}", "{% if cart.lines %}{{ cart.lines[0].name }}{% endif %}"),
    Case("subject", {"subject": "Lamp after lamp " * 5}, {"subject": "A lamp that lasts, and what to look for first"}),
    Case("preheader", {"preheader": "In two minutes."}, {"preheader": "What to look for, and where to begin, today."}),
    Case(
        "preheader",
        {"preheader": "Before you choose one, look for this. " * 4},
        {"preheader": "Before you choose. " * 5},
    ),
    Case(
        "preheader",
        {"preheader": "A lamp that lasts: what to look for in two minutes."},
        {"preheader": "A lamp for each room, and what to look for before."},
    ),
    Case("call-to-action", {"call": ""}, {}),
    Case(
        "call-to-action",
        {"call": GOOD["call"] * 2},
        {"more": '<mj-button href="https://shop.example">Shop</mj-button>'},
    ),
    Case("heading", {"heading": "Choose once"}, {"heading": "<h1>Choose {{ cart.lines | length }} of many</h1>"}),
    Case("heading", {"heading": "<h1>One</h1><h1>Two</h1>"}, {"heading": "<h1>One</h1><h2>Two</h2>"}),
    Case("heading", {"heading": "<h1>One</h1><h3>Two</h3>"}, {"heading": "<h1>One</h1><h2>Two</h2><h3>Three</h3>"}),
    _says("not-creepy", "You looked at the Arc Desk Lamp.", "Have a look at the Arc Desk Lamp."),
    _says("not-creepy", "You've been browsing lamps lately.", "Browsing lamps is a fine way to spend an evening."),
    _says("not-creepy", "We noticed that lamps are your thing.", "Did anybody ask about lamps?"),
    _says("not-creepy", "We saw you in the shop.", "We see to it that it arrives whole."),
    _says("not-creepy", "After 3 visits you know the way.", "Water it three times a week."),
    _says("not-creepy", "You came back to it three times.", "You can water it three times a week."),
    _says("not-creepy", "Since your last visit there is more.", "There is more since March."),
    _says("not-creepy", "This follows your browsing history.", "Browsing by room is quicker."),
    _says("not-creepy", "Sie haben sich eine Lampe angesehen.", "Haben Sie Fragen zu einer Lampe?"),
    _says("not-creepy", "Wir haben bemerkt, dass Lampen fehlen.", "Wir haben die Lampen geprüft."),
    _says("not-creepy", "Hier ist, was Sie angeklickt haben.", "Hier ist, was viele angeklickt finden."),
    _says("not-creepy", "Nach mehrere Besuche: eine Lampe.", "Mehrere Besucher fragten danach."),
    _says("not-creepy", "Uns ist aufgefallen, wie gern Sie lesen.", "Eine Lampe, die nicht auffällt."),
    _says("not-creepy", "{{ shop.name }} has been watching you.", "{{ shop.returns_note }}"),
    _says("no-shouting", "It is here!", "It is here."),
    _says("no-shouting", "A REALLY good lamp.", "An LED lamp, paid by IBAN or SEPA."),
    _says("no-shouting", "Hurry, it is the last.", "There is no hurry."),
    _says("no-shouting", "Nur heute mit Rabatt.", "Bis heute unverändert."),
    _says("no-shouting", "A lamp \U0001f389 for you.", "★★★★☆ from {{ shop.name }}"),
    Case("no-shouting", {"subject": "Act now: a lamp"}, {"subject": "How to act when a lamp is broken"}),
    _says("finished", "Hello {{ customer.loyalty_tier }}, it is here.", "Hello, it is here."),
    _says("finished", "Write to {{ customer.first_name }}.", "We hide nothing, and undercut none."),
    _says("finished", "A lamp ({{ customer.industry }}) for you.", "A lamp (bright) for you."),
    _says("finished", "Lorem ipsum dolor.", "Laura says hello."),
    _shows("pictures", _PICTURE.format(""), _PICTURE.format('alt="A lamp"')),
    _shows("pictures", _PICTURE.format('alt=""'), _PICTURE.format('alt="" role="presentation"')),
    _shows("contrast", '<span style="color:#8a8a8a">Pale</span>', '<span style="color:#707070">Less pale</span>'),
    _shows(
        "contrast",
        '<span style="color:#8a8a8a;font-size:18px">Pale</span>',
        '<span style="color:#8a8a8a;font-size:24px">Pale and large</span>',
    ),
    Case(
        "contrast",
        {"style": "@media (prefers-color-scheme: dark) { .page div { background-color: #222222 !important; } }"},
        {"style": "@media (prefers-color-scheme: dark) { .page div { background-color: #dddddd !important; } }"},
    ),
    Case(
        "contrast",
        {"call": GOOD["call"].replace("href", 'background-color="#9fd0c0" href')},
        {"call": GOOD["call"].replace("href", 'background-color="#26705e" href')},
    ),
    Case("language", {"root": 'dir="ltr"'}, {}),
    Case("language", {"root": 'lang="{{ language }}"'}, {"root": 'dir="ltr" lang="{{ language }}"'}),
    _shows("tables", f"<table>{_ROWS}</table>", f'<table role="presentation">{_ROWS}</table>'),
    _shows("tables", f"<table>{_ROWS}</table>", f"<table><tr><th>A</th><th>B</th></tr>{_ROWS}</table>"),
    _shows(
        "links",
        '<a href="/lamps" style="color:#333333">All lamps</a>',
        '<a href="mailto:a@b.example" style="color:#333333">Ask us</a>',
    ),
    _shows(
        "links",
        '<a href="javascript:x()" style="color:#333333">All</a>',
        '<a href="https://b.example/?a=b" style="color:#333333">All</a>',
    ),
    _shows(
        "links",
        _LINK.format("here"),
        _LINK.format("what is here"),
    ),
    _shows("links", _LINK.format(_PICTURE.format('alt="" role="none"')), _LINK.format(_PICTURE.format('alt="A lamp"'))),
    Case("loads", {"style": "@import 'https://fonts.example/x.css';"}, {"style": "/* imports nothing */"}),
    Case(
        "loads",
        {"style": ".cta { background-image: url(https://b.example/x.png); }"},
        {"style": ".cta { width: 1px; }"},
    ),
    _shows(
        "loads",
        '<img src="data:image/png;base64,AAAA" alt="A lamp" />',
        '<img src="http://shop.example/a.png" alt="A lamp" />',
    ),
    Case("leaving", {"leave": "Unsubscribe"}, {"leave": GOOD["leave"].replace("Unsubscribe", "Stop")}),
    Case("leaving", {"leave": GOOD["leave"].replace("{{ unsubscribe_url }}", "https://shop.example")}, {}),
    Case("leaving", {"address": "Portland"}, {"address": "{{ shop.name }}, {{ shop.postal_address }}, USA"}),
    Case("size", {"body": "A long story. " * 7_600}, {"body": "A long story. " * 5_000}),
    _says("plain-text", "Lamps &amp;amp; shades.", "Lamps &amp; shades."),
    _says("plain-text", "Lamps &lt;br/&gt; shades.", "Lamps &lt; shades."),
    Case(
        "plain-text",
        {"call": GOOD["call"].replace("See the lamps", '<span style="display:none">A</span>')},
        {},
    ),
)
