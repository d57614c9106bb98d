# Shared by the scripts behind ./dev. Sourced, not run.
# shellcheck shell=bash disable=SC2154
YAGURA_CACHE=${YAGURA_CACHE:-$YAGURA_ROOT/.cache}
. "$YAGURA_ROOT/scripts/versions.sh"

if [ -t 2 ]; then BOLD=$'\e[1m' RED=$'\e[31m' PLAIN=$'\e[0m'; else BOLD='' RED='' PLAIN=''; fi
say() { printf '%s%s%s\n' "$BOLD" "$*" "$PLAIN" >&2; }
# Nothing fails in silence: says which command of which script it was.
trap 'code=$?; printf "%serror:%s %s, line %s: %s (exit code %s)\n" "$RED" "$PLAIN" "$0" "$LINENO" "$BASH_COMMAND" "$code" >&2' ERR
set -E
die() { printf '%serror:%s %s\n' "$RED" "$PLAIN" "$*" >&2; exit 2; }

# help_if_asked "text" "$@"
help_if_asked() {
  local text=$1
  shift
  for word in "$@"; do
    case "$word" in -h | --help) printf '%s\n' "$text"; exit 0 ;; esac
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo -n "$@" 2>/dev/null || sudo "$@"
  else die "'$*' needs root, and there is no sudo: run './dev setup' as root once"
  fi
}

# Puts a Node.js that is new enough first on PATH; setup fetched one if Debian's is too old.
use_node() {
  if [ -x "$YAGURA_CACHE/node/node_modules/.bin/npm" ]; then
    export PATH="$YAGURA_CACHE/node/bin:$YAGURA_CACHE/node/node_modules/.bin:$PATH"
  fi
}

node_is_new_enough() {
  command -v node >/dev/null && command -v npm >/dev/null &&
    node -e 'const [a,b]=process.versions.node.split(".").map(Number);process.exit(a>22||(a==22&&b>=12)||(a==20&&b>=19)?0:1)' 2>/dev/null &&
    [ "$(npm --version 2>/dev/null | cut -d. -f1)" -ge 11 ]
}

cores() { nproc; }
