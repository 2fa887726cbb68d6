# gemel serve, without torch: `docker build --tag gemel .`; docs/service.md has the command to run it.
# A newer base image: `docker buildx imagetools inspect python:3.13-slim-bookworm` prints its digest.
FROM python:3.13-slim-bookworm@sha256:01f42367a0a94ad4bc17111776fd66e3500c1d87c15bbd6055b7371d39c124fb AS build
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

FROM python:3.13-slim-bookworm@sha256:01f42367a0a94ad4bc17111776fd66e3500c1d87c15bbd6055b7371d39c124fb
COPY --from=build /opt/gemel /opt/gemel
# The service can write to its corpus and to /tmp only, also where the root is not mounted read-only.
RUN useradd --system --uid 10001 --home-dir /corpus --create-home gemel \
    && find / -xdev -type d -perm -0002 ! -path /tmp -exec chmod o-w {} +
USER 10001
ENV PATH=/opt/gemel/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /corpus
VOLUME /corpus
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
ENTRYPOINT ["gemel"]
CMD ["serve", "--db", "/corpus/site.db", "--host", "0.0.0.0"]
