# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
# shellcheck shell=bash
#
# The Kafka broker's jars, by the Maven coordinates in tools/kafka/pom.xml, into the cache.

# The folder is named after the pom's content: a changed pom is another folder, and one that is
# there is whole (tests/system/harness/paths.py computes the same name).
kafka_jars () {
  local pom=tools/kafka/pom.xml version digest
  version=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$pom")
  digest=$(sha256sum "$pom" | cut -c 1-8)
  echo "$LATCHKEY_CACHE/kafka-$version-$digest"
}

need_kafka () {
  local jars fresh
  need kafka
  jars=$(kafka_jars)
  if [ -d "$jars" ]; then
    return
  fi
  say "fetching $(basename "$jars") with Maven into $LATCHKEY_CACHE"
  mkdir -p "$LATCHKEY_CACHE"
  # Into a folder of its own, then renamed: an interrupted download leaves no half a broker.
  fresh=$(mktemp -d "$LATCHKEY_CACHE/fetching.XXXXXX")
  if ! mvn -B -q -Dstyle.color=never -f tools/kafka/pom.xml dependency:copy-dependencies \
      -DincludeScope=runtime -DoutputDirectory="$fresh/jars" </dev/null >"$fresh/log" 2>&1; then
    tail -n 20 "$fresh/log" >&2
    rm -rf "$fresh"
    die "Maven could not fetch the broker; what it is configured with decides from where"
  fi
  # Somebody else may have been faster; theirs is as good.
  mv -T "$fresh/jars" "$jars" 2>/dev/null || [ -d "$jars" ]
  rm -rf "$fresh"
}
