"""Kills every process of a deployment at random moments, under load, and checks from outside what came of it.

`python -m tests.faults --help` or `make faults`; what is promised is in `inspector` and `doorkeeper`,
one function each.
"""
