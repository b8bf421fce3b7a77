# One image for every part of Windowshop: the commands, the workers, the reports.
ARG BASE_IMAGE=python:3.11-slim-bookworm
FROM ${BASE_IMAGE}

# Fashion-MNIST as a Debian package: a running container fetches nothing.
RUN apt-get update \
 && apt-get install -y --no-install-recommends dataset-fashion-mnist \
 && apt-get clean \
 && rm -rf /var/lib/apt/lists/*

# The home of the user is where Windowshop keeps its state. Volumes take the owner of the folder they cover.
RUN useradd --system --uid 10001 --home-dir /var/lib/windowshop windowshop \
 && install -d -o windowshop -g windowshop /var/lib/windowshop /reports /secrets
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    WINDOWSHOP_HOME=/var/lib/windowshop \
    WINDOWSHOP_RUNS=/reports

# The requirements are most of the image and change seldom: a layer of their own. What is removed in the same
# layer costs nothing: TensorFlow's headers for C++ and the parser of them, the tests of the large libraries.
WORKDIR /opt/windowshop
COPY requirements/runtime.txt requirements/
RUN python3 -m venv /opt/venv \
 && pip install -qq --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/runtime.txt \
 && cd /opt/venv/lib/python3*/site-packages \
 && rm -rf tensorflow/include tensorflow/xla_aot_runtime_src clang \
 && find pandas scipy numpy matplotlib mpl_toolkits -type d -name tests -prune -exec rm -rf {} +

COPY . .
RUN pip install -qq --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation --editable . \
 && chmod -R a+rX .

# The last layer, so that a new commit builds nothing else again; reports show it.
ARG COMMIT=
RUN printf %s "$COMMIT" > COMMIT

USER windowshop
ENTRYPOINT ["windowshop"]
CMD ["--help"]
