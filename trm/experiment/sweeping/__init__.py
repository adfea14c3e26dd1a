"""Training one task with many settings: grids and searches, each trial an ordinary run in a process of its own."""
