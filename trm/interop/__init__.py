"""Formats of other TRM code bases and other runtimes."""
