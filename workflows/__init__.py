"""The journeys, one file each, and in `vocabulary` what they are written in.

Kept empty on purpose: Temporal's sandbox imports this package anew for every enrollment.
"""
