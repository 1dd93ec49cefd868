"""A whole fleet as processes of its own on this machine, and what kills do to it."""
