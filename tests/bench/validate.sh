#!/bin/sh
# validate.sh BINARY: how fast `validate` judges a table of static batches, by form of the answer.
#
# Repeats the static rows of tests/accuracy/serving_other.csv to 200,000 lines and prints lines a second of
# processor time, and the instructions of a line (callgrind over two shorter tables, the start left out).
# Nothing fails here: speed depends on the machine.
set -eu
binary=$(readlink -f "${1:?usage: validate.sh BINARY}")
here=$(dirname "$(readlink -f "$0")")
table=$here/../accuracy/serving_other.csv
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# repeated LINES: the header and so many static rows.
repeated() {
  awk -F, -v lines="$1" '
    NR == 1 { print; next }
    $12 == "static" { rows[++n] = $0 }
    END { for (i = 0; i < lines; ++i) print rows[i % n + 1] }' "$table"
}

instructions() {
  repeated "$1" >"$work/small.csv"
  valgrind --tool=callgrind --callgrind-out-file=/dev/null \
    "$binary" validate "$work/small.csv" 2>&1 >/dev/null | awk '/Collected :/ { print $4 }'
}

lines=200000
repeated $lines >"$work/large.csv"
for form in table csv json; do
  bash -c "TIMEFORMAT='%U %S'; time \"$binary\" validate \"$work/large.csv\" -o $form >/dev/null" 2>"$work/time"
  awk -v form=$form -v lines=$lines '{ printf "%-6s %.0f lines a second of processor time\n", form, lines / ($1 + $2) }' "$work/time"
done
if command -v valgrind >/dev/null; then
  few=$(instructions 3000)
  many=$(instructions 6000)
  echo "table  $(((many - few) / 3000)) instructions a line"
fi
