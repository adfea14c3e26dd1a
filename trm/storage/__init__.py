"""Reading untrusted input and writing files: limits, checksums, locks, atomic replacement."""
