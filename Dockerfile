# syntax=docker/dockerfile:1
# Two stages: the second holds Python, the locked packages and the product, and no compiler, pip cache or root user.
FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /opt/straitwatch
ENV PATH=/opt/straitwatch/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.lock ./
RUN pip install --require-hashes --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY classifiers classifiers
COPY rules rules
RUN pip install --no-deps --no-build-isolation .
# The query parser writes its tables beside itself when it is first used: now, since the watch's own user may not later,
# and would make them anew at every start, with warnings.
RUN straitwatch rules explain gallium && python -m compileall -q /opt/straitwatch

FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin straitwatch \
    && install -d -o straitwatch -g straitwatch -m 0750 /data
COPY --from=build /opt/straitwatch /opt/straitwatch
ENV PATH=/opt/straitwatch/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MPLCONFIGDIR=/tmp \
    STRAITWATCH_DATABASE_URL=sqlite:////data/straitwatch.sqlite3 \
    STRAITWATCH_LOG_FORMAT=json \
    STRAITWATCH_METRICS_LISTEN=0.0.0.0:9108
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 9108
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:9108/healthz', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["straitwatch"]
CMD ["run"]
