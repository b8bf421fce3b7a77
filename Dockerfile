# One image for every part of Windowshop: the commands, the workers, the reports.
ARG BASE_IMAGE=python:3.11-slim-bookworm
FROM ${BASE_IMAGE}

# Fashion-MNIST as a Debian package: a running container fetches nothing.
RUN apt-get update \
 && apt-get install -y --no-install-recommends dataset-fashion-mnist \
 && rm -rf /var/lib/apt/lists/*

# The home of the user is where Windowshop keeps its state. Volumes take the owner of the folder they cover.
RUN useradd --system --uid 10001 --home-dir /var/lib/windowshop windowshop \
 && install -d -o windowshop -g windowshop /var/lib/windowshop /reports /secrets
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    WINDOWSHOP_HOME=/var/lib/windowshop \
    WINDOWSHOP_RUNS=/reports

# The requirements are most of the image and change seldom: a layer of their own.
WORKDIR /opt/windowshop
COPY requirements/runtime.txt requirements/
RUN python3 -m venv /opt/venv \
 && pip install -qq --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/runtime.txt

COPY . .
RUN pip install -qq --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation --editable . \
 && chmod -R a+rX .

USER windowshop
ENTRYPOINT ["windowshop"]
CMD ["--help"]
