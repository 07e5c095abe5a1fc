"""Proof before launch: every path of every journey against the rules, on a machine where nothing runs.

Knows what the explorer found, and decides nothing: a rule says what is wrong, where, on which path, and what to do. The
rules stand in `rules`, in the order in which docs/check.md lists them.
"""
