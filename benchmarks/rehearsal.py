"""P6: how many paths of a journey are explored in a second of one core, each by itself and with alike states merged.

Seconds are the process's own, so that what else the machine does counts less. The last column compares with the bare
sequence: what a path costs as a multiple of running the journey's code once to its end, and doing nothing else.
"""

import time
from collections.abc import Callable
from copy import copy
from functools import partial
from typing import Any

from domain.calls import Delivery
from domain.message import MessageStatus
from rehearsal.explore import MORNING, explore, start_of
from rehearsal.fates import OFFERS
from rehearsal.paths import count_paths
from workflows.catalogue import JOURNEYS
from workflows.vocabulary import verbs
from workflows.vocabulary.journey import Journey
from workflows.vocabulary.script import Script

ROUNDS = 3
SENT = Delivery(message="m", status=MessageStatus.SENT, reason="accepted", at=MORNING)


def seconds(work: Callable[[], object]) -> float:
    """The best of several rounds, in seconds of this process."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def run_bare(fresh: Journey, times: int) -> None:
    """Run the sequence to its end, with every mail sent and no reaction."""
    for _ in range(times):
        script = Script(copy(fresh).steps())
        verb = script.begin()
        while verb is not None:
            verb = script.answer(usual_answer(verb))


def usual_answer(verb: verbs.Verb[Any]) -> object:
    """What a verb is answered where nothing unusual happens."""
    match verb:
        case verbs.Send():
            return SENT
        case verbs.ReadFact(fact):
            return fact.values[0]
        case verbs.ChooseOffer():
            return OFFERS[0]
        case verbs.ChooseVariant(_, variants):
            return variants[0]
        case _:
            return None


def main() -> None:
    """Measure every journey."""
    print(f"{'journey':<16}{'paths':>9}{'each by itself':>18}{'merged':>16}{'states':>9}{'times the bare code':>22}")
    for name, journey in sorted(JOURNEYS.items()):
        found = explore(journey)
        paths = count_paths(found)
        whole = seconds(partial(explore, journey, merge=False)) / paths
        merged = seconds(partial(explore, journey)) / paths
        bare = seconds(partial(run_bare, journey(start_of(journey.plan, MORNING)), 1000)) / 1000
        rates = f"{1 / whole:>15,.0f}/s{1 / merged:>14,.0f}/s"
        print(f"{name:<16}{paths:>9,}{rates}{len(found.nodes):>9,}{whole / bare:>22.1f}")


if __name__ == "__main__":
    main()
