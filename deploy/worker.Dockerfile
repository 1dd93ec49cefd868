# The worker: takes runs from NATS and has the ComfyUI beside it execute them. No torch: the GPU is ComfyUI's.
#   docker build -f deploy/worker.Dockerfile -t lectern-worker .
FROM python:3.12.8-slim-bookworm

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY deploy/requirements-gateway.txt /tmp/requirements.txt
RUN pip install --requirement /tmp/requirements.txt && rm /tmp/requirements.txt

RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin lectern \
    && install --directory --owner 10001 --group 10001 /var/lib/lectern
WORKDIR /opt/lectern
COPY LICENSE pyproject.toml ./
COPY lectern ./lectern
COPY workflows ./workflows

ENV LECTERN_FOLDER=/var/lib/lectern
USER 10001:10001
EXPOSE 8191
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8191/health', timeout=4)"]
# In exec form: SIGTERM has to reach the worker, which then finishes its run and takes no other.
ENTRYPOINT ["python", "-m", "lectern"]
CMD ["worker", "--comfyui", "http://127.0.0.1:8188", "--host", "0.0.0.0", "--port", "8191"]
