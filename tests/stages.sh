# shellcheck shell=bash disable=SC2154
# The stages of `./dev test`, read by ./dev. Every stage runs even when an earlier one failed; each adds a line
# `passed failed` to the tally, and the last line of the whole run is their sum. A stage that ran no test has failed.

all_stages=(unit asan tsan fuzz layering e2e)
reports=$root/build/test
tally=$reports/tally

record() { # PASSED FAILED
  printf '%d %d\n' "$1" "$2" >>"$tally"
}

# Adds up gtest's JSON reports; a binary that crashed left none, but its exit shows in ctest's status.
record_gtest() { # FOLDER CTEST_STATUS
  local passed failed
  read -r passed failed < <(cat /dev/null "$1"/*.json 2>/dev/null | jq -rs '
    [.[].testsuites[].testsuite[]] |
    "\(map(select(.result == "COMPLETED" and (.failures | not))) | length) \(map(select(.failures)) | length)"')
  if [ "$2" != 0 ] && [ "$failed" = 0 ]; then failed=1; fi
  record "$passed" "$failed"
}

gtests() { # PRESET REPORT_NAME
  local folder=$reports/$2 status=0
  rm -rf "$folder" && mkdir -p "$folder"
  GTEST_OUTPUT=json:$folder/ GTEST_BRIEF=1 \
    ctest --test-dir "build/$1" --output-on-failure --no-tests=error --timeout 600 -j "$jobs" || status=$?
  record_gtest "$folder" $status
}

stage_unit() { build release && gtests release unit; }
stage_tsan() { build tsan && TSAN_OPTIONS="halt_on_error=1 suppressions=$root/tests/tsan.supp" gtests tsan tsan; }

# The fuzz preset is the asan preset plus coverage counters: one build serves both stages.
stage_asan() { build fuzz && ASAN_OPTIONS=detect_stack_use_after_return=1 gtests fuzz asan; }

fuzz_one() { # BINARY
  local name
  name=$(basename "$1")
  mkdir -p "build/fuzz/found/$name" "tests/fuzz/corpus/$name"
  if "$1" -max_total_time="${FUZZ_SECONDS:-20}" -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/$name-" "build/fuzz/found/$name" "tests/fuzz/corpus/$name" \
    >"$reports/$name.log" 2>&1; then
    echo "ok      $name $(grep -o 'number_of_executed_units.*' "$reports/$name.log")"
  else
    echo "FAILED  $name"; tail -n 40 "$reports/$name.log"
  fi
}

stage_fuzz() {
  build fuzz || return
  export -f fuzz_one
  export reports FUZZ_SECONDS
  find build/fuzz/tests/fuzz -maxdepth 1 -name '*_fuzz' -type f | sort |
    xargs -r -P 2 -I{} bash -c 'fuzz_one {}' | tee "$reports/fuzz.log"
  record "$(grep -c '^ok ' "$reports/fuzz.log")" "$(grep -c '^FAILED ' "$reports/fuzz.log")"
}

pytest_count() { # LOG WORD: how many of that word the summary line tells
  tail -n 1 "$1" | grep -oE "[0-9]+ $2" | grep -oE '[0-9]+' || echo 0
}

pytests() { # REPORT_NAME PATH [ARGUMENT...]
  local log=$reports/$1.log
  need_venv || return
  $python -m pytest -p no:cacheprovider --color=no "${@:2}" 2>&1 | tee "$log" || true
  record "$(pytest_count "$log" passed)" $(($(pytest_count "$log" failed) + $(pytest_count "$log" 'errors?')))
}

stage_layering() { pytests layering tests/layering; }
stage_e2e() { need run && build release millrace && pytests e2e tests/e2e "$@"; }

run_stage() { # STAGE [ARGUMENT...]
  local lines began=$SECONDS
  say "stage $1"
  lines=$(wc -l <"$tally")
  "stage_$1" "${@:2}" || true
  [ "$(wc -l <"$tally")" -gt "$lines" ] || { echo "stage $1 did not get to its tests"; record 0 1; }
  [ "$(tail -n 1 "$tally")" != '0 0' ] || { echo "stage $1 ran no test"; record 0 1; }
  say "stage $1: $(tail -n 1 "$tally" | sed 's/ / passed, /') failed, $((SECONDS - began)) s"
}

test_stages() { # [STAGE [ARGUMENT...]]
  local passed failed stage
  need build run test
  mkdir -p "$reports" && : >"$tally"
  if [ $# -gt 0 ]; then
    [[ " ${all_stages[*]} " == *" $1 "* ]] || die "no stage '$1': ${all_stages[*]}"
    run_stage "$@"
  else
    build release || { echo '0 passed, 1 failed'; exit 1; }
    for stage in "${all_stages[@]}"; do run_stage "$stage"; done
  fi
  read -r passed failed < <(awk '{p += $1; f += $2} END {print p + 0, f + 0}' "$tally")
  say "all stages took $SECONDS s"
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}
