# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
# shellcheck shell=bash
#
# Helm, to check the chart. Debian has no package of it. This version is the newest that Debian
# 12's Go builds; it comes as a Go module and is built once, into the cache.

HELM_VERSION=v3.12.3
LATCHKEY_HELM=$LATCHKEY_CACHE/helm-$HELM_VERSION
export LATCHKEY_HELM

need_helm () {
  local fresh
  if [ -x "$LATCHKEY_HELM" ]; then
    return
  fi
  command -v go >/dev/null || need go
  say "building helm $HELM_VERSION into $LATCHKEY_CACHE (about a minute)"
  mkdir -p "$LATCHKEY_CACHE"
  fresh=$(mktemp -d "$LATCHKEY_CACHE/building.XXXXXX")
  # The modules and objects are of no use afterwards: a gigabyte that would stay in the home folder.
  if ! GOPATH=$fresh/path GOCACHE=$fresh/objects GOBIN=$fresh/bin GOFLAGS=-modcacherw \
      GOTOOLCHAIN=local go install "helm.sh/helm/v3/cmd/helm@$HELM_VERSION" \
      </dev/null >"$fresh/log" 2>&1; then
    tail -n 5 "$fresh/log" >&2
    rm -rf "$fresh"
    die "helm could not be built; what Go is configured with decides from where its modules come"
  fi
  mv -T "$fresh/bin/helm" "$LATCHKEY_HELM"
  rm -rf "$fresh"
}
