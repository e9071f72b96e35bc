"""Who the simulator pretends to serve: the customers of F§11, and a further household for any other PRM."""
