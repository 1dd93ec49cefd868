"""Real diffusers pipelines with tiny random weights, made on the spot: same classes, same files, no download."""

from .folders import FAMILIES as FAMILIES
from .folders import MORE as MORE
from .folders import VIDEO as VIDEO
from .folders import full_vae as full_vae
from .folders import tiny_pipeline as tiny_pipeline
from .video import core_vae as core_vae
