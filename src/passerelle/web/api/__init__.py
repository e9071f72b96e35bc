"""The HTTP API of passerelle: one file a resource."""
