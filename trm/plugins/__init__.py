"""Plugins: loading them, and looking up what they registered."""
