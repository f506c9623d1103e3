# One image for every stage: `docker build -t fieldline:0.1.0 .`

FROM python:3.11-slim-bookworm AS build
ENV UV_PROJECT_ENVIRONMENT=/opt/fieldline/venv \
    UV_LINK_MODE=copy \
    UV_COMPILE_BYTECODE=1 \
    UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir --disable-pip-version-check "uv==0.13.*"
WORKDIR /src
# Dependencies first: they change less often than the sources.
COPY pyproject.toml uv.lock README.md LICENSE NOTICE ./
RUN uv sync --frozen --no-dev --no-install-project --no-progress
COPY fieldline ./fieldline
COPY ingest ./ingest
COPY processing ./processing
COPY analysis ./analysis
COPY models ./models
COPY delivery ./delivery
COPY cli ./cli
RUN uv sync --frozen --no-dev --no-editable --no-progress
# Kernels compiled for any x86-64 or arm64 processor: a cache made for the builder's own would be useless elsewhere.
ENV NUMBA_CPU_NAME=generic NUMBA_CACHE_DIR=/opt/fieldline/kernels
RUN /opt/fieldline/venv/bin/fieldline warmup
# The libraries' tests, headers and cloud parts stay behind.
COPY --chmod=0755 deploy/docker/trim /opt/trim
RUN /opt/trim /opt/fieldline/venv/lib/python3.11/site-packages
COPY --chmod=0755 deploy/entrypoint /opt/fieldline/entrypoint
COPY deploy/healthcheck.py /opt/fieldline/healthcheck.py

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="fieldline" \
      org.opencontainers.image.description="Telemetry pipeline for production lines and farm fields" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/fieldline /opt/fieldline
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin fieldline \
 && install -d -o fieldline -g fieldline -m 0700 /var/cache/fieldline /var/lib/fieldline
ENV PATH=/opt/fieldline/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    NUMBA_CPU_NAME=generic \
    NUMBA_CACHE_DIR=/var/cache/fieldline \
    POLARS_MAX_THREADS=1 \
    OMP_NUM_THREADS=1
USER 10001:10001
WORKDIR /var/lib/fieldline
EXPOSE 8080
ENTRYPOINT ["/opt/fieldline/entrypoint"]
CMD ["--help"]
