"""The mirror's 2026 half: the paths, bodies and errors of Enedis' APIs of 2026 (F§9, F§10), of its own writing."""
