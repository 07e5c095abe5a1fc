"""Every rule, in the order in which docs/check.md lists them."""

from mail.lint.contrast import CONTRAST
from mail.lint.lines import PREHEADER, SUBJECT
from mail.lint.links import LEAVING, LINKS, LOADS
from mail.lint.plain import FINISHED, TEXT
from mail.lint.rendering import RENDERS
from mail.lint.rule import Rule
from mail.lint.siblings import SIBLINGS
from mail.lint.structure import HEADING, LANGUAGE, ONE_CALL, PICTURES, SIZE, TABLES
from mail.lint.wording import CREEPY, LOUD

RULES: tuple[Rule, ...] = (
    RENDERS,
    SUBJECT,
    PREHEADER,
    ONE_CALL,
    HEADING,
    CREEPY,
    LOUD,
    FINISHED,
    PICTURES,
    CONTRAST,
    LANGUAGE,
    TABLES,
    LINKS,
    LOADS,
    LEAVING,
    SIZE,
    TEXT,
    SIBLINGS,
)
