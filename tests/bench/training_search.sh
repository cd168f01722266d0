#!/bin/sh
# training_search.sh BUILD_DIR: what the search for a training plan costs, on one core.
#
# BUILD_DIR holds the libraries of a release build (cmake --preset release). Prints for questions of
# growing space the points evaluated and valid, CPU seconds, points per CPU-second with bounds and with
# every point computed, instructions per point (callgrind, of the whole process, less those of a space
# of a few points), and the MFU of the best plan. Asserts nothing: times depend on the machine.
#
# For comparison: calculon, on the first question, 265 configurations per CPU-second.
set -u
build=$(readlink -f "${1:?usage: training_search.sh BUILD_DIR}")
here=$(dirname "$(readlink -f "$0")")
for tool in c++ valgrind; do
  command -v $tool >/dev/null || { echo "training_search: needs $tool"; exit 1; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
c++ -O2 -std=c++20 -I"$here/../../include" -o search "$here/training_search.cpp" \
  "$build/libdsplan_builtin.a" "$build/libdsplan_core.a" || exit 1

# questions: model, GPU, GPUs, global batch, sequence.
questions() {
  cat <<END
gpt3-175b a100-sxm-80 64 64 2048
llama-3.1-70b h100-sxm 64 256 4096
llama-3.1-405b h100-sxm 1024 1024 8192
deepseek-v3 h200-sxm 1024 4096 4096
END
}

# instructions ARG...: of a whole process. It searches twice: for the counts and for the answer.
instructions() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null ./search "$@" 2>&1 >/dev/null |
    awk '/Collected :/ { print $4 }'
}

start=$(instructions llama-3.1-8b a100-sxm-80 1 1 128 1)
while read -r model gpu gpus batch length; do
  set -- "$model" "$gpu" "$gpus" "$batch" "$length" 1
  ./search "$@" >bounded && ./search "$@" exhaustive >all || exit 1
  # Counting is slow: only where the space is small.
  counted=
  [ "$(cut -d' ' -f1 bounded)" -gt 300000 ] || counted=$(instructions "$@")
  paste -d' ' bounded all | awk -v question="$*" -v i="${counted:-0}" -v start="$start" '{
    exhaustive_s = 0; mfu = $5
    for (n = 6; n <= NF; ++n) if ($n == $1 && $(n + 1) == $2) exhaustive_s = $(n + 3)
    printf "%s\n", question
    printf "  %d points, %d valid, %d layouts, best MFU %.1f %%\n", $1, $2, $3, 100 * mfu
    printf "  %.3f CPU s, %.0f points per CPU-second; every point computed %.0f\n",
           $4, $1 / $4, $1 / exhaustive_s
    if (i > 0) printf "  %.0f instructions a point\n", (i - start) / 2 / $1
  }'
done <<END
$(questions)
END
