"""What the product costs, each time beside what it is compared with: `python -m benchmarks NAME [--size N]`."""

from __future__ import annotations
