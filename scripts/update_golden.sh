#!/usr/bin/env bash
# Record the golden plan texts anew: scripts/update_golden.sh [BUILD_FOLDER].  Read the diff before
# you commit it: each change of a plan needs a reason.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
cmake --build "$build" --target golden.plan
APO_UPDATE_GOLDEN=1 "$build/tests/golden.plan"
git diff --stat -- tests/golden
