"""`python -m control`: the same as the `living-portrait` command."""

import sys

from control.cli import main

sys.exit(main())
