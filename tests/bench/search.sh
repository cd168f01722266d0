#!/bin/sh
# search.sh BINARY: what the search of `recommend` costs, as a process.
#
# Prints, for each question below, the points evaluated and valid, the instructions (callgrind: the
# same on every run) in all and a point, the wall time (best of five), points a second and the peak
# of resident memory; then how instructions grow with the space: by the share of a doubling of
# points. Nothing is asserted: wall time depends on the machine.
set -u
binary=$(readlink -f "${1:?usage: search.sh BINARY}")
[ -x "$binary" ] || { echo "search: no program $binary"; exit 1; }
for tool in valgrind python3; do
  command -v $tool >/dev/null || { echo "search: needs $tool"; exit 1; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# questions: a name and the arguments, one a line. The first three are those that AIConfigurator is
# timed with; the last four grow by doubling the devices.
questions() {
  load="--input-tokens 4000 --output-tokens 1000"
  cat <<END
llama-70b --model llama-3.1-70b --gpu h200-sxm --gpus 8 $load --max-ttft 2s --max-tpot 30ms
qwen-32b --model qwen3-32b --gpu h200-sxm --gpus 8 $load --max-ttft 2s --max-tpot 30ms
deepseek --model deepseek-v3 --gpu h200-sxm --gpus 64 $load --max-ttft 3s --max-tpot 50ms
all-devices --model qwen3-32b --scenario production
grow-8 --model deepseek-v3 --gpu h200-sxm --gpus 8 $load
grow-16 --model deepseek-v3 --gpu h200-sxm --gpus 16 $load
grow-32 --model deepseek-v3 --gpu h200-sxm --gpus 32 $load
grow-64 --model deepseek-v3 --gpu h200-sxm --gpus 64 $load
END
}

measure() {
  name=$1
  shift
  env -i PATH=/usr/bin:/bin LC_ALL=C valgrind --tool=callgrind --callgrind-out-file=callgrind.out \
    "$binary" recommend "$@" >answer 2>messages
  instructions=$(awk '/Collected :/ { print $4 }' messages)
  python3 - "$binary" recommend "$@" --stats >timing <<'END'
import re, resource, subprocess, sys, time
best, words = 1e9, ""
for _ in range(5):
    start = time.perf_counter()
    run = subprocess.run(sys.argv[1:], capture_output=True, text=True)
    best = min(best, time.perf_counter() - start)
    words = run.stderr
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
points = re.search(r"(\d+) evaluated, (\d+) valid", words)
print(points.group(1), points.group(2), best, peak)
END
  read -r evaluated valid seconds peak_kib <timing
  awk -v n="$name" -v e="$evaluated" -v v="$valid" -v i="$instructions" -v s="$seconds" \
    -v k="$peak_kib" 'BEGIN {
    printf "%-12s %10.0f points %8.0f valid %12.0f instructions %8.1f a point %7.1f ms %11.0f points/s %6.0f KiB\n",
      n, e, v, i, i / e, s * 1e3, e / s, k
  }'
  echo "$name $evaluated $instructions" >>growth
}

questions >questions.txt
: >growth
while read -r name arguments; do
  # shellcheck disable=SC2086  # a list of words
  measure "$name" $arguments </dev/null || exit 1
done <questions.txt
awk '/^grow/ {
  if (points) printf "%s: %.1f times the points, %.2f times the instructions\n", $1, $2 / points, $3 / cost
  points = $2; cost = $3
}' growth
