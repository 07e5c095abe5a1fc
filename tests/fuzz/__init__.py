"""What strangers may send: the HTTP surface and the parsers under inputs that nobody thought of.

How long it takes is a matter of `FUZZ` in the environment, the number of examples for each operation or parser.
`make test` takes few of them, `make fuzz` many.
"""

import os

EXAMPLES = int(os.environ.get("FUZZ", "25"))
