"""Run folders, checkpoints and weights files on disk."""
