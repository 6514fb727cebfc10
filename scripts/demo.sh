#!/usr/bin/env bash
# Explain late flights out of New York, from nothing to reasons: installs what is missing, builds,
# runs Kernel SHAP on the OpenCL CPU device into an SQLite store, and reads the answers by SQL.
#
#   scripts/demo.sh [--rows N | --all]      N flights of the example's 10,000; 1,000 if not said
#
# It may be run again; APO_DEMO_DEVICE names another device (docs/DEVICES.md).
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

n_rows=1000
while [ $# -gt 0 ]; do
  case $1 in
    --rows) n_rows=${2:?--rows: a number is missing}; shift 2 ;;
    --all) n_rows=10000; shift ;;
    *) echo "usage: scripts/demo.sh [--rows N | --all]" >&2; exit 2 ;;
  esac
done
case $n_rows in
  '' | *[!0-9]* | 0) echo "demo.sh: --rows $n_rows: a number above 0 was needed" >&2; exit 2 ;;
esac

say() { printf '\n== %s\n' "$1"; }

install_missing "${build_packages[@]}"

say "Build"
if [ ! -f build/CMakeCache.txt ]; then
  cmake --preset release -DAPO_TESTS=OFF >/dev/null
fi
cmake --build build --target apportion_tool -- --quiet
tool=build/bin/apportion

data=examples/flights
work=build/demo
store=$work/flights.db
mkdir -p "$work"
rm -f "$store" "$store"-*
head -n "$((n_rows + 1))" "$data/rows.csv" >"$work/rows.csv"

say "Explain $n_rows flights: Kernel SHAP, probability of being more than 30 minutes late"
"$tool" explain --model "$data/model.ubj" --data "$work/rows.csv" \
  --background "$data/background.csv" --method kernel --output probability --link logit \
  --device "${APO_DEMO_DEVICE:-cpu}" --out "sqlite:$store" --json | tail -n 1 >"$work/summary.json"

# One sqlite3 session per question.  `value` has the flights in long form, so that a reason can show
# what it is about: the store keeps attributions, not inputs.
ask() {
  local columns column values=
  IFS=, read -r -a columns <"$work/rows.csv"
  for column in "${columns[@]}"; do
    values+="${values:+ UNION ALL }SELECT rowid - 1 AS row_ord, '$column' AS feature,"
    values+=" \"$column\" AS value FROM inputs"
  done
  sqlite3 -batch :memory: <<SQL
.bail on
.import --csv $work/rows.csv inputs
ATTACH '$store' AS store;
CREATE TEMP VIEW value AS $values;
CREATE TEMP VIEW long AS
  SELECT l.* FROM store.apo_long l JOIN store.apo_run r USING (run_no) WHERE r.status = 'complete';
$1
SQL
}

say "Throughput"
sqlite3 -batch :memory: "
  SELECT printf('%d flights x %d features on %s', json_extract(j, '$.rows'),
                json_extract(j, '$.features'), json_extract(j, '$.device')),
         printf('%.1f flights per second', json_extract(j, '$.rows_per_second')),
         printf('base value + contributions miss the prediction by at most %.1e log-odds',
                json_extract(j, '$.additivity.max'))
  FROM (SELECT readfile('$work/summary.json') AS j);" | tr '|' '\n'

say "What matters: mean |contribution| in log-odds, ten largest of 25"
ask ".mode list
.separator ''
SELECT printf('%-16s %.3f  ', feature, mean_abs),
       substr('########################################', 1,
              max(1, cast(round(40 * mean_abs / max(mean_abs) OVER ()) AS INTEGER)))
FROM (SELECT feature, avg(abs(phi)) AS mean_abs FROM long GROUP BY feature)
ORDER BY mean_abs DESC, feature LIMIT 10;"

say "Reasons: the likeliest of the $n_rows to be late, the middle one, the least likely"
ask ".mode list
CREATE TEMP TABLE flight AS
  SELECT row_ord, base, base + sum(phi) AS log_odds,
         row_number() OVER (ORDER BY sum(phi) DESC, row_ord) AS place, count(*) OVER () AS n
  FROM long JOIN store.apo_output o USING (run_no, output) GROUP BY row_ord;
CREATE TEMP TABLE chosen AS
  SELECT DISTINCT * FROM flight WHERE place IN (1, (n + 1) / 2, n);
CREATE TEMP TABLE reason AS
  SELECT place, row_number() OVER (PARTITION BY place ORDER BY abs(phi) DESC, feature) AS line,
         printf('  %-16s %10s   %+.3f log-odds, odds x %.2f', feature,
                iif(value = '', 'missing', value), phi, exp(phi)) AS text
  FROM long JOIN chosen USING (row_ord) JOIN value USING (row_ord, feature);
SELECT text FROM (
  SELECT place, 0 AS line,
         printf('flight in row %d: late with probability %.3f; the average flight: %.3f', row_ord,
                1 / (1 + exp(-log_odds)), 1 / (1 + exp(-base))) AS text FROM chosen
  UNION ALL SELECT * FROM reason WHERE line <= 6)
ORDER BY place, line;"

say "The attributions are in $store; try: sqlite3 $store 'SELECT * FROM apo_long LIMIT 5'"
