"""What loading the pack costs ComfyUI: run in a fresh process, prints JSON.

    python -m tools.import_probe <ComfyUI folder> <pack folder> <scratch base folder>

Loads what ComfyUI itself always has in memory when it comes to custom nodes, then the pack with ComfyUI's own loader.
"""

import asyncio
import importlib
import json
import resource
import sys
import time


def memory_mb() -> float:
    """Resident memory now, MB (Linux; elsewhere the peak)."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize() / 2**20
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def probe(pack: str) -> dict[str, object]:
    server = importlib.import_module("server")
    nodes = importlib.import_module("nodes")  # ComfyUI's, not the checkout's
    server.PromptServer(asyncio.get_running_loop())
    await nodes.init_builtin_extra_nodes()
    known, memory, began = set(sys.modules), memory_mb(), time.perf_counter()
    loaded = await nodes.load_custom_node(pack)
    return {
        "loaded": loaded,
        "seconds": time.perf_counter() - began,
        "memory_mb": memory_mb() - memory,
        "modules": sorted(set(sys.modules) - known),
        "nodes": sorted(name for name in nodes.NODE_CLASS_MAPPINGS if name.startswith("Lectern")),
    }


def main() -> None:
    comfyui, pack, base = sys.argv[1:4]
    sys.argv[1:] = ["--cpu", "--base-directory", base, "--database-url", "sqlite:///:memory:"]
    sys.path.insert(0, comfyui)
    # This module was started from the checkout, whose own `nodes` and `tests` would hide ComfyUI's.
    sys.path[:] = [entry for entry in sys.path if entry not in ("", pack)]
    from comfy import options

    options.enable_args_parsing()
    print(json.dumps(asyncio.run(probe(pack))))


if __name__ == "__main__":
    main()
