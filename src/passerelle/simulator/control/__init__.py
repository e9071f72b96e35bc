"""The control API (INTERFACE section 7): what a test sees, orders and compares with. It is no call to Enedis."""
