#!/usr/bin/env bash
# Format every C and OpenCL source as .clang-format says; with --check, only say what is not.
set -eu
cd "$(dirname "$0")/.."
tool=$(command -v clang-format-14 || command -v clang-format)
mode=(-i)
[ "${1:-}" = --check ] && mode=(--dry-run --Werror)
find include engine kernels host bench tests examples -type f \
  \( -name '*.c' -o -name '*.h' -o -name '*.cl' -o -name '*.clh' \) -print0 |
  xargs -0 "$tool" --style=file "${mode[@]}"
