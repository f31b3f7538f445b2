# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
# shellcheck shell=bash
#
# Configuring and building by CMake's presets.

# build PRESET: quiet unless something is wrong.
build () {
  local preset=$1 options=(-DLK_WERROR=OFF)
  if [ "${CI:-}" = true ]; then
    options=(-DLK_WERROR=ON)
  fi
  if command -v ccache >/dev/null; then
    options+=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
  fi
  say "building: $preset"
  # Its standard output only tells of variables and of being done.
  cmake --preset "$preset" --log-level=WARNING "${options[@]}" >/dev/null
  cmake --build --preset "$preset" -- --quiet >&2
}
