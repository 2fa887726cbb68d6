# gemel serve, without torch: `docker build --tag gemel .`
FROM python:3.13-slim-bookworm AS build
WORKDIR /source
ENV GEMEL_KERNEL=require
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY gemel ./gemel
# The compiler makes the quick backend, and stays behind.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc=4:12.* libc6-dev=2.36-* \
    && rm -rf /var/lib/apt/lists/* \
    && python -m venv /opt/gemel \
    && /opt/gemel/bin/pip install --no-cache-dir ".[serve,postgres]"

FROM python:3.13-slim-bookworm
COPY --from=build /opt/gemel /opt/gemel
RUN useradd --system --uid 10001 --home-dir /corpus --create-home gemel
USER 10001
ENV PATH=/opt/gemel/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /corpus
VOLUME /corpus
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
ENTRYPOINT ["gemel"]
CMD ["serve", "--db", "/corpus/site.db", "--host", "0.0.0.0"]
