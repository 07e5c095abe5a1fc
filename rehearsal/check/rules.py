"""Every rule, in the order in which docs/check.md lists them."""

from rehearsal.check.declaration import DECLARED
from rehearsal.check.endings import ENDS, EXPLORED, NOTHING_AFTER_EXIT
from rehearsal.check.load import LOAD
from rehearsal.check.mails import CAPS, COOL_DOWN, SPACING
from rehearsal.check.overlap import OVERLAP
from rehearsal.check.rule import Rule
from rehearsal.check.steps import DEAD_STEPS
from rehearsal.check.subject import House, Subject
from rehearsal.check.templates import TEMPLATES
from rehearsal.check.waits import WAITS

RULES: tuple[Rule[Subject], ...] = (
    ENDS,
    EXPLORED,
    NOTHING_AFTER_EXIT,
    CAPS,
    COOL_DOWN,
    SPACING,
    WAITS,
    DEAD_STEPS,
    TEMPLATES,
    DECLARED,
)
"""What must hold of each journey."""

RULES_TOGETHER: tuple[Rule[House], ...] = (OVERLAP, LOAD)
"""What must hold of all journeys together."""
