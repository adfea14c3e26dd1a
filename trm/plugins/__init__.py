"""Finding and loading plugins: the registry of everything they bring."""
