"""Metrics: what this process counts and times, for Prometheus. Told by whoever does the thing, after it was done.

Names are a promise, as wire names are: dashboards and alerts elsewhere use them (docs/metrics.md has them all). Labels
take their values from what stands in code: kinds, rules, journeys, providers. Never ids, addresses, or what a sender
made up: it would be somebody's business, and each new value costs memory for ever. Workflows count nothing, since they
replay.
"""
