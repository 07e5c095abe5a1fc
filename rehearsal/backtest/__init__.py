"""Backtests: a journey run over recorded events, in memory and without sending; two versions of it compared.

`events` reads calls, `history` folds them once into each customer's `timeline`, `simulation` runs one version over it,
`comparison` says how two runs differ, and `versions` loads a journey as of a git ref.
"""
