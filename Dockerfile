# PaidSync: one image for the Prefect server, the worker, the listener and the command line.
# What it is told and by which service: deploy/compose.yaml. The build context is the checkout; .dockerignore keeps the rest out.
ARG PYTHON=3.12
FROM python:${PYTHON}-slim AS packages

# `app` is what PaidSync runs on; `scale` adds what several Prefect server processes talk through.
ARG LOCK=app
COPY locks/${LOCK}.txt /lock.txt
RUN python -m venv /opt/paidsync \
 && /opt/paidsync/bin/python -m pip install --no-cache-dir --no-input --require-hashes --no-deps --only-binary :all: -r /lock.txt


FROM python:${PYTHON}-slim

RUN useradd --system --uid 10001 --create-home --home-dir /home/paidsync paidsync \
 && install -d -o paidsync -g paidsync /var/lib/paidsync

COPY --from=packages /opt/paidsync /opt/paidsync
WORKDIR /app
COPY LICENSE prefect.yaml ./
COPY deploy/automations.yaml deploy/
COPY paidsync paidsync
COPY connectors connectors
COPY expectations expectations
COPY tasks tasks
COPY flows flows
COPY listener listener
COPY cli cli
# PaidSync is not installed as a package: it runs from /app, whatever the working directory of a run.
RUN printf '#!/bin/sh\nexec python -m cli.main "$@"\n' > /opt/paidsync/bin/paidsync \
 && chmod 755 /opt/paidsync/bin/paidsync \
 && python -m compileall -q /app

ENV PATH=/opt/paidsync/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PAIDSYNC_DATA_DIR=/var/lib/paidsync \
    PREFECT_HOME=/home/paidsync/.prefect \
    PREFECT_LOCAL_STORAGE_PATH=/var/lib/paidsync/results \
    PREFECT_SERVER_EPHEMERAL_ENABLED=false \
    PREFECT_SERVER_ANALYTICS_ENABLED=false \
    DO_NOT_TRACK=1

USER paidsync
VOLUME /var/lib/paidsync

# The worker is what the image is mostly for; the other services of compose.yaml bring their own command and check.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health', timeout=4)"]
CMD ["paidsync", "worker", "--with-healthcheck"]
