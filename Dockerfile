# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
#
# All programs in one image; the command says which one runs. They handle their signals themselves,
# so they may be process 1.
FROM debian:12-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      gcc libc6-dev cmake ninja-build pkg-config libglib2.0-dev libjansson-dev librdkafka-dev \
      libcurl4-openssl-dev libmicrohttpd-dev libyaml-dev libjemalloc-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# Only the programs: the tests are left out of the build's context.
RUN mkdir -p tests && touch tests/CMakeLists.txt \
 && cmake --preset release \
 && cmake --build --preset release \
 && cmake --install build --strip --prefix /out

FROM debian:12-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      libglib2.0-0 libjansson4 librdkafka1 libcurl4 libmicrohttpd12 libyaml-0-2 libjemalloc2 \
      tzdata ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -o 65532 -g 65532 -m 0700 /run/latchkey
COPY --from=build /out/bin/ /usr/bin/
COPY topics /usr/share/latchkey/topics
USER 65532:65532
EXPOSE 9464
CMD ["latchkey", "--help"]
