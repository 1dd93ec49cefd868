"""A ComfyUI as a process of its own that makes nothing: every prompt takes a fixed time and gives one tiny picture.

    python -m support.contract_comfy --port N --run-ms 200 [--log FILE]

Cheap, so that benchmarks and kills can have several. Shapes and order of events are those of ComfyUI 0.30.
"""
