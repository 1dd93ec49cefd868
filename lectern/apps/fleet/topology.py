"""What lies on the NATS server: streams, buckets and subjects. Everybody who connects makes what is missing.

    lectern.runs.{lane}.{priority}.{owner}   the queue; a lane is one set of requirements
    lectern.reports.{store}                  what workers did with runs, for the gateways of that store
    lectern.events.{run}                     events of one run, for those who listen; replayed from the stream
    lectern.previews.{run}                   pictures of work in progress; not kept
    lectern.watched.{run}                    a gateway says now and then that somebody listens to it; not kept
    lectern.cancel.{run}                     to the worker that has it; not kept, see the bucket of cancels
    lectern.ended.{run}                      to the gateways that wait for it; not kept

Nothing but these names is shared by gateways and workers; what the messages hold is in messages.py.
"""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from nats.js import JetStreamContext
    from nats.js.api import KeyValueConfig, ObjectStoreConfig, StreamConfig

RUNS_STREAM = "LECTERN_RUNS"
REPORTS_STREAM = "LECTERN_REPORTS"
EVENTS_STREAM = "LECTERN_EVENTS"
REPORTS_CONSUMER = "gateways"  # and the name of their store

RUNS = "lectern.runs"
REPORTS = "lectern.reports"
EVENTS = "lectern.events"
PREVIEWS = "lectern.previews"
WATCHED = "lectern.watched"
CANCEL = "lectern.cancel"
ENDED = "lectern.ended"

STATES = "LECTERN_STATES"  # {run}: see messages.State; worker_{name}: the run that it has
CANCELS = "LECTERN_CANCELS"  # {run}: why it is to be canceled
WORKERS = "LECTERN_WORKERS"  # {name}: see messages.Advert; gone when it is not renewed
GATEWAYS = "LECTERN_GATEWAYS"  # {name}: the version; gone when it is not renewed
LANES = "LECTERN_LANES"  # {lane}: see messages.Requirement
LOCKS = "LECTERN_LOCKS"  # {app}: the worker that has a run of an app of which there may be one at a time
KINDS = "LECTERN_KINDS"  # {digest}: the name of the worker that last had these nodes; renewed now and then
DEAD = "LECTERN_DEAD"  # {run}: see messages.Dead

INPUTS = "LECTERN_INPUTS"  # {file id}: bytes
OUTPUTS = "LECTERN_OUTPUTS"  # {run}.{take}.{place}: bytes
GRAPHS = "LECTERN_GRAPHS"  # workflow.{digest}, nodes.{digest}: JSON, gzipped
PARCELS = "LECTERN_PARCELS"  # bodies of messages that are too large for one

ACK_SECONDS = 20.0  # that a run may be without a heartbeat before another worker gets it
HEARTBEAT_SECONDS = 4.0
ADVERT_SECONDS = 5.0  # between two adverts of a worker or gateway
ADVERT_LIFE = 20.0
LOCK_LIFE = 25.0  # longer than ACK_SECONDS: the lock's run is found by another worker while nobody has the lock
EVENT_LIFE = 3600.0
EVENTS_PER_RUN = 512
CANCEL_LIFE = 24 * 3600.0
STATE_LIFE = 30 * 24 * 3600.0
DEAD_LIFE = 30 * 24 * 3600.0
DUPLICATE_SECONDS = 120.0
IDLE_CONSUMER_SECONDS = 3600.0


class Bucket(NamedTuple):
    name: str
    life: float | None = None  # seconds since the last write
    memory: bool = False  # what everybody says again after a restart of the server


BUCKETS = (
    Bucket(STATES, STATE_LIFE),
    Bucket(CANCELS, CANCEL_LIFE),
    Bucket(WORKERS, ADVERT_LIFE, memory=True),
    Bucket(GATEWAYS, ADVERT_LIFE, memory=True),
    Bucket(LANES),
    Bucket(LOCKS, LOCK_LIFE),
    Bucket(KINDS, STATE_LIFE),
    Bucket(DEAD, DEAD_LIFE),
)
SHELVES = (INPUTS, OUTPUTS, GRAPHS, PARCELS)


