"""What image backends are called where apps have their slugs: `sdwebui:<server>`, `diffusers:<pipeline>`.

No app can be published under such a name. Keys that are limited to some apps name them so, and so do runs.
"""

import hashlib
import re
from enum import StrEnum

LENGTH = 63  # characters of a run's app in the store
PATTERN = r"(sdwebui|diffusers):[^\x00-\x1f\x7f]{1,53}"
_NAME = re.compile(PATTERN)


class Backend(StrEnum):
    SDWEBUI = "sdwebui"  # a server of lectern.toml
    DIFFUSERS = "diffusers"  # a pipeline of the Pipeline Loader


def is_backend(name: str) -> bool:
    return ":" in name


def is_backend_slug(slug: str) -> bool:
    """Whether it is written like one of ours; which servers there are is another question."""
    return len(slug) <= LENGTH and _NAME.fullmatch(slug) is not None


def slug_of(backend: Backend, name: str) -> str:
    """A name that is too long is cut, and told from others that begin alike by its digest."""
    slug = f"{backend}:{name}"
    if len(slug) <= LENGTH:
        return slug
    return f"{slug[: LENGTH - 11]}~{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"
