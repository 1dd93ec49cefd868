"""What the pack adds to ComfyUI's start: seconds and memory of its import, in fresh processes.

The baseline is a pack of one empty file, loaded by the same loader in the same run.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks._report import Target, conclude, table
from tools.cache import CHECKOUT
from tools.server import default_comfyui, make_base

ROUNDS = 5
OURS, EMPTY = "lectern", "empty pack (baseline)"


def probe(pack: Path, base: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "tools.import_probe", str(default_comfyui()), str(pack), str(base)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        base, empty = Path(folder, "base"), Path(folder, "empty")
        make_base(base, None)
        empty.mkdir()
        (empty / "__init__.py").write_text("NODE_CLASS_MAPPINGS = {}\n")
        packs = {OURS: CHECKOUT, EMPTY: empty}
        for pack in packs.values():
            probe(pack, base)  # compiles byte code, warms the disk cache
        rounds = [{name: probe(pack, base) for name, pack in packs.items()} for _ in range(ROUNDS)]
    seconds = {name: [one[name]["seconds"] * 1000 for one in rounds] for name in packs}
    memory = {name: [one[name]["memory_mb"] for one in rounds] for name in packs}
    table(list(seconds.items()), "ms to import", baseline=EMPTY)
    table(list(memory.items()), "MB more resident", baseline=EMPTY)
    return conclude(
        [
            Target("import time", statistics.median(seconds[OURS]), 100, "ms"),
            Target("memory", statistics.median(memory[OURS]), 10, "MB"),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
