#!/usr/bin/env bash
# Fuzz the readers: build with libFuzzer and sanitizers, run, and say what was found.
#
#   fuzz.sh [TARGET...] [--runs N | --seconds S] [--jobs N] [--seed N] [--fresh] [--no-build]
#           [--junit FILE]
#
#   TARGET      of tests/fuzz/targets.txt; all of them
#   --runs N    executions of each target
#   --seconds S time of each target; 60
#   --jobs N    targets at a time; 1
#   --seed N    of the random numbers; a new one each time
#   --fresh     start from the seeds alone, and leave the corpus as it is: the same run each time
#   --no-build  run the programs that are there
#   --junit F   write the results as a JUnit file
#
# In build-fuzz/ (or $APO_FUZZ_FOLDER): corpus/TARGET grows from run to run, findings/TARGET holds
# inputs that failed, logs/TARGET.log the last run, totals/TARGET the executions so far.  May be
# interrupted; what was done until then counts, and the next run goes on from the corpus.  A finding
# that no longer fails moves to fixed/TARGET.  The exit status is 1 if there is a finding.
# APO_FUZZ_OPTIONS holds more options for libFuzzer.
set -eu -o pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

build=${APO_FUZZ_FOLDER:-build-fuzz}
table=tests/fuzz/targets.txt
limit=-max_total_time=60
jobs=1
seed=0
fresh=no
builds=yes
junit=
wanted=()
while [ $# -gt 0 ]; do
  case $1 in
    --runs) limit=-runs=$2; shift ;;
    --seconds) limit=-max_total_time=$2; shift ;;
    --jobs) jobs=$2; shift ;;
    --seed) seed=$2; shift ;;
    --junit) junit=$2; shift ;;
    --fresh) fresh=yes ;;
    --no-build) builds=no ;;
    -*) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2 ;;
    *) wanted+=("$1") ;;
  esac
  shift
done

# field NAME NUMBER: a column of the table.
field() { awk -v name="$1" -v n="$2" '$1 == name { print $n }' $table; }

# Copy what a target starts from into its folder.
gather_seeds() { # target folder
  local longest pattern file
  longest=$(field "$1" 5)
  rm -rf "$2" && mkdir -p "$2"
  for pattern in "fuzz/corpus/$1/*" $(awk -v name="$1" '$1 == name { for (i = 6; i <= NF; i++) print $i }' $table); do
    for file in tests/$pattern; do
      case $file in *.expected.json) continue ;; esac
      [ -f "$file" ] && [ "$(stat -c %s "$file")" -le "$longest" ] || continue
      cp "$file" "$2/$(basename "$(dirname "$file")")-$(basename "$file")"
    done
  done
}

count_files() { find "$1" -type f 2>/dev/null | wc -l; }

# Findings of earlier runs that the program now survives are no findings any more.
retry_findings() { # target program
  local file
  for file in "$build/findings/$1"/*; do
    [ -f "$file" ] || continue
    case ${file##*/} in slow-unit-*) rm -f "$file"; continue ;; esac
    if "$2" -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=16 "$file" >/dev/null 2>&1; then
      mkdir -p "$build/fixed/$1"
      mv "$file" "$build/fixed/$1/"
    fi
  done
}

