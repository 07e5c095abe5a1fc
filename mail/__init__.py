"""Mail: what a message looks like, how it is made, and how it leaves. Knows no ledger, no journey and no Temporal."""
