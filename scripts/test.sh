#!/usr/bin/env bash
# Build and run every test; the last line is "N passed, N failed", and the exit status says whether
# any failed.  Installs what is missing; may be run again.  Needs no GPU.
#
#   1. release build:   ctest, all labels, on the OpenCL devices there are (PoCL at least)
#   2. sanitize build:  ctest without what only compiles kernels or looks at sources
#   3. fuzz:            each reader on 50,000 inputs that libFuzzer makes, the same each time
#   4. peers:           pytest against xgboost, shap and scikit-learn, in .venv
#   5. Intel:           ctest -L kernel on Intel's CPU runtime, where it can be installed
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh

results=build/test-results
n_passed=0
n_failed=0

say() { printf '\n== %s\n' "$1"; }

# Always the last line, however the script ends.
finish() {
  local status=$?
  # A step that died without a report is a failure too.
  [ "$status" -eq 0 ] || [ "$n_failed" -gt 0 ] || n_failed=1
  echo "$n_passed passed, $n_failed failed"
  [ "$n_failed" -eq 0 ] || exit 1
}
trap finish EXIT

# The number behind name="..." in the first <testsuite ...> of a JUnit file; 0 if it is not there.
count_of() {
  local number
  number=$(tr '\n' ' ' <"$2" | sed 's/.*<testsuite \([^>]*\)>.*/\1/; t; d' |
    sed -n "s/.*\b$1=\"\([0-9]*\)\".*/\1/p")
  echo "${number:-0}"
}

# Add the results of one test run.  A run that left none, or that failed without a failed test, is
# one failure.
#   tally NAME STATUS JUNIT_FILE
tally() {
  local total=0 bad=0 skipped=0
  if [ -s "$3" ]; then
    total=$(count_of tests "$3")
    bad=$(($(count_of failures "$3") + $(count_of errors "$3")))
    skipped=$(($(count_of skipped "$3") + $(count_of disabled "$3")))
  fi
  [ "$total" -gt 0 ] || bad=1 total=1
  [ "$2" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
  [ "$((total - bad - skipped))" -ge 0 ] || total=$((bad + skipped))
  n_passed=$((n_passed + total - bad - skipped))
  n_failed=$((n_failed + bad))
  echo "$1: $((total - bad - skipped)) passed, $bad failed, $skipped skipped"
}

# build PRESET FOLDER: the whole tree, or one failure.
build() {
  local launcher=()
  command -v ccache >/dev/null && launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
  cmake --preset "$1" -DAPO_TESTS=ON "${launcher[@]}" >"$results/$1.configure.log" ||
    { cat "$results/$1.configure.log"; return 1; }
  cmake --build "$2" -j "$(nproc)"
}

# run_ctest NAME FOLDER [ctest options]
run_ctest() {
  local name=$1 folder=$2 status=0 report
  shift 2
  report=$PWD/$results/$name.xml
  rm -f "$report"
  ctest --test-dir "$folder" -j "$(nproc)" --output-on-failure --output-junit "$report" "$@" ||
    status=$?
  tally "$name" "$status" "$report"
}

make_venv() {
  local wanted=tests/peer/requirements.txt
  cmp -s "$wanted" .venv/requirements.txt && return 0
  python3 -m venv .venv &&
    .venv/bin/python -m pip install -q --disable-pip-version-check -r "$wanted" &&
    cp "$wanted" .venv/requirements.txt
}

mkdir -p "$results"
say "Packages"
install_missing "${build_packages[@]}" "${test_packages[@]}" "${fuzz_packages[@]}"

say "Release build"
if build release build; then
  run_ctest release build
else
  n_failed=$((n_failed + 1))
fi

say "Sanitize build"
if build sanitize build-sanitize; then
  run_ctest sanitize build-sanitize -LE '^(kernel|peer|style)$' -E '^golden[.]gpu[.]'
else
  n_failed=$((n_failed + 1))
fi

say "Fuzz"
status=0
report=$PWD/$results/fuzz.xml
rm -f "$report"
scripts/fuzz.sh --runs 50000 --seed 1 --fresh --jobs "$(nproc)" --junit "$report" || status=$?
tally fuzz "$status" "$report"

say "Peers"
status=0
report=$results/peer.xml
rm -f "$report"
if make_venv; then
  .venv/bin/python -m pytest -q -p no:cacheprovider --junitxml="$report" tests/peer || status=$?
else
  echo "peer: the packages of tests/peer/requirements.txt could not be installed" >&2
  status=1
fi
tally peer "$status" "$report"

say "Intel's CPU runtime"
if environment=$(scripts/intel_opencl.sh build/intel); then
  # Intel's alone: the other drivers had their turn.
  (
    eval "$environment"
    mkdir -p build/intel/alone
    cp build/intel/icd/intel-cpu.icd build/intel/alone/
    export OCL_ICD_VENDORS=$PWD/build/intel/alone
    run_ctest intel build -L '^kernel$' -E '^kernel[.]races[.]'
    echo "$n_passed $n_failed" >"$results/counts"
  )
  read -r n_passed n_failed <"$results/counts"
else
  echo "intel: SKIPPED: the runtime could not be installed"
fi

say "All of them"
