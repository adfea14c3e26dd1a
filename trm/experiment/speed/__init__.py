"""How fast this machine trains: what `trm doctor --benchmark` and `benchmarks/throughput.py` measure."""
