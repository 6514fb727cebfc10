# cmake -DROOT=<source tree> -P layers.cmake: nothing includes upward, libraries stay at home.
# Includes are paths from the root, so a rule is a folder and an expression.

# A layer, and the includes that no file in it may have.
set(layers
    "include"      "engine/|kernels/|host/|CL/"
    "kernels"      "engine/|host/|apportion[.]h"
    "engine"       "host/|bench/|tests/|pthread|threads[.]h|time[.]h|unistd|fcntl"
    "host"         "bench/|tests/"
    "examples"     "engine/|kernels/|host/|bench/|tests/"
    "host/api"     "host/io|host/stores|host/cli"
    "host/opencl"  "host/io|host/stores|host/cli"
    "host/stores"  "host/cli"
    "host/io"      "host/cli|host/stores")

# A library, and the only folders whose files may include it.
set(homes
    "CL/"        "host/opencl|tests/kernel|tests/support"
    "hwloc"      "host/topology"
    "cjson/"     "engine/readers|host|bench|tests"
    "pb_"        "engine/readers/onnx"
    "sqlite3"    "host/stores/sqlite|host/io|tests"
    "lapacke"    "engine/solve"
    "cblas"      "engine/solve"
    "openssl/"   "engine/core"
    "Random123/" "engine/core|kernels"
    "csv[.]h"    "host/io"
    "popt"       "host/cli|bench"
    "xxhash"     "host/stores|host/opencl|tests")

file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/include/*.h ${ROOT}/kernels/* ${ROOT}/engine/*
     ${ROOT}/host/* ${ROOT}/bench/* ${ROOT}/tests/* ${ROOT}/examples/*)
list(FILTER files INCLUDE REGEX "[.](c|h|cl|clh)$")
foreach(file IN LISTS files)
  file(STRINGS ${ROOT}/${file} includes REGEX "^[ \t]*#[ \t]*include[ \t]*[<\"]")
  list(TRANSFORM includes REPLACE "^[ \t]*#[ \t]*include[ \t]*[<\"]" "")
  list(TRANSFORM includes REPLACE "[>\"].*" "")
  foreach(include IN LISTS includes)
    set(rules ${layers})
    while(rules)
      list(POP_FRONT rules layer banned)
      if(file MATCHES "^${layer}/" AND include MATCHES "^(${banned})")
        message(SEND_ERROR "${file}: ${layer}/ may not include ${include}")
      endif()
    endwhile()
    set(rules ${homes})
    while(rules)
      list(POP_FRONT rules library folders)
      if(include MATCHES "^${library}" AND NOT file MATCHES "^(${folders})/")
        message(SEND_ERROR "${file}: ${include} belongs in ${folders}")
      endif()
    endwhile()
  endforeach()
endforeach()
