# Sourced by demo.sh and test.sh: which Debian packages they need, and how to get those that miss.

build_packages=(
  cmake ninja-build gcc libc6-dev pkg-config ocl-icd-opencl-dev pocl-opencl-icd libcjson-dev
  libhwloc-dev libsqlite3-dev libpopt-dev libssl-dev libxxhash-dev liblapacke-dev
  libopenblas-dev libcsv-dev libnanopb-dev librandom123-dev sqlite3
)
test_packages=(
  ca-certificates g++ libcmocka-dev oclgrind clang-14 llvm-14 libclc-14 libclc-14-dev clang-format-14
  ccache python3 python3-venv
)

# libFuzzer is in the runtime; both have to be of one version.
fuzz_packages=(clang-14 libclang-rt-14-dev g++ ccache)

# Install those of the packages in "$@" that are not there; does nothing when all are.
install_missing() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' ||
      missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "installing ${missing[*]}" >&2
  local root=()
  [ "$(id -u)" -eq 0 ] || root=(sudo)
  # What apt prints matters only when it fails.
  local log
  log=$(mktemp)
  if ! {
    "${root[@]}" apt-get update -q &&
      "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${missing[@]}"
  } >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    rm -f "$log"
    echo "could not install ${missing[*]}" >&2
    return 1
  fi
  rm -f "$log"
}
