#!/bin/sh
# run_fuzzer.sh BINARY SEEDS RUNS: fuzzes for a fixed count from a fixed seed, 15 s at most.
# New inputs go to a scratch folder, never into SEEDS; a crash is left in the folder named.
set -eu
binary=$1 seeds=$2 runs=$3
scratch=$binary.inputs
crashes=$binary.crashes

rm -rf "$scratch"
mkdir -p "$scratch" "$crashes"
set -- "$scratch"
if [ -d "$seeds" ]; then set -- "$scratch" "$seeds"; fi

if "$binary" -seed=1 -runs="$runs" -max_total_time=15 -timeout=10 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="$crashes/" "$@"; then
  exit 0
fi
echo "run_fuzzer: the failing input is in $crashes; keep it in $seeds with its fix" >&2
exit 1
