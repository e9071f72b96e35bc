"""What Enedis allows, shared by every process of an installation: a call is counted, or it does not leave."""
