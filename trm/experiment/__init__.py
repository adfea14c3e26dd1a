"""A task bound to its settings, and what is done with it: train, evaluate, solve, trace."""
