"""What a template cannot do, whoever wrote it: known ways out of Jinja's sandbox, and ways to fill the memory."""

import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from domain.errors import TemplateError
from mail.context import TEMPLATES, samples
from mail.render import Templates
from tests.mail.scratch import context, problem, write

ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ customer['__class__'] }}",
    "{{ customer | attr('__class__') }}",
    "{{ ''['__cla' ~ 'ss__'] }}",
    "{{ '{0.__class__}'.format(customer) }}",
    "{{ '{0.__class__}' | format(customer) }}",
    "{{ customer.first_name.format_map(shop) }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ word.__globals__ }}",
    "{{ word.__self__.__dict__ }}",
    "{{ distance.__func__.__code__ }}",
    "{{ range.__call__.__self__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ dict.mro() }}",
    "{{ config }}",
    "{{ request }}",
    "{{ shop.__pydantic_fields__ }}",
    "{{ customer.model_copy() }}",
    "{{ customer.model_construct }}",
    "{{ (customer.first_name | list).append(1) }}",
    "{% for a in [1] %}{{ loop.__class__ }}{% endfor %}",
    "{% macro m() %}{% endmacro %}{{ m.__class__.__init__.__globals__ }}",
    "{% macro m() %}{{ caller.__globals__ }}{% endmacro %}{% call m() %}x{% endcall %}",
    "{{ [1, 2] | map(attribute='__class__') | list }}",
    "{{ [customer] | map(attribute='__class__.__mro__') | join }}",
    "{{ [customer] | selectattr('__class__') | list }}",
    "{% include '/etc/passwd' %}",
    "{% include '../../settings.py' %}",
    "{% import 'os' as os %}{{ os.environ }}",
    "{% extends '../../../etc/passwd' %}",
    "{% set customer.first_name = 'x' %}",
    "{% do 1 %}",
]


@pytest.mark.parametrize("text", ESCAPES)
def test_no_known_way_out_leads_out(folder: Path, text: str) -> None:
    templates = write(folder, text)
    try:
        said = templates.render("test/one", context()).text
    except TemplateError as refused:
        said = str(refused)
    for leak in ("<class", "<function", "built-in", "root:", "uid=", "SEGUE_", "class Settings", "FieldInfo"):
        assert leak not in said.replace(text, "")


GROWING = [
    "{{ 'a' * 100000000 }}",
    "{% set a = range(99999) | join %}{{ range(99999) | join(a) }}",
    "{% set a = range(9999) | join %}{{ a | replace('1', a) }}",
    "{% set a = range(9999) | join %}{{ a | replace('', a) }}",
    "{% set a = 'aaaaaaaa' %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
    "{% set a = 'aaaaaaaa' %}" + "{% set a = a + a %}" * 40 + "{{ a }}",
    "{% set a = range(9) | list %}" + "{% set a = a + a %}" * 40 + "{{ a }}",
    "{% set a = 9 %}" + "{% set a = a * a %}" * 40 + "{{ a }}",
    "{% set a = namespace(a='aaaaaaaa') %}{% for b in range(40) %}{% set a.a = a.a ~ a.a %}{% endfor %}{{ a.a }}",
    "{{ lipsum(n=1000000) }}",
    "{% macro m(n) %}aaaaaaaa{{ m(n - 1) ~ m(n - 1) if n else '' }}{% endmacro %}{{ m(30) }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
]


WITHIN_ATTRIBUTES = (
    '</mj-text></mj-column></mj-section></mj-body><mj-head><mj-attributes><mj-include path="/etc/passwd" />'
    "</mj-attributes></mj-head><mj-body><mj-section><mj-column><mj-text>"
)


@contextmanager
def memory_for(more: int) -> Iterator[None]:
    """Fail, and do not swap, where more than so many bytes are asked for."""
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + more, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("text", GROWING)
def test_a_template_cannot_fill_the_memory(folder: Path, text: str) -> None:
    with memory_for(300_000_000):
        assert problem(write(folder, text)).startswith("test/one: ")


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise AssertionError("rendering asked the network")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.usefixtures("offline")
def test_rendering_fetches_nothing(folder: Path) -> None:
    """A picture, a link and a background are addresses in the mail; whoever renders it never asks for them."""
    evil = "http://169.254.169.254/latest/meta-data"
    text = f'<img src="{evil}" alt="x" /><a href="{evil}">x</a><span style="background:url({evil})">x</span>'
    assert evil in write(folder, text).render("test/one", context()).html
    templates = Templates(TEMPLATES)
    for sample in list(samples().values())[:3]:
        templates.render("cart/reminder", sample)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(
    "text",
    [
        '</mj-text><mj-include path="/etc/passwd" /><mj-text>',
        '</mj-text><mj-include path="http://169.254.169.254/" /><mj-text>',
        WITHIN_ATTRIBUTES,
        '<!--[if x]><mj-include path="/etc/passwd" /><![endif]-->',
        '<iframe src="file:///etc/passwd"></iframe>',
        '<object data="file:///etc/passwd"></object>',
    ],
)
def test_no_file_and_no_address_gets_into_a_mail(folder: Path, text: str) -> None:
    try:
        said = write(folder, text).render("test/one", context()).html
    except TemplateError as refused:
        said = str(refused)
    assert "root:" not in said
    assert "rendering asked the network" not in said
