# shellcheck shell=sh
# What scripts/dsplan and scripts/test share. Set `self` (the script) and `root` (the source
# folder) before reading it.

packages_to_run="ca-certificates curl"
packages_to_build="g++ cmake ninja-build libcli11-dev libcsv-dev libfmt-dev libyaml-cpp-dev nlohmann-json3-dev"
packages_to_test="catch2 clang libclang-rt-dev universal-ctags jq python3"

# What the program is made from.
program_sources="CMakeLists.txt CMakePresets.json cmake data include src"
program=$root/build/release/dsplan

say() { echo "scripts/${self##*/}: $*" >&2; }

# changed_since STAMP PATH...: did any of these change after STAMP? By change time, which a copied
# or restored file cannot carry over from the past; folders count, so that a removal is seen.
changed_since() {
  stamp=$1
  shift
  [ ! -e "$stamp" ] || [ -n "$(find "$@" -cnewer "$stamp" -print -quit 2>/dev/null)" ]
}

program_is_current() {
  [ -x "$program" ] || return 1
  # shellcheck disable=SC2086  # a list of words
  ! (cd "$root" && changed_since build/release.stamp $program_sources)
}

# install_packages NAME...: installs those that are missing. A failure is told but not final: the
# same library may be there by other means, and if not, the configuration names it.
install_packages() {
  command -v dpkg-query >/dev/null || return 0
  newline='
'
  # shellcheck disable=SC2016  # dpkg-query's own variables
  installed=$newline$(dpkg-query -W -f '${Package}=${db:Status-Status}\n' "$@" 2>/dev/null)$newline
  missing=
  for package; do
    case $installed in
      *"$newline$package=installed$newline"*) ;;
      *) missing="$missing $package" ;;
    esac
  done
  [ -n "$missing" ] || return 0

  as_root=
  [ "$(id -u)" -eq 0 ] || as_root="sudo"
  say "installing$missing"
  log=$root/build/install.log
  # shellcheck disable=SC2086  # lists of words
  if ! { apt_get install $missing || { apt_get update && apt_get install $missing; }; } \
      >"$log" 2>&1 </dev/null; then
    tail -n 5 "$log" >&2
    say "not installed (log: $log); going on without:$missing"
  fi
}

apt_get() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -y --no-install-recommends \
    -o DPkg::Lock::Timeout=300 "$@"
}

# logged LOG COMMAND...: runs it in the source folder with its output in LOG, whose end is shown if
# it fails. Nothing reads the caller's standard input.
logged() {
  log=$1
  shift
  if (cd "$root" && "$@") >"$log" 2>&1 </dev/null; then return 0; fi
  tail -n 60 "$log" >&2
  say "failed: $*"
  say "the whole log is $log"
  return 1
}

# build_preset PRESET: configures and builds build/PRESET.
build_preset() {
  cache=$root/build/$1/CMakeCache.txt
  if [ -e "$cache" ] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$cache"; then
    rm -rf "${root:?}/build/$1" # the folder was copied or moved here
  fi
  logged "$root/build/$1.log" configure_and_build "$1"
}

configure_and_build() {
  CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
  export CMAKE_BUILD_PARALLEL_LEVEL
  cmake --preset "$1" && cmake --build --preset "$1"
}

make_build_folder() {
  mkdir -p "$root/build" && [ -w "$root/build" ] && return 0
  say "cannot write to $root/build"
  return 1
}

# build_program: brings build/release/dsplan up to date; one caller at a time.
build_program() {
  program_is_current && return 0
  make_build_folder || return 1
  exec 9>"$root/build/release.lock"
  flock -n 9 || { say "waiting for another build"; flock 9; }
  if ! program_is_current; then
    # shellcheck disable=SC2086  # lists of words
    install_packages $packages_to_run $packages_to_build
    if [ -x "$program" ]; then say "building"; else say "building: a minute or two, once"; fi
    # Dated before the build: what changes during it is built next time.
    : >"$root/build/release.stamp.new"
    build_preset release || return 1
    mv "$root/build/release.stamp.new" "$root/build/release.stamp"
  fi
  exec 9>&-
}
