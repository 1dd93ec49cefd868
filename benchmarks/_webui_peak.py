"""Peak memory of taking one answer of 16 pictures; run in a process of its own, prints JSON.

The figure is what the process grew by at most, as a multiple of the decoded pictures.
"""

import asyncio
import gc
import json
import sys
from pathlib import Path

from benchmarks._peak import GIGABYTE, status
from benchmarks._webui import hub, order

PICTURES = 16


async def measured(url: str) -> float:
    one = hub([url])
    await order(one, "0")  # everything is loaded
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = status("VmRSS")
    made = await order(one, "0", batch_size=PICTURES)
    peak = status("VmHWM") - before
    await one.close()
    return peak / (made.images.nbytes / GIGABYTE)


if __name__ == "__main__":
    print(json.dumps({"peak": asyncio.run(measured(sys.argv[1]))}))
