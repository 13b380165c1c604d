"""Words that several pages say alike: where data comes from, and how the first order is sent."""

from __future__ import annotations

from typing import Final

ORIGINS: Final = {
    "live": "Live",
    "import": "Imported",
    "demo": "Demo",
    "sim": "Simulated",
}
"""For each origin, its name."""

CURL: Final = """curl -X POST ADDRESS/api/v1/orders \\
  -H 'Content-Type: application/json' \\
  -d '{"orderId": "A-1001", "userId": "ann", "channel": "online", "region": "Europe",
       "lines": [{"productId": "P-1", "quantity": 1, "revenue": "19.90"}]}'"""
"""An order as anybody can send it from a terminal; ADDRESS stands for where this server is."""
