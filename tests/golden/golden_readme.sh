#!/usr/bin/env bash
# The README does what it says: the shell blocks of its quick start run in an empty folder, what the
# text block shows is among their output, and its C compiles.
#
#   golden_readme.sh SOURCE_DIR TOOL C_COMPILER
set -euo pipefail
source_dir=$1
tool=$2
compiler=$3
readme=$source_dir/README.md

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
ln -s "$source_dir/examples" examples
mkdir work_cache

# The fenced blocks of one language between a heading and the next.
blocks() { # heading language
  awk -v heading="## $1" -v fence="\`\`\`$2" '
    /^## / { is_here = $0 == heading }
    /^```/ { is_in = is_here && $0 == fence; next }
    is_in { print }' "$readme"
}

# What installs is not for a test.
blocks "Quick start" sh | grep -Ev '^ *(sudo|apt|apt-get|scripts/|\. scripts/)' >commands.sh
blocks "Quick start" text >expected.txt
blocks "From C" c >program.c
for part in commands.sh expected.txt program.c; do
  [ -s $part ] || { echo "golden.readme: $readme: nothing found for $part" >&2; exit 1; }
done

bin=$(dirname "$tool")
PATH=$bin:$PATH APPORTION_CACHE_DIR=$scratch/work_cache bash -eu -o pipefail commands.sh \
  >output.txt 2>&1 || { cat output.txt; echo "golden.readme: a command failed" >&2; exit 1; }
while IFS= read -r line; do
  grep -qxF -- "$line" output.txt || {
    cat output.txt
    echo "golden.readme: the commands did not print \"$line\"" >&2
    exit 1
  }
done <expected.txt

"$compiler" -std=c17 -Wall -Wextra -Werror -fsyntax-only "-I$source_dir/include" program.c
echo "$(wc -l <commands.sh) lines ran"
