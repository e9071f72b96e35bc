"""A pretend Enedis: written from the specifications, sharing neither code nor constants with what it tests."""
