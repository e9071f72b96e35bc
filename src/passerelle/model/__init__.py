"""The nouns of passerelle: frozen, without input or output."""
