# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
# shellcheck shell=bash
#
# What every part of ./dev uses: where things are, how it speaks, the Debian packages it needs.

# LATCHKEY_CACHE is outside the tree, so that neither `./dev clean` nor a fresh clone loses it.
LATCHKEY_CACHE=${LATCHKEY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/latchkey}
export LATCHKEY_CACHE

# Debian's Python, since the modules come from Debian too; another one on the PATH lacks them.
PYTHON=/usr/bin/python3
export PYTHON PYTHONDONTWRITEBYTECODE=1

say () {
  printf '==> %s\n' "$*" >&2
}

die () {
  printf 'dev: %s\n' "$*" >&2
  exit 2
}

# packages_of GROUP: what Debian 12 calls the things that a part of the work needs.
packages_of () {
  case $1 in
    build) echo gcc libc6-dev cmake ninja-build pkg-config libglib2.0-dev libjansson-dev \
                librdkafka-dev libcurl4-openssl-dev libmicrohttpd-dev libyaml-dev \
                libjemalloc-dev \
                tzdata ca-certificates ;;
    fuzz) echo clang libclang-rt-14-dev ;;
    check) echo git python3 python3-pytest shellcheck yamllint pyflakes3 mypy ;;
    kafka) echo openjdk-17-jre-headless maven ca-certificates ;;
    python) echo python3 python3-pytest python3-pytest-xdist python3-yaml python3-jsonschema \
                 python3-confluent-kafka ;;
    look) echo kcat ;; # what `up` and `demo --keep` tell people to try
    go) echo golang-go ca-certificates ;;
    fmt) echo git clang-format ;;
    *) die "no package group '$1'" ;;
  esac
}

# need GROUP...: installs what is missing; says nothing and does nothing when all is there.
need () {
  local group package missing=()
  local -A wanted=()
  for group in "$@"; do
    for package in $(packages_of "$group"); do
      wanted[$package]=1
    done
  done
  for package in "${!wanted[@]}"; do
    if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
      missing+=("$package")
    fi
  done
  if [ ${#missing[@]} -eq 0 ]; then
    return
  fi
  mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort)
  say "installing from Debian: ${missing[*]}"
  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "run as root, or: apt-get install ${missing[*]}"
    root=(sudo)
  fi
  "${root[@]}" apt-get update -qq
  # Without a configured system (a bare tree) some packages would stop to ask.
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    -o Dpkg::Use-Pty=0 "${missing[@]}" </dev/null >/dev/null
}
