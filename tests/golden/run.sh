#!/bin/sh
# tests/golden/run.sh BINARY [CASE...]: runs the cases, or all, and compares what they print.
#
# A case is a folder beside this script. Its `cmd`, POSIX sh that calls dsplan, runs in that folder
# with an empty home, no other environment and no input; $TMPDIR is an empty folder of its own for
# what it writes. `stdout`, `stderr` and `exit` are what is expected; one that is missing stands
# for nothing printed, or exit code 0. UPDATE=1 writes them instead of comparing.
set -u
binary=$(readlink -f "${1:?usage: run.sh BINARY [CASE...]}")
shift
[ -x "$binary" ] || { echo "golden: no program $binary"; exit 1; }
cd "$(dirname "$(readlink -f "$0")")" || exit 1

if [ $# -eq 0 ]; then
  for file in */cmd; do [ -e "$file" ] && set -- "$@" "${file%/cmd}"; done
fi
[ $# -gt 0 ] || { echo "golden: no cases in $PWD"; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s "$binary" "$work/bin/dsplan"
: >"$work/nothing"

# run_case FOLDER: leaves stdout, stderr and the exit code's text in $work.
run_case() {
  rm -rf "${work:?}/home" "${work:?}/tmp"
  mkdir "$work/home" "$work/tmp"
  (
    cd "$1" || exit 1
    exec env -i PATH="$work/bin:/usr/local/bin:/usr/bin:/bin" HOME="$work/home" \
      XDG_CONFIG_HOME="$work/home" TMPDIR="$work/tmp" LC_ALL=C TZ=UTC \
      ${ASAN_OPTIONS+"ASAN_OPTIONS=$ASAN_OPTIONS"} \
      ${UBSAN_OPTIONS+"UBSAN_OPTIONS=$UBSAN_OPTIONS"} \
      timeout 120 sh ./cmd
  ) >"$work/stdout" 2>"$work/stderr" </dev/null
  code=$?
  if [ $code -eq 0 ]; then : >"$work/exit"; else echo $code >"$work/exit"; fi
}

# compare FOLDER: tells how what it printed differs from what is expected.
compare() {
  same=0
  for part in stdout stderr exit; do
    expected=$1/$part
    [ -e "$expected" ] || expected=$work/nothing
    cmp -s "$expected" "$work/$part" && continue
    diff -u --label "$1/$part, expected" --label "$1/$part, printed" "$expected" "$work/$part"
    same=1
  done
  return $same
}

update() {
  for part in stdout stderr exit; do
    if [ -s "$work/$part" ]; then
      cmp -s "$work/$part" "$1/$part" || { cp "$work/$part" "$1/$part"; echo "wrote $1/$part"; }
    else
      rm -f "$1/$part"
    fi
  done
}

contents() { (cd "$1" && echo .* *); }

failed=0
for case in "$@"; do
  case=${case%/}
  if [ ! -e "$case/cmd" ]; then
    echo "golden: $case has no cmd"
    failed=$((failed + 1))
    continue
  fi
  before=$(contents "$case")
  run_case "$case"
  if [ "$before" != "$(contents "$case")" ]; then
    echo "golden: $case writes to its own folder; let it write to \$TMPDIR"
    failed=$((failed + 1))
  elif [ "${UPDATE-}" = 1 ]; then
    update "$case"
  elif ! compare "$case"; then
    failed=$((failed + 1))
  fi
done

if [ $failed -gt 0 ]; then
  echo "golden: $failed of $# cases failed (to accept: UPDATE=1 $0 $binary CASE)"
  exit 1
fi
echo "golden: $# cases passed"
