"""How events become totals and totals become answers; pure functions."""
