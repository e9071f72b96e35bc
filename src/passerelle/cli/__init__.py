"""The command line: reading commands over HTTP, and the operator's commands where the server extra is installed."""
