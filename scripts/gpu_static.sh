#!/usr/bin/env bash
# What a stage would cost on GPUs that are not attached: registers, spills, local memory.
#
#   gpu_static.sh [--check] STAGE...
#
# For each GPU line of specs.txt (APO_GROUP above 1): NVIDIA by clang -> PTX -> ptxas (sm_80, sm_90),
# AMD by clang -> the metadata of its assembly (gfx90a, gfx1030).  Builtins come from libclc.  The
# figures are a trend, not a vendor's compiler.  --check fails when a line spills registers or uses
# more than 32 KiB of local memory, or when no compiler gave a figure.  Without clang, LLVM or
# libclc it is a skip (77).  ptxas comes with the CUDA toolkit; without it the NVIDIA figures lack.
set -eu
cd "$(dirname "$0")/.."
max_local=32768
check=no
if [ "${1:-}" = --check ]; then
  check=yes
  shift
fi
if [ $# -eq 0 ]; then
  echo "usage: gpu_static.sh [--check] STAGE..." >&2
  exit 2
fi

for version in -14 -15 -16 ''; do
  llvm=$version
  command -v "clang$llvm" >/dev/null && command -v "llc$llvm" >/dev/null && break
done
for tool in clang llvm-link llvm-nm opt llc; do
  if ! command -v "$tool$llvm" >/dev/null; then
    echo "SKIPPED: $tool is not installed"
    exit 77
  fi
done
libclc=/usr/lib/clc
if [ ! -e $libclc/nvptx64--nvidiacl.bc ]; then
  echo "SKIPPED: libclc is not installed"
  exit 77
fi
ptxas=$(command -v ptxas || ls /usr/local/cuda/bin/ptxas 2>/dev/null || true)
[ -n "$ptxas" ] || echo "ptxas is not installed: no NVIDIA figures"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# Drivers define __OPENCL_VERSION__, clang does not.
compile=("clang$llvm" -x cl -cl-std=CL1.2 -Xclang -finclude-default-header -O3 -I. -emit-llvm -c
  -D__OPENCL_VERSION__=120 -Wno-unused-command-line-argument "-I${APO_RANDOM123_FOLDER:-/usr/include}")

# Bitcode with its builtins, everything but the kernels internal.
link() { # bitcode library out
  local entries
  entries=$("llvm-nm$llvm" --defined-only "$1" | awk '$2 == "T" { print $3 }' | paste -sd,)
  "llvm-link$llvm" "$1" "$2" -o "$tmp/all.bc" 2>/dev/null
  "opt$llvm" -O3 -internalize -internalize-public-api-list="$entries" "$tmp/all.bc" -o "$3" \
    2>/dev/null
}

nvidia() { # source, options...
  local source=$1
  shift
  [ -n "$ptxas" ] || return 0
  "${compile[@]}" -target nvptx64-nvidia-nvcl "$@" "$source" -o "$tmp/nv.bc"
  link "$tmp/nv.bc" $libclc/nvptx64--nvidiacl.bc "$tmp/nv.opt.bc"
  "llc$llvm" -mcpu=sm_70 "$tmp/nv.opt.bc" -o "$tmp/nv.ptx"
  local arch
  for arch in sm_80 sm_90; do
    # A ptxas of the future may no longer know the oldest of them.
    "$ptxas" -v -arch=$arch "$tmp/nv.ptx" -o /dev/null >"$tmp/ptxas" 2>&1 || {
      echo "  $arch: $(grep -m1 -i -E "error|fatal" "$tmp/ptxas")"
      continue
    }
    awk -v arch=$arch '
      /bytes stack frame/ { stack = $1; spills = $5 + $9 }
      /Used [0-9]+ registers/ {
        for (i = 1; i <= NF; i++) {
          if ($i ~ /^registers/) registers = $(i - 1)
          if ($i ~ /^smem/) shared = $(i - 2)
        }
        printf "  %-8s registers %3d  stack %5d B  spills %5d  local %6d B\n",
               arch, registers, stack, spills, shared
      }' "$tmp/ptxas"
  done
}

amd() { # source, options...
  local source=$1 arch library
  shift
  for arch in gfx90a gfx1030; do
    library=$libclc/$arch-amdgcn--amdhsa.bc
    [ -e "$library" ] || library=$libclc/amdgcn--amdhsa.bc
    [ -e "$library" ] || continue
    "${compile[@]}" -target amdgcn-amd-amdhsa -mcpu=$arch -nogpulib "$@" "$source" -o "$tmp/amd.bc"
    link "$tmp/amd.bc" "$library" "$tmp/amd.opt.bc"
    "llc$llvm" -mcpu=$arch "$tmp/amd.opt.bc" -o "$tmp/amd.s"
    awk -v arch=$arch '
      /\.group_segment_fixed_size:/ { shared = $NF }
      /\.private_segment_fixed_size:/ { stack = $NF }
      /\.sgpr_spill_count:/ { scalar_spills = $NF }
      /\.vgpr_count:/ { registers = $NF }
      /\.vgpr_spill_count:/ {
        # Scalar registers spill into lanes of vector registers, not into memory.
        printf "  %-8s registers %3d  stack %5d B  spills %5d  local %6d B  scalar_spills %d\n",
               arch, registers, stack, $NF, shared, scalar_spills
      }' "$tmp/amd.s"
  done
}

failed=0
for stage in "$@"; do
  specs=kernels/$stage/specs.txt
  if [ ! -e "$specs" ]; then
    echo "gpu_static.sh: $specs is missing" >&2
    exit 2
  fi
  while read -r line; do
    case $line in
      '' | '#'*) continue ;;
      *APO_GROUP=1 | *'APO_GROUP=1 '*) continue ;;
      *APO_GROUP=*) ;;
      *) continue ;;
    esac
    options=()
    for pair in $line; do options+=("-D$pair"); done
    echo "$stage $line"
    {
      nvidia "kernels/$stage/$stage.cl" "${options[@]}"
      amd "kernels/$stage/$stage.cl" "${options[@]}"
    } >"$tmp/figures"
    cat "$tmp/figures"
    if [ $check = yes ] && ! awk -v max_local=$max_local '
      /registers/ { n++ }
      /Unresolved/ { print "  FAILED: a function is called that is not there"; bad = 1 }
      { for (i = 1; i < NF; i++) {
          if ($i == "spills" && $(i + 1) > 0) { print "  FAILED: it spills"; bad = 1 }
          if ($i == "local" && $(i + 1) > max_local) {
            print "  FAILED: local memory above " max_local " bytes"; bad = 1
          } } }
      END { if (n == 0) { print "  FAILED: no figures"; bad = 1 } exit bad }' "$tmp/figures"; then
      failed=1
    fi
  done <"$specs"
done
exit $failed
