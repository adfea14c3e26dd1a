"""Files: reading untrusted input within limits, atomic writes, checksums, locks."""
