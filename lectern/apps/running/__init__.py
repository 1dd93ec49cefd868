"""Runs on their way through ComfyUI: the queue, one attempt, its events, and how it ended."""
