# contract.no_opencl: with -DAPO_OPENCL=OFF the library and its tests build where there is no OpenCL.
#   cmake -DROOT= -DBUILD= -DGENERATOR= -DCC= -DLAUNCHER= -P no_opencl.cmake
# An OpenCL header that refuses to be compiled stands before the real one.
include(${ROOT}/tests/support/run.cmake)
set(work ${BUILD}/no-opencl)
file(CONFIGURE OUTPUT ${work}/trap/CL/cl.h CONTENT "#error \"OpenCL in a build without it\"\n")
file(CONFIGURE OUTPUT ${work}/trap/CL/cl_ext.h CONTENT "#include <CL/cl.h>\n")
set(tests unit.devices unit.executor unit.model unit.program_cache contract.reader axiom.efficiency)

run("configure" ${CMAKE_COMMAND} -S ${ROOT} -B ${work}/build -G ${GENERATOR}
    -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER=${CC} -DCMAKE_C_COMPILER_LAUNCHER=${LAUNCHER}
    -DCMAKE_C_FLAGS=-I${work}/trap -DAPO_OPENCL=OFF)
run("build" ${CMAKE_COMMAND} --build ${work}/build --target apportion apportion_tool ${tests})
foreach(test IN LISTS tests)
  run("${test}" ${CMAKE_COMMAND} -E chdir ${ROOT} ${work}/build/tests/${test})
endforeach()
run("tool" ${work}/build/bin/apportion devices)
file(READ ${work}/build/CMakeCache.txt cache)
if(cache MATCHES "OpenCL_(LIBRARY|INCLUDE_DIR):")
  message(FATAL_ERROR "OpenCL was looked for")
endif()
