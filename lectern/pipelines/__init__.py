"""Diffusers pipelines: find, load, adapt, sample, memory, latents.

Nothing here imports diffusers, transformers or accelerate before a pipeline is used.
"""
