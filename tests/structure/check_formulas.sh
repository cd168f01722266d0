#!/bin/sh
# check_formulas.sh SOURCE_DIR: every formula id that a public header cites in brackets, or that an
# answer prints, has a heading "### [ID]" in docs/formulas.md, once; and every heading is cited.
set -u
cd "${1:?usage: check_formulas.sh SOURCE_DIR}" || exit 1
export LC_ALL=C
page=docs/formulas.md
status=0

[ -e "$page" ] || { echo "check_formulas: no $page"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# [A-B] and lists such as [A-B, C-D].
cited() { grep -rhoE '\[[A-Z]+-[A-Z]+(, [A-Z]+-[A-Z]+)*\]' include | grep -oE '[A-Z]+-[A-Z]+'; }
printed() { [ ! -d src/plan ] || grep -rhoE '"[A-Z]+-[A-Z]+"' src/plan | tr -d '"'; }

{ cited; printed; } | sort -u >"$work/cited"
sed -nE 's/^### \[([A-Z]+-[A-Z]+)\].*/\1/p' "$page" | sort >"$work/headings"

# offenders TEXT: fails, listing the ids of standard input, if there are any.
offenders() {
  ids=$(cat)
  [ -n "$ids" ] || return 0
  printf '%s:\n%s\n' "$1" "$ids"
  status=1
}

[ -s "$work/cited" ] || { echo "check_formulas: include/ cites no formula"; exit 1; }
uniq -d "$work/headings" >"$work/twice"
sort -u -o "$work/headings" "$work/headings"
comm -23 "$work/cited" "$work/headings" >"$work/missing"
comm -13 "$work/cited" "$work/headings" >"$work/uncited"
offenders "two headings in $page" <"$work/twice"
offenders "cited, but not in $page" <"$work/missing"
offenders "in $page, but cited nowhere" <"$work/uncited"
exit $status
