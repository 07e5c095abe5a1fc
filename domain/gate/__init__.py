"""The gate's rules: may this message go, now? Pure, over facts that the store read in one transaction.

The rules are asked in the order of `decision`: those that forbid any mail, then those that forbid marketing, the first
objection of which decides; then those that say when, which together give the first moment at which all of them hold.
A moment that is too late to make sense forbids the mail, too. One module for each family of rules.
"""

from domain.gate import lanes
from domain.gate.ask import Ask
from domain.gate.decision import RULES, decide
from domain.gate.facts import GateFacts, PastMessage, Rival
from domain.gate.policy import DAY, TWO_DAYS, Caps, ConsentRule, CoolDowns, GatePolicy

__all__ = [
    "DAY",
    "RULES",
    "TWO_DAYS",
    "Ask",
    "Caps",
    "ConsentRule",
    "CoolDowns",
    "GateFacts",
    "GatePolicy",
    "PastMessage",
    "Rival",
    "decide",
    "lanes",
]
