"""Doubles for tests, shipped: nothing in the product imports them."""
