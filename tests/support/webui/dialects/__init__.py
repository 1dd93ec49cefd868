"""The servers that the double can be, by name."""

from support.webui.dialects.a1111 import A1111
from support.webui.dialects.a1111_18 import A1111V18
from support.webui.dialects.base import Dialect
from support.webui.dialects.forge import Forge
from support.webui.dialects.koboldcpp import KoboldCpp
from support.webui.dialects.reforge import ReForge
from support.webui.dialects.sdcpp import SdCpp
from support.webui.dialects.sdnext import SdNext

KINDS: tuple[type[Dialect], ...] = (A1111, A1111V18, ReForge, Forge, SdNext, SdCpp, KoboldCpp)
DIALECTS: dict[str, type[Dialect]] = {kind.name: kind for kind in KINDS}
