#!/bin/sh
# check_docs.sh [--update] BINARY [SOURCE_DIR]: in README.md and docs/*.md every ```console block
# is a dialogue of "$ dsplan ARGS" lines, each followed by exactly what it prints (standard output
# only). Runs them in SOURCE_DIR and compares; --update rewrites the answers instead.
# A command may be a pipe that starts with dsplan, and may go on after a `\` at a line's end.
# What is not to be run stands in a block of another kind, such as ```sh.
set -u
update=
if [ "${1-}" = --update ]; then update=yes; shift; fi
binary=$(readlink -f "${1:?usage: check_docs.sh [--update] BINARY [SOURCE_DIR]}")
here=$(dirname "$(readlink -f "$0")")
cd "${2:-$here/../..}" || exit 1
[ -x "$binary" ] || { echo "check_docs: no program $binary"; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/home"
ln -s "$binary" "$work/bin/dsplan"

# rewrite PAGE: prints the page with the answers that the program gives now.
# shellcheck disable=SC2016  # awk's own variables
rewrite() {
  env -i PATH="$work/bin:/usr/local/bin:/usr/bin:/bin" HOME="$work/home" \
    XDG_CONFIG_HOME="$work/home" LC_ALL=C TZ=UTC ASAN_OPTIONS="${ASAN_OPTIONS-}" awk '
    function fail(text) { print FILENAME ":" FNR ": " text > "/dev/stderr"; bad = 1 }
    function answer(command,   line) {
      if (command !~ /^dsplan( |$)/) { fail("a console block runs dsplan only: " command); return }
      command = "{ " command "\n} 2>/dev/null </dev/null"
      while ((command | getline line) > 0) print line
      close(command)
      asked++
    }
    !inside { print; if ($0 ~ /^```console *$/) { inside = 1; going_on = 0; started = 0 }; next }
    /^```/ { if (!started) fail("a console block without a command"); inside = 0; print; next }
    going_on || /^\$ / {
      print
      part = $0
      if (!going_on) { command = ""; sub(/^\$ /, "", part) } else sub(/^> /, "", part)
      going_on = part ~ /\\$/
      sub(/\\$/, "", part)
      command = command part
      if (!going_on) answer(command)
      started = 1
      next
    }
    !started { fail("a console block starts with \"$ dsplan\"") }
    END {
      if (inside) fail("a console block without an end")
      if (asked) print asked >> counts
      exit bad
    }' counts="$work/counts" "$1"
}

status=0
for page in README.md docs/*.md; do
  [ -e "$page" ] || continue
  rewrite "$page" >"$work/page" || { status=1; continue; }
  cmp -s "$page" "$work/page" && continue
  if [ -n "$update" ]; then
    cat "$work/page" >"$page"
    echo "updated $page"
  else
    diff -u --label "$page" --label "what dsplan prints" "$page" "$work/page"
    status=1
  fi
done

[ -s "$work/counts" ] || { echo "check_docs: README.md and docs/ show no command"; status=1; }
[ $status -eq 0 ] || [ -n "$update" ] || echo "to accept what it prints: $0 --update $binary"
exit $status
