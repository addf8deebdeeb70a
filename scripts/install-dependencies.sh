#!/bin/sh
# Installs the system libraries that the package needs, or says which are missing.
#
# Debian and Ubuntu: through apt. Elsewhere nothing is installed; a list of what to install is
# printed instead. Nothing is done, quickly, where nothing is missing.
set -eu

say() { printf '%s\n' "install-dependencies: $*" >&2; }

command -v swift >/dev/null 2>&1 || {
  say "the Swift toolchain (6.1 or newer) is missing: https://www.swift.org/install"
  exit 1
}

if [ "$(uname -s)" = Darwin ]; then
  # BLAS, LAPACK and zlib come with the system; figures want gnuplot.
  command -v gnuplot >/dev/null 2>&1 || say "gnuplot is missing, figures will not be drawn: brew install gnuplot"
  exit 0
fi

# Whether a package of Debian is installed.
installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

if command -v apt-get >/dev/null 2>&1; then
  missing=
  for package in libopenblas-dev libsuitesparse-dev zlib1g-dev; do
    installed "$package" || missing="$missing $package"
  done
  # Any gnuplot will do.
  command -v gnuplot >/dev/null 2>&1 || missing="$missing gnuplot-nox"
  [ -n "$missing" ] || exit 0

  as_root=
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
      say "missing:$missing; run as root: apt-get install$missing"
      exit 1
    }
    as_root=sudo
  fi
  say "installing$missing"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086  # the list is meant to be split
  $as_root apt-get install --yes --quiet --no-install-recommends $missing >/dev/null 2>&1 || {
    # The list of packages may be old.
    $as_root apt-get update --quiet || true
    $as_root apt-get install --yes --quiet --no-install-recommends $missing
  }
  exit 0
fi

# Another Linux: look for what the linker will look for.
library() { ldconfig -p 2>/dev/null | grep -q "$1\.so "; }
missing=
library libopenblas || missing="openblas (with its libopenblas.so link)"
library libamd || missing="${missing:+$missing, }SuiteSparse (with its libamd.so link)"
[ -e /usr/include/zlib.h ] || missing="${missing:+$missing, }zlib with headers"
if [ -n "$missing" ]; then
  say "missing: $missing; install them with the system's package manager"
  say "(Fedora: openblas-devel suitesparse-devel zlib-devel gnuplot; Arch: openblas suitesparse zlib gnuplot)"
  exit 1
fi
command -v gnuplot >/dev/null 2>&1 || say "gnuplot is missing, figures will not be drawn"
