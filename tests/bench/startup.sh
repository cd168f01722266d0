#!/bin/sh
# startup.sh [--check | --record] BINARY [BINARY_WITH_SYMBOLS]: what a whole dsplan process costs.
#
# Prints, for each question below, the instructions (callgrind: the same on every run), the wall
# time against an empty static program started by turns with it, and the peak of resident memory;
# with a build that has symbols, also where the instructions go. To make one:
#   cmake --preset release -B build/symbols -DCMAKE_EXE_LINKER_FLAGS= -DCMAKE_CXX_FLAGS=-g
#   cmake --build build/symbols
#   --check   fails over 4 times the empty program, over 12 MB, or over the instructions in
#             ceilings.txt. Wall time depends on the machine, so this is for use by hand.
#   --record  lowers the ceilings to what is measured; it never raises one.
set -u
mode=
case ${1-} in --check | --record) mode=$1; shift ;; esac
binary=$(readlink -f "${1:?usage: startup.sh [--check | --record] BINARY [BINARY_WITH_SYMBOLS]}")
symbols=${2:+$(readlink -f "$2")}
here=$(dirname "$(readlink -f "$0")")
ceilings=$here/ceilings.txt
most_ratio=4
most_kib=11718 # 12 MB

for tool in cc valgrind; do
  command -v $tool >/dev/null || { echo "startup: needs $tool"; exit 1; }
done
[ -x "$binary" ] || { echo "startup: no program $binary"; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
echo 'int main(void) { return 0; }' >empty.c
cc -O2 -static -o empty empty.c && cc -O2 -static -o spawn_ratio "$here/spawn_ratio.c" || exit 1

# questions: a name and the arguments, one a line.
questions() {
  cat <<END
rule memory --params 13B --precision fp16 --batch 4
model memory --model llama-3.1-70b --gpu h100 --gpus 4
latency latency --model llama-3.1-70b --gpu h100 --gpus 4
END
}

# callgrind PROGRAM ARG...: leaves the profile in callgrind.out and prints the instructions.
callgrind() {
  env -i PATH=/usr/bin:/bin LC_ALL=C valgrind --tool=callgrind --callgrind-out-file=callgrind.out \
    "$@" >answer 2>messages || { cat answer messages >&2; return 1; }
  awk '/Collected :/ { print $4 }' messages
}

ceiling_of() { awk -v name="$1" '$1 == name { print $2 }' "$ceilings" 2>/dev/null; }

record() {
  old=$(ceiling_of "$1")
  if [ -z "$old" ] || [ "$2" -lt "$old" ]; then
    { grep -v "^$1 " "$ceilings" 2>/dev/null; echo "$1 $2"; } >new_ceilings
    cat new_ceilings >"$ceilings"
  fi
}

# over WHAT VALUE LIMIT: in --check, tells and remembers a limit that is passed or not known.
over() {
  [ "$mode" = --check ] || return 0
  if [ -z "$3" ]; then
    echo "  no ceiling for $1: run startup.sh --record"
  elif awk -v value="$2" -v limit="$3" 'BEGIN { exit value > limit }'; then
    return 0
  else
    echo "  over the budget: $1 $2, at most $3"
  fi
  echo over >>failures
}

measure() {
  name=$1
  shift
  instructions=$(callgrind "$binary" "$@") || return 1
  "$work/spawn_ratio" 200 "$work/empty" "$binary" "$@" >timings 2>/dev/null || return 1
  read -r empty_us program_us ratio peak_kib <timings
  echo "dsplan $*"
  awk -v i="$instructions" -v e="$empty_us" -v p="$program_us" -v r="$ratio" -v k="$peak_kib" '
  BEGIN {
    printf "  instructions   %11.0f\n", i
    printf "  wall time      %8.0f us  (empty program %.0f us: %.2f times)\n", p, e, r
    printf "  peak memory    %8.0f KiB\n", k
  }'
  over ratio "$ratio" $most_ratio
  over peak_kib "$peak_kib" $most_kib
  over "$name" "$instructions" "$(ceiling_of "$name")"
  [ "$mode" != --record ] || record "$name" "$instructions"

  [ -n "$symbols" ] || return 0
  callgrind "$symbols" "$@" >/dev/null || return 1
  callgrind_annotate --threshold=80 callgrind.out | awk '
    /file:function/ { on = 1; next }
    on && /%\)/ && shown++ < 15 { print "   " substr($0, 1, 120) }'
}

questions >questions.txt
while read -r name arguments; do
  # shellcheck disable=SC2086  # a list of words
  measure "$name" $arguments </dev/null || exit 1
done <questions.txt
[ ! -e failures ]
