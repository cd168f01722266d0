#!/bin/sh
# selftest.sh: each check passes a good tree and fails a bad one; a check that cannot fail is none.
set -u
here=$(dirname "$(readlink -f "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

good_tree() {
  rm -rf "$work/tree"
  mkdir -p "$work/tree/include/dsplan/base" "$work/tree/include/dsplan/plan" \
    "$work/tree/src/base" "$work/tree/src/estimate" "$work/tree/src/ingest" "$work/tree/docs"
  cd "$work/tree" || exit 1
  echo '#pragma once' >include/dsplan/base/units.hpp
  echo '#pragma once' >include/dsplan/plan/rank.hpp
  printf '#include <vector>\n#include "dsplan/base/units.hpp"\n' >src/estimate/a.cpp
  printf 'int one() {\n  return 1;\n}\n' >>src/estimate/a.cpp
  printf '#include <nlohmann/json.hpp>\n' >src/ingest/hf.cpp
  # shellcheck disable=SC2016  # Markdown
  printf 'Text.\n\n```console\n$ dsplan a\n1 a\n$ dsplan b \\\n    c\n2 b c\n$ dsplan d | tr d e\n1 e\n```\n' >README.md
  printf '#!/bin/sh\necho "$# $*"\n' >"$work/dsplan"
  chmod +x "$work/dsplan"
}

passes() {
  "$@" >"$work/out" 2>&1 && return
  echo "should pass: $*"; cat "$work/out"; status=1
}

# fails TEXT COMMAND...: it must exit 1 and say TEXT.
fails() {
  text=$1
  shift
  "$@" >"$work/out" 2>&1
  [ $? -eq 1 ] && grep -qF -- "$text" "$work/out" && return
  echo "should fail with \"$text\": $*"; cat "$work/out"; status=1
}

# bad TEXT CHECK FILE LINE: a good tree with LINE added to FILE fails CHECK with TEXT.
bad() {
  good_tree
  printf '%b' "$4" >>"$3"
  fails "$1" "$here/$2" .
}

good_tree
passes "$here/check_floors.sh" .
passes "$here/check_functions.sh" .
passes "$here/check_text.sh" .
passes "$here/check_docs.sh" "$work/dsplan" .

bad 'estimate may not use plan' check_floors.sh src/estimate/a.cpp '#include "dsplan/plan/rank.hpp"\n'
bad 'estimate may not use plan' check_floors.sh src/estimate/a.cpp '#  include <dsplan/plan/rank.hpp>\n'
bad 'ingest may not use emit' check_floors.sh src/ingest/hf.cpp '#include "dsplan/emit/vllm.hpp"\n'
bad 'is not a floor' check_floors.sh src/estimate/a.cpp '#include "dsplan/attic/x.hpp"\n'
bad 'in an include' check_floors.sh src/estimate/a.cpp '#include "../plan/rank.hpp"\n'
bad 'not the place for yaml-cpp' check_floors.sh src/estimate/a.cpp '#include <yaml-cpp/yaml.h>\n'
bad 'not the place for nlohmann' check_floors.sh src/base/a.cpp '#include <nlohmann/json.hpp>\n'
bad 'not the place for fmt' check_floors.sh src/ingest/hf.cpp '#include <fmt/format.h>\n'
bad 'not the place for CLI' check_floors.sh src/ingest/hf.cpp '#include <CLI/CLI.hpp>\n'
bad 'touches the outside' check_floors.sh src/ingest/hf.cpp '#include <fstream>\n'
bad 'a clock' check_floors.sh src/ingest/hf.cpp 'auto t = std::chrono::steady_clock::now();\n'

long_body=$(awk 'BEGIN { for (i = 0; i < 60; i++) printf "  f();\\n" }')
bad 'two is 62 lines long' check_functions.sh src/estimate/a.cpp "void two() {\n$long_body}\n"

bad 'trailing blanks' check_text.sh docs/a.md 'word \n'
bad 'tabs in C++' check_text.sh src/estimate/a.cpp '\tint x;\n'
bad 'no newline at the end' check_text.sh src/estimate/a.cpp '// end'
bad 'outside of this repository' check_text.sh docs/a.md 'see /work/main/x\n'
bad 'outside of this repository' check_text.sh docs/a.md 'see ../shared/x\n'
bad 'std::views' check_text.sh src/estimate/a.cpp 'auto v = x | std::views::all;\n'
bad 'a semicolon in a test name' check_text.sh src/estimate/a.cpp 'TEST_CASE("a; b") {}\n'

good_tree
sed -i 's/^2 b c/2 b  c/' README.md
fails '+2 b c' "$here/check_docs.sh" "$work/dsplan" .
passes "$here/check_docs.sh" --update "$work/dsplan" .
passes "$here/check_docs.sh" "$work/dsplan" .
sed -i 's/^. dsplan a/$ rm a/' README.md
fails 'runs dsplan only' "$here/check_docs.sh" "$work/dsplan" .
echo 'Nothing to run.' >README.md
fails 'show no command' "$here/check_docs.sh" "$work/dsplan" .

[ $status -eq 0 ] && echo "the checks fail when they should"
exit $status
