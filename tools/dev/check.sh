# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
# shellcheck shell=bash
#
# What can be said of the tree without building it.

# tracked PATTERN...: files of the tree, those not yet added too.
tracked () {
  git ls-files --cached --others --exclude-standard -- "$@"
}

run_check () {
  local failed=0 scripts yaml python
  tools/check-tree || failed=1
  tools/check-layers || failed=1
  tools/mutants --check || failed=1
  mapfile -t scripts < <(tracked dev .ci/run 'tools/dev/*.sh' '*.sh' | sort -u)
  shellcheck "${scripts[@]}" || failed=1
  # The chart's templates are no YAML before they are rendered.
  mapfile -t yaml < <(tracked '*.yaml' '*.yml' ':!helm/latchkey/templates' ':!tests/corpus' | sort -u)
  if [ ${#yaml[@]} -gt 0 ]; then
    yamllint --strict -c tools/yamllint.yaml "${yaml[@]}" || failed=1
  fi
  pyflakes3 tests/system tests/bench tools || failed=1
  # A script is a program of its own to mypy, which takes one program at a time.
  for python in 'tests/system tests/bench' tools/check-tree tools/check-layers tools/mutants; do
    # shellcheck disable=SC2086
    mypy --config-file tools/mypy.ini --cache-dir "$LATCHKEY_CACHE/mypy" --no-error-summary \
      $python || failed=1
  done
  if [ "$failed" -eq 0 ]; then
    say "check: the tree is in order"
  fi
  return "$failed"
}
