"""A master: it stores tasks and takes their results."""
