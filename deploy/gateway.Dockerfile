# The gateway: app routes, pages and faces, without ComfyUI and torch.
#   docker build -f deploy/gateway.Dockerfile -t lectern-gateway .
FROM python:3.12.8-slim-bookworm

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY deploy/requirements-gateway.txt /tmp/requirements.txt
RUN pip install --requirement /tmp/requirements.txt && rm /tmp/requirements.txt

# The number and not the name: Kubernetes cannot tell that a name is not root.
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin lectern \
    && install --directory --owner 10001 --group 10001 /var/lib/lectern
WORKDIR /opt/lectern
COPY LICENSE pyproject.toml ./
COPY lectern ./lectern
COPY web ./web
COPY workflows ./workflows

ENV LECTERN_FOLDER=/var/lib/lectern
VOLUME /var/lib/lectern
USER 10001:10001
EXPOSE 8190
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8190/lectern/health', timeout=4)"]
# In exec form, so that SIGTERM reaches Python.
ENTRYPOINT ["python", "-m", "lectern"]
CMD ["gateway", "--host", "0.0.0.0", "--port", "8190"]
