"""Requirement texts as values: which lines to install, and the keys that tell one environment from another."""

import hashlib
import re
import sys
from collections.abc import Iterable

# Raise this when the recipe in environment.py changes what a finished environment holds.
RECIPE = 1

TEMPLATES = "comfyui-workflow-templates"


def requirement_lines(text: str) -> list[str]:
    """The requirements of a requirements.txt, without comments and empty lines."""
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
    return [line for line in lines if line]


def requirement_name(line: str) -> str:
    """The package a requirement names, normalised as the index does (PEP 503); empty for an option line."""
    found = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line)
    return re.sub(r"[-_.]+", "-", found.group()).lower() if found else ""


def split_templates(text: str) -> tuple[list[str], str | None]:
    """ComfyUI's requirements without its template package, and that package's own line if there is one."""
    lines = requirement_lines(text)
    templates = next((line for line in lines if requirement_name(line) == TEMPLATES), None)
    return [line for line in lines if requirement_name(line) != TEMPLATES], templates


def small_template_packages(requires: Iterable[str]) -> list[str]:
    """What the template package requires, less its extras and its media packages (over 400 MB of thumbnails)."""
    plain = (line.partition(";") for line in requires)
    wanted = [line.strip() for line, _, marker in plain if "extra" not in marker]
    return [line for line in wanted if "-media-" not in requirement_name(line)]


def digest(*parts: str) -> str:
    """A short fingerprint of some texts, in order."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:10]


def environment_key(torch_spec: str, comfyui_version: str, comfyui_requirements: str) -> str:
    """Name of the environment's folder: another Python, torch or ComfyUI gets another environment."""
    python = ".".join(map(str, sys.version_info[:3]))
    # Comments in ComfyUI's file are not worth a rebuild; the interpreter's own place is, the environment links to it.
    wanted = "\n".join(requirement_lines(comfyui_requirements))
    fingerprint = digest(str(RECIPE), python, sys.base_prefix, torch_spec, comfyui_version, wanted)
    return f"py{python}-comfyui{comfyui_version}-{fingerprint}"


def extras_key(*texts: str) -> str:
    """Fingerprint of the requirement files that are installed on top of an environment."""
    return digest(*("\n".join(requirement_lines(text)) for text in texts))
