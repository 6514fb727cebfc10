#!/usr/bin/env bash
# A second OpenCL implementation to test against: Intel's CPU runtime, from Python wheels, in a
# folder of its own.
#
#   eval "$(scripts/intel_opencl.sh DIR)"
#
# installs into DIR once, then prints the environment that makes both the installed drivers and
# Intel's runtime visible to the ICD loader.
set -eu
if [ $# -ne 1 ]; then
  echo "usage: intel_opencl.sh DIR" >&2
  exit 2
fi
dir=$(mkdir -p "$1" && cd "$1" && pwd)
if [ ! -e "$dir/complete" ]; then
  python3 -m venv "$dir/venv" >&2
  "$dir/venv/bin/pip" install -q --no-deps intel-opencl-rt intel-cmplr-lib-rt intel-cmplr-lib-ur \
    tbb tcmlib umf >&2
  mkdir -p "$dir/icd"
  cp /etc/OpenCL/vendors/*.icd "$dir/icd/" 2>/dev/null || true
  echo "$dir/venv/lib/libintelocl.so" >"$dir/icd/intel-cpu.icd"
  touch "$dir/complete"
fi
echo "export OCL_ICD_VENDORS='$dir/icd'"
echo "export LD_LIBRARY_PATH='$dir/venv/lib'\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
