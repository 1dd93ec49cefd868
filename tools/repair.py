"""Make the index's wheels usable in our own virtual environment; a person's ComfyUI is never touched by this.

On a machine whose torch is a CPU build, the index's torchvision and torchaudio are linked against CUDA. And without the
large media packages of ComfyUI's templates, ComfyUI serves no template at all.
"""

import json
import subprocess
from pathlib import Path

from tools.console import ToolError

MARK = "# added by Lectern's tools"

# torchvision registers shapes for nms and qnms even when its C++ part could not be loaded, and fails for want of their
# schemas (defined in that C++ part: torchvision/csrc/ops/nms.cpp, quantized/cpu/qnms_kernel.cpp).
TORCHVISION_SCHEMAS = f"""

{MARK}: the C++ operators of this wheel need a CUDA build of torch
if not _has_ops():
    _lectern_schemas = torch.library.Library("torchvision", "DEF")
    _lectern_schemas.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _lectern_schemas.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
"""

# A picture of one transparent pixel (WebP, lossless). Browsers look at the bytes, so it passes as .png and .jpg too.
PIXEL = bytes.fromhex("524946461a000000574542505650384c0d0000002f00000010071011118888fe0700")
PICTURES = {".webp", ".png", ".jpg", ".jpeg", ".gif"}


def repair_torch_companions(python: Path, site: Path) -> list[str]:
    """Repair torchvision and torchaudio where their import fails; returns what was repaired."""
    repairs = {"torchvision": define_torchvision_schemas, "torchaudio": drop_torchaudio_libraries}
    broken = import_errors(python, list(repairs))
    for name in broken:
        repairs[name](site)
    if broken and (still := import_errors(python, list(broken))):
        name, reason = next(iter(still.items()))
        raise ToolError(f"{name} does not import beside this torch ({reason}): set LECTERN_TORCH to another version.")
    return list(broken)


def import_errors(python: Path, names: list[str]) -> dict[str, str]:
    """Import each module in a fresh interpreter, all at once; the last line of what went wrong, by name."""
    started = {
        name: subprocess.Popen(
            [str(python), "-I", "-c", f"import {name}"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        for name in names
    }
    ended = {name: (process.communicate()[1], process.returncode) for name, process in started.items()}
    return {name: (errors.strip().splitlines() or ["?"])[-1] for name, (errors, code) in ended.items() if code != 0}


def define_torchvision_schemas(site: Path) -> None:
    """Append the two schemas to torchvision/extension.py, the module its registrations import first."""
    module = site / "torchvision" / "extension.py"
    text = module.read_text(encoding="utf-8")
    if MARK not in text:
        module.write_text(text.rstrip("\n") + "\n" + TORCHVISION_SCHEMAS, encoding="utf-8")


def drop_torchaudio_libraries(site: Path) -> None:
    """Without its libraries torchaudio goes on in pure Python; with ones that do not load it stops."""
    for library in (site / "torchaudio" / "lib").glob("*.so"):
        library.unlink()


def fill_template_media(site: Path) -> int:
    """Stand in for the template packages that are not installed; returns how many files were written.

    ComfyUI resolves every file of every template when it starts and serves none when one is missing
    (app/frontend_management.py, template_asset_map). So thumbnails become one transparent pixel, sounds empty files.
    """
    manifest = site / "comfyui_workflow_templates_core" / "manifest.json"
    if not manifest.is_file():
        return 0
    files = media_files(json.loads(manifest.read_text(encoding="utf-8")))
    missing = [relative for relative in files if not (site / relative).exists()]
    for relative in missing:
        target = site / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(PIXEL if target.suffix.lower() in PICTURES else b"")
    for package in {Path(relative).parts[0] for relative in missing}:
        (site / package / "__init__.py").touch()
    return len(missing)


def media_files(manifest: dict) -> list[str]:
    """Paths below site-packages of the manifest's pictures and sounds (JSON files have a package of their own)."""
    files: list[str] = []
    for template in manifest.get("templates", []):
        for asset in template.get("assets", []):
            bundle = asset.get("bundle") or template["bundle"]
            package = f"comfyui_workflow_templates_{bundle.replace('-', '_')}"
            if not asset["filename"].endswith(".json"):
                files.append(f"{package}/templates/{asset['filename']}")
    return files
