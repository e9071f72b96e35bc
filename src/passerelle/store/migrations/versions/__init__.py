"""One file a step, named by what it makes and why."""
