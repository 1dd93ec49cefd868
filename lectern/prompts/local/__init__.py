"""Language models on this machine: folders of transformers models, and text encoders that ComfyUI writes with."""
