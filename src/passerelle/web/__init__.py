"""HTTP: the API, the mirror of Enedis, the pages, and what they share."""
