# Sourced by ./start and ./test: finds out what is missing on this machine, and installs it from Debian's or Ubuntu's packages.

# Says whether a shared library can be loaded.
has_library() {
  local libraries
  libraries=$(/sbin/ldconfig -p 2>/dev/null || ldconfig -p)
  [[ $libraries == *"$1"* ]]
}

has_command() {
  command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ]
}

# Prints the words that make a command run as root, nothing when we are, and fails when it would have to ask.
root_words() {
  if [ "$(id -u)" = 0 ]; then
    return 0
  fi
  if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    echo "sudo -n"
    return 0
  fi
  return 1
}

can_install() {
  command -v apt-get >/dev/null 2>&1 && root_words >/dev/null
}

# install_packages PACKAGE...: installs them, or names the line to type and fails.
install_packages() {
  [ $# -gt 0 ] || return 0
  if ! can_install; then
    echo "Missing: $*. Install with:" >&2
    echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $*" >&2
    return 1
  fi
  echo "Installing $*" >&2
  local as_root log
  as_root=$(root_words)
  log=$(mktemp)
  # shellcheck disable=SC2086 # The words are a command and its option, or nothing.
  if ! { [ -n "${packages_updated:-}" ] || $as_root apt-get update; } >"$log" 2>&1 ||
    ! $as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@" </dev/null >>"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    echo "These packages could not be installed: $*" >&2
    return 1
  fi
  packages_updated=yes
  rm -f "$log"
}

# The .NET SDK is not in Debian, so it is only looked for.
need_dotnet() {
  # The command line stops at its start without libicu, which needs no culture of ours.
  has_library libicuuc.so || export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
  if ! command -v dotnet >/dev/null 2>&1 && [ -x "$HOME/.dotnet/dotnet" ]; then
    export DOTNET_ROOT="$HOME/.dotnet" PATH="$HOME/.dotnet:$PATH"
  fi
  if ! command -v dotnet >/dev/null 2>&1 || ! dotnet --list-sdks | grep -q '^10\.'; then
    echo "Missing: the .NET 10 SDK. On Ubuntu: sudo apt-get install -y dotnet-sdk-10.0; on Debian see https://learn.microsoft.com/dotnet/core/install/linux-debian" >&2
    return 1
  fi
  export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
}

# What the server itself needs, as package names.
missing_for_server() {
  has_library libsqlite3.so.0 || echo libsqlite3-0
  has_library libssl.so.3 || echo openssl
}

# FFmpeg's libraries as they belong together, the newest first: libavcodec, libavutil, libswscale, libswresample.
composing_sets="63:61:10:7 62:60:9:6 61:59:8:5 60:58:7:4 59:57:6:4"

# Says whether meetings can be composed: codecs, and a font for names.
has_composing() {
  local set codec
  for set in $composing_sets; do
    codec=${set%%:*}
    if has_library "libavcodec.so.$codec"; then
      has_library libswscale.so. && has_library libopus.so.0 && has_library libfreetype.so.6 && compgen -G '/usr/share/fonts/*/dejavu/DejaVuSans.ttf' >/dev/null
      return
    fi
  done
  return 1
}

# Prints the packages that composing needs, by what this release has; fails when it has none.
packages_for_composing() {
  local set codec util scale resample
  for set in $composing_sets; do
    IFS=: read -r codec util scale resample <<<"$set"
    # A package that is only spoken of has no candidate.
    if apt-cache policy "libavcodec$codec" 2>/dev/null | grep 'Candidate: [^(]' >/dev/null; then
      echo "libavcodec$codec libavutil$util libswscale$scale libswresample$resample libopus0 libfreetype6 fonts-dejavu-core"
      return 0
    fi
  done
  return 1
}

# Installs them unless they are there. Without them everything but composing works, so whoever calls decides what a failure means.
install_for_composing() {
  local packages as_root
  ! has_composing || return 0
  if can_install && ! packages_for_composing >/dev/null; then
    # A fresh machine or container knows no packages at all.
    as_root=$(root_words)
    $as_root apt-get update >/dev/null 2>&1 || true
  fi
  if ! packages=$(packages_for_composing 2>/dev/null); then
    echo "Missing for composing meetings: libavcodec (FFmpeg 5 to 9) with libavutil and libswscale, libopus, FreeType, the font DejaVu Sans" >&2
    return 1
  fi
  # shellcheck disable=SC2086 # Package names.
  install_packages $packages
}

# As PageBrowser.Find looks for it.
has_browser() {
  has_command chromium || has_command chromium-browser || has_command google-chrome || has_command google-chrome-stable
}

# Node 18.18 or newer, with npm.
has_node() {
  command -v npm >/dev/null 2>&1 &&
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 18 || (a === 18 && b >= 18) ? 0 : 1)' 2>/dev/null
}
