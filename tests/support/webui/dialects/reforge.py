"""reForge: A1111 1.10's API with one more field."""

from support.webui.dialects.a1111 import A1111, FORGE_FIELDS


class ReForge(A1111):
    name = "reforge"
    version = "f1.0.5-v1.10.1RC"
    absent_fields = FORGE_FIELDS
