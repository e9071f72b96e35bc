"""The use cases of the gateway, one file a verb, and the ports that they need."""