# One target from its seeds to its log; its result is one line in results/.
run_target() { # target
  local target=$1 program=$build/tests/fuzz_$1 corpus=$build/corpus/$1 log=$build/logs/$1.log
  local seeds=$build/seeds/$1 findings=$build/findings/$1 dictionary=$build/seeds/$1.dict
  local executions total edges files bytes found word child
  [ $fresh = no ] || { corpus=$build/fresh/$1; rm -rf "$corpus"; }
  mkdir -p "$corpus" "$findings" "$build/logs" "$build/totals" "$build/results"
  gather_seeds "$target" "$seeds"
  for word in $(field "$target" 4 | tr , ' '); do cat "tests/fuzz/$word.dict"; done >"$dictionary"
  retry_findings "$target" "$program"
  # An allocation with a short stack and a small quarantine cost half; a finding is run again anyway.
  ASAN_OPTIONS=quarantine_size_mb=8:malloc_context_size=4:${ASAN_OPTIONS:-} \
  UBSAN_OPTIONS=print_stacktrace=1:${UBSAN_OPTIONS:-} \
    "$program" -max_len="$(field "$target" 5)" -timeout=10 -rss_limit_mb=1024 \
    -malloc_limit_mb=16 -print_final_stats=1 -reload=0 -seed="$seed" -dict="$dictionary" \
    -artifact_prefix="$findings/" $limit ${APO_FUZZ_OPTIONS:-} "$corpus" "$seeds" \
    >"$log" 2>&1 &
  child=$!
  trap 'kill -INT $child 2>/dev/null' INT TERM
  wait $child || true
  wait $child || true  # the first one ends with a signal
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)
  rm -f "$findings"/slow-unit-*
  found=$(count_files "$findings")
  # A run without figures broke before it began: that is no success.
  [ -n "$executions" ] || { executions=0; found=$((found + 1)); }
  total=$(($(cat "$build/totals/$target" 2>/dev/null || echo 0) + executions))
  echo $total >"$build/totals/$target"
  edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -1)
  files=$(count_files "$corpus")
  bytes=$(find "$corpus" -type f -printf '%s\n' | awk '{ n += $1 } END { print n + 0 }')
  printf '%s %s %s %s %s %s %s\n' "$target" "$executions" "$total" "$files" "$bytes" \
    "${edges:-0}" "$found" >"$build/results/$target"
}

write_junit() { # file results...
  local file=$1 n_failed=0
  shift
  n_failed=$(cat "$@" | awk '$7 > 0 { n++ } END { print n + 0 }')
  {
    echo "<testsuite name=\"fuzz\" tests=\"$#\" failures=\"$n_failed\">"
    cat "$@" | awk '{ printf "<testcase name=\"fuzz.run.%s\">", $1
                      if ($7 > 0) printf "<failure>%d findings</failure>", $7
                      print "</testcase>" }'
    echo "</testsuite>"
  } >"$file"
}

build_programs() {
  install_missing "${build_packages[@]}" "${fuzz_packages[@]}"
  local launcher=()
  command -v ccache >/dev/null && launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
  cmake --preset fuzz -B $build "${launcher[@]}" >$build.configure.log 2>&1 ||
    { cat $build.configure.log; rm -f $build.configure.log; exit 1; }
  rm -f $build.configure.log
  cmake --build $build --target fuzz -j "$(nproc)" >$build/build.log 2>&1 ||
    { tail -40 $build/build.log; exit 1; }
}

[ $builds = no ] || build_programs
targets=()
for target in $(awk '/^[a-z]/ { print $1 }' $table); do
  [ -x "$build/tests/fuzz_$target" ] || continue
  [ ${#wanted[@]} -eq 0 ] || [[ " ${wanted[*]} " = *" $target "* ]] || continue
  targets+=("$target")
done
if [ ${#targets[@]} -eq 0 ]; then
  echo "no such target; there are: $(awk '/^[a-z]/ { print $1 }' $table | paste -sd' ')" >&2
  exit 2
fi

stopped=no
trap 'stopped=yes; kill -INT $(jobs -p) 2>/dev/null' INT TERM
rm -rf $build/results
for target in "${targets[@]}"; do
  [ $stopped = no ] || break
  while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n || true; done
  [ $stopped = no ] || break
  run_target "$target" &
done
while [ -n "$(jobs -rp)" ]; do wait -n || true; done

printf '%-16s %12s %12s %8s %10s %7s %6s\n' \
  target executions 'in all' files bytes edges found
failed=0
results=()
for target in "${targets[@]}"; do
  [ -e "$build/results/$target" ] || continue
  results+=("$build/results/$target")
  read -r -a row <"$build/results/$target"
  printf '%-16s %12s %12s %8s %10s %7s %6s\n' "${row[@]}"
  [ "${row[6]}" -eq 0 ] || failed=1
done
for target in "${targets[@]}"; do
  [ -e "$build/results/$target" ] || continue
  [ "$(awk '{ print $7 }' "$build/results/$target")" -gt 0 ] || continue
  echo
  echo "== $target: $build/findings/$target/, $build/logs/$target.log"
  grep -E -m 3 'ERROR|runtime error|fuzz: |SUMMARY' "$build/logs/$target.log" ||
    tail -5 "$build/logs/$target.log"
done
[ -z "$junit" ] || write_junit "$junit" "${results[@]}"
[ $stopped = no ] || exit 130
exit $failed
