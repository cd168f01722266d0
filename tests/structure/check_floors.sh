#!/bin/sh
# check_floors.sh SOURCE_DIR: every #include in include/ and src/ goes down or stays on its floor,
# and each outside library is used where docs and CONTRIBUTING.md say, nowhere else.
# The floors are those of docs/architecture.md; prints every offender.
set -u
cd "${1:?usage: check_floors.sh SOURCE_DIR}" || exit 1

files=$(find include src -name '*.hpp' -o -name '*.cpp' | LC_ALL=C sort)
[ -n "$files" ] || { echo "check_floors: no sources in $PWD"; exit 1; }

# shellcheck disable=SC2086  # a list of words
awk '
BEGIN {
  # Lowest first; those that share a number may not include each other.
  split("base catalog workload estimate solve traffic plan ingest report cli", order)
  for (i in order) height[order[i]] = i + 0
  height["emit"] = height["ingest"]

  # Where a library may be included, as a pattern of the path.
  allowed["yaml-cpp"] = "^src/(catalog/[a-z_]*(load|yaml|read)|ingest/|emit/|report/[a-z_]*yaml)"
  allowed["nlohmann"] = "^(src|include/dsplan)/(ingest|emit|report)/"
  allowed["fmt"] = "^(src|include/dsplan)/(report|cli)/"
  allowed["CLI"] = "^src/cli/"

  # Files, clocks, the terminal and the network belong to the command line and the build tool.
  outside = "^(fstream|iostream|filesystem|unistd.h|fcntl.h|dirent.h|sys/.*|poll.h|termios.h|" \
            "netdb.h|spawn.h|ctime|time.h)$"
  may_touch_outside = "^(src/main.cpp|src/cli/|include/dsplan/cli/|src/catalog/catalogc)"
}

function report(what) { print FILENAME ":" FNR ": " what; bad = 1 }

# The floor in a path such as "estimate/x.hpp", or "" if it has no folder.
function floor_of(path) { return index(path, "/") ? substr(path, 1, index(path, "/") - 1) : "" }

FNR == 1 {
  path = FILENAME
  sub("^include/dsplan/", "", path)
  sub("^src/", "", path)
  here = floor_of(path)
  if (here != "" && !(here in height)) report("`" here "` is not a floor")
}

/^[ \t]*#[ \t]*include/ {
  target = $0
  sub(/^[ \t]*#[ \t]*include[ \t]*/, "", target)
  quoted = substr(target, 1, 1) == "\""
  sub(/^["<]/, "", target)
  sub(/[">].*/, "", target)

  if (target ~ /(^|\/)\.\.\//) { report("includes " target ": no `..` in an include"); next }
  if (target ~ /^dsplan\// || (quoted && floor_of(target) in height)) {
    there = target
    sub("^dsplan/", "", there)
    there = floor_of(there)
    if (there == "") {
      if (here != "") report("includes " target ", which stands on no floor")
    } else if (!(there in height)) {
      report("includes " target ": `" there "` is not a floor")
    } else if (here in height && there != here && height[there] >= height[here]) {
      report("includes " target ": " here " may not use " there)
    }
    next
  }

  library = target
  sub("/.*", "", library)
  if (library in allowed && FILENAME !~ allowed[library])
    report("includes " target ": not the place for " library)
  if (target ~ outside && FILENAME !~ may_touch_outside)
    report("includes " target ": only the command line touches the outside")
}

/getenv[ \t]*\(|(system|steady|high_resolution)_clock/ {
  if (FILENAME !~ may_touch_outside && $0 !~ /^[ \t]*\/\//)
    report("reads the environment or a clock: only the command line does")
}

END { exit bad }
' $files
