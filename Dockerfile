# The centre: `haidang` with the extra `soc`, from the checkout and the locked packages.
FROM python:3.11.14-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src

# The packages first: their layers stay while only our own code changes.
COPY requirements/build.txt requirements/soc.txt requirements/
RUN python -m pip install --require-hashes --requirement requirements/build.txt
RUN python -m venv --without-pip /opt/haidang
RUN python -m pip --python /opt/haidang/bin/python install \
    --require-hashes --only-binary=:all: --requirement requirements/soc.txt

COPY pyproject.toml README.md LICENSE ./
COPY haidang/ haidang/
COPY collectors/ collectors/
COPY rules/ rules/
COPY correlator/ correlator/
COPY alerts/ alerts/
COPY dashboards/ dashboards/
COPY app/ app/
RUN python -m hatchling build -t wheel -d /dist
RUN python -m pip --python /opt/haidang/bin/python install --no-deps --no-index /dist/*.whl


FROM python:3.11.14-slim-bookworm

ENV PATH=/opt/haidang/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# A fixed number: the secrets on the host are readable by this group (docs/decisions/0011).
RUN groupadd --gid 10001 haidang \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/haidang \
        --shell /usr/sbin/nologin haidang \
    && install --directory --owner haidang --group haidang --mode 0750 /var/lib/haidang
COPY --from=build /opt/haidang /opt/haidang

USER 10001:10001
WORKDIR /var/lib/haidang
ENTRYPOINT ["haidang"]
CMD ["--help"]
