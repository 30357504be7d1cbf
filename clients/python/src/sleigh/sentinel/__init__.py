"""A sentinel: it starts the workers of a host, supervises and replaces them (S9, S19, S22)."""
