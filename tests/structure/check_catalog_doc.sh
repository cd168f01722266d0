#!/bin/sh
# check_catalog_doc.sh [--update] BINARY [SOURCE_DIR]: the key tables of docs/catalog.md are those of
# `dsplan schema catalog`. A table stands under the line "<!-- keys: KIND -->" up to the next blank
# line; --update rewrites it.
set -u
update=
if [ "${1-}" = --update ]; then update=yes; shift; fi
binary=$(readlink -f "${1:?usage: check_catalog_doc.sh [--update] BINARY [SOURCE_DIR]}")
here=$(dirname "$(readlink -f "$0")")
cd "${2:-$here/../..}" || exit 1
page=docs/catalog.md

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The schema as dsplan prints it, two blanks a level: lines "KIND|key|type|meaning".
"$binary" schema catalog | awk '
  { match($0, /^ */); indent = RLENGTH }
  indent == 10 && /"enum": \[/ { listing = 1; next }
  listing && /\]/ { listing = 0 }
  listing { gsub(/[ ",]/, ""); kinds[++count] = $0; next }
  indent == 14 && /^ *\{$/ { kind++ }
  indent == 18 && /": \{$/ { key = $0; gsub(/[ ":{]/, "", key); type = ""; next }
  key == "" { next }
  indent == 20 && /"type": "/ { type = $2; gsub(/[",]/, "", type) }
  indent == 22 && /^ *"[a-z]+",?$/ {
    word = $1
    gsub(/[",]/, "", word)
    type = type (type == "" ? "" : "+") word
  }
  indent == 20 && /"description": "/ {
    meaning = $0
    sub(/^ *"description": "/, "", meaning)
    sub(/",?$/, "", meaning)
    print kinds[kind] "|" key "|" type "|" meaning
    key = ""
  }' >"$work/keys"
[ "$(cut -d '|' -f 1 "$work/keys" | sort -u | wc -l)" -ge 6 ] ||
  { echo "check_catalog_doc: cannot read \`dsplan schema catalog\`"; exit 1; }

awk -F '|' '
  BEGIN {
    words["string+null"] = words["string"] = "text"
    words["number"] = "number"
    words["number+null"] = "number or unknown"
    words["integer"] = "count"
    words["boolean"] = "true or false"
    words["array"] = "list of texts"
  }
  function table(kind,   i, f) {
    print "| key | value | meaning |"
    print "|---|---|---|"
    for (i = 1; i <= count; i++) {
      split(keys[i], f, "|")
      if (f[1] == kind) printf "| `%s` | %s | %s |\n", f[2], f[3] in words ? words[f[3]] : f[3], f[4]
    }
  }
  NR == FNR { keys[++count] = $0; next }
  /^<!-- keys: [a-z]+ -->$/ { print; kind = $0; gsub(/<!-- keys: | -->/, "", kind); table(kind); inside = 1; next }
  inside && $0 != "" { next }
  { inside = 0; print }' "$work/keys" "$page" >"$work/page"

cmp -s "$page" "$work/page" && exit 0
if [ -n "$update" ]; then
  cat "$work/page" >"$page"
  echo "updated $page"
  exit 0
fi
diff -u --label "$page" --label "what dsplan schema catalog says" "$page" "$work/page"
echo "to accept it: $0 --update $binary"
exit 1
