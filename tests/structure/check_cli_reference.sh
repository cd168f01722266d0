#!/bin/sh
# check_cli_reference.sh [--update] BINARY [SOURCE_DIR]: docs/cli.md is what `dsplan help all`
# prints, and every option of it stands in its command's help and in every completion script.
set -u
update=
if [ "${1-}" = --update ]; then update=yes; shift; fi
binary=$(readlink -f "${1:?usage: check_cli_reference.sh [--update] BINARY [SOURCE_DIR]}")
here=$(dirname "$(readlink -f "$0")")
cd "${2:-$here/../..}" || exit 1
[ -x "$binary" ] || { echo "check_cli_reference: no program $binary"; exit 1; }

page=docs/cli.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

"$binary" help all >"$work/page" || exit 1
if [ -n "$update" ]; then
  cmp -s "$page" "$work/page" || { cp "$work/page" "$page"; echo "updated $page"; }
elif ! diff -u --label "$page" --label "dsplan help all" "$page" "$work/page"; then
  echo "to accept what it prints: $0 --update $binary"
  status=1
fi

for shell in bash zsh fish; do "$binary" completion $shell >"$work/$shell" || exit 1; done

# COMMAND OPTION, one a line, as the reference has them.
awk '/^## / { command = $2 } match($0, /--[a-z-]+/) && /^\| `/ {
  print command, substr($0, RSTART, RLENGTH) }' "$work/page" >"$work/options"
[ -s "$work/options" ] || { echo "check_cli_reference: found no option"; exit 1; }

# lacks FILE PATTERN PLACE: tells of an option that does not stand there.
lacks() {
  grep -qE -e "$2" "$1" && return
  echo "$command $option is missing in $3"
  status=1
}
while read -r command option; do
  "$binary" help "$command" >"$work/help"
  lacks "$work/help" "^ .*$option( |\$)" "its help"
  lacks "$work/bash" "^ *'$command '\*\).* ${option}( |')" "the bash completion"
  lacks "$work/zsh" "^ *'$command '\*\).* $option( |\$)" "the zsh completion"
  lacks "$work/fish" "$command' -l ${option#--}( |\$)" "the fish completion"
done <"$work/options"
exit $status
