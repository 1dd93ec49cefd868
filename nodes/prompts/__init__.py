"""Nodes that write: prompts, descriptions, outlines."""
