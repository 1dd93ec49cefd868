# ComfyUI with Lectern's nodes. Models are not in it: mount them at /opt/comfyui/models.
#   docker build -f deploy/comfyui.Dockerfile -t lectern-comfyui .
# Without a GPU: --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cpu, and `--cpu` behind the command.
FROM nvidia/cuda:12.6.3-base-ubuntu24.04

ARG COMFYUI_VERSION=v0.30.0
ARG TORCH_INDEX=https://download.pytorch.org/whl/cu126
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# libgl1 and libglib2.0: of OpenCV, which many custom nodes bring.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates git libgl1 libglib2.0-0t64 python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
RUN python3 -m venv /opt/python
ENV PATH=/opt/python/bin:$PATH
RUN git clone --depth 1 --branch "$COMFYUI_VERSION" https://github.com/comfyanonymous/ComfyUI /opt/comfyui
# torch first and from its own index: the CUDA libraries come with it.
RUN pip install --index-url "$TORCH_INDEX" torch torchvision torchaudio \
    && pip install --requirement /opt/comfyui/requirements.txt
COPY requirements.txt /opt/comfyui/custom_nodes/lectern/requirements.txt
RUN pip install --requirement /opt/comfyui/custom_nodes/lectern/requirements.txt

RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin lectern \
    && install --directory --owner 10001 --group 10001 \
        /var/lib/comfyui /var/lib/comfyui/input /var/lib/comfyui/output /var/lib/comfyui/temp /var/lib/comfyui/user
COPY LICENSE pyproject.toml __init__.py /opt/comfyui/custom_nodes/lectern/
COPY lectern /opt/comfyui/custom_nodes/lectern/lectern
COPY locales /opt/comfyui/custom_nodes/lectern/locales
COPY nodes /opt/comfyui/custom_nodes/lectern/nodes
COPY web /opt/comfyui/custom_nodes/lectern/web
COPY workflows /opt/comfyui/custom_nodes/lectern/workflows

WORKDIR /opt/comfyui
# Caches of what ComfyUI's libraries download or compile go where it may write.
ENV HOME=/var/lib/comfyui/temp
USER 10001:10001
EXPOSE 8188
HEALTHCHECK --interval=10s --timeout=5s --start-period=180s --retries=6 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8188/system_stats', timeout=4)"]
# On loopback: ComfyUI asks nobody for a key, so only what shares its network (the worker) may reach it.
ENTRYPOINT ["python", "main.py", "--listen", "127.0.0.1", "--port", "8188", "--disable-auto-launch", \
    "--input-directory", "/var/lib/comfyui/input", "--output-directory", "/var/lib/comfyui/output", \
    "--temp-directory", "/var/lib/comfyui/temp", "--user-directory", "/var/lib/comfyui/user", \
    "--database-url", "sqlite:////var/lib/comfyui/user/comfyui.db"]
CMD []
