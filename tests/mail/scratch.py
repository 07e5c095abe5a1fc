"""Templates that are made up in a test."""

from pathlib import Path

import pytest

from domain.errors import TemplateError
from mail.context import Recipient, RenderContext, Shop
from mail.render import Templates

SHOP = Shop(
    name="Lumen",
    url="https://shop.example/",
    postal_address="1 Main St, Springfield",
    support_email="help@shop.example",
)
MAIL = (
    '<mjml lang="{{{{ language }}}}">'
    "<mj-head><mj-title>{subject}</mj-title><mj-preview>{preheader}</mj-preview></mj-head>"
    "<mj-body><mj-section><mj-column><mj-text>{text}</mj-text></mj-column></mj-section></mj-body></mjml>"
)


def context(first_name: str | None = "Anna", locale: str | None = None) -> RenderContext:
    customer = Recipient(first_name=first_name, locale=locale)
    return RenderContext(customer=customer, shop=SHOP, unsubscribe_url="https://mail.shop.example/u/x")


def write(
    folder: Path, text: str = "Hi", subject: str = "S", preheader: str = "P", name: str = "test/one"
) -> Templates:
    (folder / f"{name}.mjml.j2").write_text(MAIL.format(text=text, subject=subject, preheader=preheader))
    return Templates(folder)


def problem(templates: Templates, name: str = "test/one") -> str:
    with pytest.raises(TemplateError) as raised:
        templates.render(name, context())
    return str(raised.value)
