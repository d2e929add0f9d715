"""The benchmark of tenured against its peers: see ../README.md."""
