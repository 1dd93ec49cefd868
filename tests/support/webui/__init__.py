"""The one double of AUTOMATIC1111-compatible servers, answering as recorded (tests/data/sdwebui).

    async with ContractServer("forge", webui=True) as server: ...          # on the test's own loop
    with ContractThread("sdcpp", seconds_per_image=0.2) as thread: ...     # thread.url, thread.server
    $ cd tests && python -m support.webui --dialect forge                  # prints its URL; POST /__control turns it

To look at: `requests`, `bodies(route)`, `active`, `queued`, `finished`, `interrupts`, `unknown_keys`, `ignored_keys`.
To turn: `fault = Fault("empty", times=1, route="txt2img")`, `hold(after=2)` and `release()` in place of sleeping,
`stranger(seconds)`, `lists` and `state`; `until(lambda server: server.active)` waits for any of it.
"""

from support.webui.faults import Fault
from support.webui.server import ContractServer, Seen, Stranger
from support.webui.thread import ContractThread

__all__ = ["ContractServer", "ContractThread", "Fault", "Seen", "Stranger"]
