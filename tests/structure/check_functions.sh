#!/bin/sh
# check_functions.sh SOURCE_DIR: no function in include/ and src/ is over 60 lines long.
set -u
cd "${1:?usage: check_functions.sh SOURCE_DIR}" || exit 1
limit=60

if ! ctags --version 2>/dev/null | grep -q Universal; then
  echo "check_functions: needs the package universal-ctags"
  exit 1
fi

ctags -x --languages=C++ --map-C++=+.hpp --kinds-C++=f --fields=+ne --sort=no \
  --_xformat='%{input}	%{line}	%{end}	%{name}' -R include src | LC_ALL=C sort -t '	' -k1,1 -k2,2n |
  awk -F '\t' -v limit="$limit" '
    { seen++; lines = $3 - $2 + 1 }
    lines > limit { print $1 ":" $2 ": " $4 " is " lines " lines long; the limit is " limit; bad = 1 }
    END {
      if (!seen) { print "check_functions: found no function"; bad = 1 }
      exit bad
    }'
