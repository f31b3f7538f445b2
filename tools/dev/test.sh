# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
# shellcheck shell=bash
#
# The stages of ./dev test. Each runs whatever became of those before it, and the end says which
# of them failed.

TEST_STAGES=(check unit sanitize fuzz system)
FUZZ_SECONDS=${FUZZ_SECONDS:-60} # for all targets together

stage_check () {
  run_check
}

stage_unit () {
  build release
  ctest --preset release --no-tests=error -j "$(nproc)"
}

stage_sanitize () {
  build sanitize
  export UBSAN_OPTIONS=print_stacktrace=1
  ctest --preset sanitize --no-tests=error -j "$(nproc)"
}

# fuzz_one TARGET SECONDS SCRATCH: from the corpus that the unit tests use, in a copy, so that
# what the fuzzer adds stays out of the tree.
fuzz_one () {
  local name=${1#fuzz-} seconds=$2 scratch=$3/$1 found=build-fuzz/found/$1
  mkdir -p "$scratch" "$found"
  if [ -d "tests/corpus/$name" ]; then
    cp -r "tests/corpus/$name/." "$scratch"
  fi
  if ! "build-fuzz/bin/$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
      -verbosity=0 -artifact_prefix="$found/" "$scratch" >"$scratch.log" 2>&1 </dev/null; then
    printf '%s: FAILED; what it fell over is kept in %s\n' "$1" "$found"
    tail -n 60 "$scratch.log"
    return 1
  fi
  printf '%s: %s s, no fault\n' "$1" "$seconds"
}

stage_fuzz () {
  local targets jobs share scratch failed=0
  if ! grep -qrs lk_fuzz_target tests/fuzz; then
    say "no fuzz targets in tests/fuzz"
    return
  fi
  # Targets that are no longer in the source tree must not be run.
  rm -rf build-fuzz/bin
  build fuzz
  targets=(build-fuzz/bin/fuzz-*)
  jobs=$(nproc)
  share=$((FUZZ_SECONDS * jobs / ${#targets[@]}))
  if [ "$share" -lt 1 ]; then
    share=1
  fi
  scratch=$(mktemp -d)
  export -f fuzz_one
  printf '%s\n' "${targets[@]##*/}" |
    xargs -P "$jobs" -I TARGET bash -c 'fuzz_one "$@"' - TARGET "$share" "$scratch" || failed=1
  rm -rf "$scratch"
  return "$failed"
}

# The tests of a file share a stack, so a file stays in one process; each process has a broker of
# its own. Most of what a test does is wait, so there are two processes a core.
stage_system () {
  build release
  build chaos
  "$PYTHON" -m pytest tests/system -q -n "$((2 * $(nproc)))" --dist loadfile
}

# run_tests [STAGE...]: all of them, or those named, in the order above.
run_tests () {
  local stage name start status lines=() groups=() passed=0 failed=0
  local wanted=("$@")
  if [ $# -eq 0 ]; then
    wanted=("${TEST_STAGES[@]}")
  fi
  for name in "${wanted[@]}"; do
    [[ " ${TEST_STAGES[*]} " == *" $name "* ]] ||
      die "no test stage '$name'; there are: ${TEST_STAGES[*]}"
  done
  for stage in "${wanted[@]}"; do
    case $stage in
      check) groups+=(check) ;;
      unit | sanitize) groups+=(build) ;;
      fuzz) groups+=(build fuzz) ;;
      system) groups+=(build python kafka) ;;
    esac
  done
  need "${groups[@]}"
  if [[ " ${groups[*]} " == *" kafka "* ]]; then
    need_kafka
    need_helm
  fi
  for stage in "${wanted[@]}"; do
    say "test stage: $stage"
    start=$SECONDS
    # A subshell of its own, so that the first failing command ends the stage and nothing more.
    # Not as part of a condition: there bash would take no notice of failures inside.
    set +e
    (
      set -e
      "stage_$stage"
    )
    status=$?
    set -e
    if [ "$status" -eq 0 ]; then
      passed=$((passed + 1))
      lines+=("$(printf '%-9s passed  %4d s' "$stage" $((SECONDS - start)))")
    else
      failed=$((failed + 1))
      lines+=("$(printf '%-9s FAILED  %4d s' "$stage" $((SECONDS - start)))")
    fi
  done
  printf '\n'
  printf '%s\n' "${lines[@]}"
  printf 'stages: %d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ]
}