async def ensure(js: "JetStreamContext", replicas: int) -> bool:
    """Makes what is missing; whether anything was.

    Raises what nats-py raises, also when something of that name is made otherwise.
    """
    from nats.js.api import DiscardPolicy, KeyValueConfig, ObjectStoreConfig, RetentionPolicy, StorageType, StreamConfig

    streams = (
        StreamConfig(
            name=RUNS_STREAM,
            subjects=[f"{RUNS}.>"],
            retention=RetentionPolicy.WORK_QUEUE,
            duplicate_window=DUPLICATE_SECONDS,
        ),
        StreamConfig(
            name=REPORTS_STREAM,
            subjects=[f"{REPORTS}.*"],
            max_age=STATE_LIFE,  # of stores that are gone for good
            retention=RetentionPolicy.WORK_QUEUE,
            duplicate_window=DUPLICATE_SECONDS,
        ),
        StreamConfig(
            name=EVENTS_STREAM,
            subjects=[f"{EVENTS}.*"],
            max_age=EVENT_LIFE,
            max_msgs_per_subject=EVENTS_PER_RUN,
            discard=DiscardPolicy.OLD,
        ),
    )
    made = [
        await _ensure_stream(js, config.evolve(storage=StorageType.FILE, num_replicas=replicas)) for config in streams
    ]
    for bucket in BUCKETS:
        storage = StorageType.MEMORY if bucket.memory else StorageType.FILE
        ttl = bucket.life
        made.append(await _ensure_bucket(js, KeyValueConfig(bucket.name, ttl=ttl, storage=storage, replicas=replicas)))
    for name in SHELVES:
        made.append(await _ensure_shelf(js, ObjectStoreConfig(name, storage=StorageType.FILE, replicas=replicas)))
    return any(made)


async def _ensure_stream(js: "JetStreamContext", config: "StreamConfig") -> bool:
    from nats.js.errors import NotFoundError

    assert config.name is not None
    try:
        await js.stream_info(config.name)
    except NotFoundError:
        await js.add_stream(config)
        return True
    return False


async def _ensure_bucket(js: "JetStreamContext", config: "KeyValueConfig") -> bool:
    from nats.js.errors import BucketNotFoundError, NotFoundError

    try:
        await js.key_value(config.bucket)
    except (BucketNotFoundError, NotFoundError):
        await js.create_key_value(config)
        return True
    return False


async def _ensure_shelf(js: "JetStreamContext", config: "ObjectStoreConfig") -> bool:
    from nats.js.errors import BucketNotFoundError, NotFoundError

    try:
        await js.object_store(str(config.bucket))
    except (BucketNotFoundError, NotFoundError):
        await js.create_object_store(str(config.bucket), config)  # which forgets the config's own
        return True
    return False


def reports(store: str) -> str:
    """The subject of what workers did with runs of that store."""
    return f"{REPORTS}.{store}"


def reports_consumer(store: str) -> str:
    """The durable consumer that all gateways of the store share."""
    return f"{REPORTS_CONSUMER}_{store}"


def queue(lane: str, priority: str, owner: str) -> str:
    """The subject of a run. Owners are ids of keys, which are letters and digits; nobody's runs have `-`."""
    return f"{RUNS}.{lane}.{priority}.{owner or '-'}"


class QueueName(NamedTuple):
    lane: str
    priority: str
    owner: str

    @property
    def subject(self) -> str:
        return f"{RUNS}.{self.lane}.{self.priority}.{self.owner}"

    @property
    def consumer(self) -> str:
        """The durable consumer that all workers share."""
        return f"{self.lane}_{self.priority}_{self.owner}"


def read_queue(subject: str) -> QueueName | None:
    parts = subject.removeprefix(f"{RUNS}.").split(".")
    return QueueName(*parts) if subject.startswith(f"{RUNS}.") and len(parts) == 3 else None
