"""Runs on many ComfyUI servers, over NATS JetStream. Nothing here imports `nats` before it is used."""
