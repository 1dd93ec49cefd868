"""Executes the runs of the queue on one ComfyUI."""
