"""Log drains: mooring-drain@."""
