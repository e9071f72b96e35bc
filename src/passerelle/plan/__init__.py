"""What to fetch, and what an answer is made of: pure decisions that take the time as an argument."""
