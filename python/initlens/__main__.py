"""`python -m initlens` is the `initlens` command."""

import sys

from .cli import main

sys.exit(main())
