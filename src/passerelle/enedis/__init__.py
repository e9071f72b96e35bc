"""The Enedis adapter: one door for HTTP, the token, the catalogue of errors, and a package for each generation."""
