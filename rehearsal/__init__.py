"""Runs journeys without the world: every path in memory, checks before launch, one customer with time skipped.

Knows the domain, the journeys and mail. `rehearsal.stage`, which plays one customer on the real parts, stands above the
worker and may know everything; nothing else in here knows it.
"""
