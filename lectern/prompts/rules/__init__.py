"""Prompts, outlines and descriptions by rules: no model, no network, the same for the same seed everywhere."""
