# contract.install: what is installed is enough for a program outside the tree.
#   cmake -DROOT= -DBUILD= -DGENERATOR= -DCC= -DNM= -DREADELF= -DLIBDIR= -DOPENCL= -P install.cmake
# Installs into BUILD/install-test, builds consumer.c with find_package and with pkg-config, shared
# and static, and runs each; then looks at what the shared library exports and needs.
include(${ROOT}/tests/support/run.cmake)
set(work ${BUILD}/install-test)
set(prefix ${work}/prefix)
set(consumer ${ROOT}/tests/contract/install)

file(REMOVE_RECURSE ${work})
run("install" ${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})
# A package that names its own build folder works until that is gone.
file(GLOB texts ${prefix}/${LIBDIR}/cmake/apportion/* ${prefix}/${LIBDIR}/pkgconfig/*)
foreach(text IN LISTS texts)
  file(READ ${text} content)
  string(FIND "${content}" "${BUILD}" place)
  if(NOT place EQUAL -1)
    message(FATAL_ERROR "${text} names ${BUILD}")
  endif()
endforeach()
# Moved after it was installed, it still is found.
file(RENAME ${prefix} ${work}/moved)
set(prefix ${work}/moved)
set(ENV{LD_LIBRARY_PATH} ${prefix}/${LIBDIR})

run("installed tool" ${prefix}/bin/apportion --version)

run("find_package" ${CMAKE_COMMAND} -S ${consumer} -B ${work}/cmake -G ${GENERATOR}
    -DCMAKE_C_COMPILER=${CC} -DCMAKE_PREFIX_PATH=${prefix})
run("find_package: build" ${CMAKE_COMMAND} --build ${work}/cmake)
run("find_package: run" ${work}/cmake/consumer)

set(ENV{PKG_CONFIG_PATH} ${prefix}/${LIBDIR}/pkgconfig)
run("pkg-config" pkg-config --cflags --libs apportion)
separate_arguments(flags UNIX_COMMAND "${output}")
run("pkg-config: build" ${CC} -std=c17 ${consumer}/consumer.c -o ${work}/shared ${flags} -lm)
run("pkg-config: run" ${work}/shared)
run("pkg-config --static" pkg-config --static --cflags --libs apportion)
separate_arguments(flags UNIX_COMMAND "${output}")
list(REMOVE_ITEM flags -lapportion)
run("static: build" ${CC} -std=c17 ${consumer}/consumer.c -o ${work}/static
    ${prefix}/${LIBDIR}/libapportion.a ${flags})
run("static: run" ${work}/static)

# What others see of it: its own names only.
run("nm" ${NM} -D --defined-only ${prefix}/${LIBDIR}/libapportion.so)
string(REGEX MATCHALL "[^\n]+" symbols "${output}")
list(LENGTH symbols n_symbols)
list(FILTER symbols EXCLUDE REGEX " apo_[a-z0-9_]+$")
if(symbols OR n_symbols LESS 20)
  message(FATAL_ERROR "libapportion.so exports ${n_symbols} symbols, among them: ${symbols}")
endif()
# Each name of the header is there.
file(STRINGS ${ROOT}/include/apportion.h declared REGEX "^APO_.*apo_[a-z0-9_]+[(]")
foreach(line IN LISTS declared)
  string(REGEX MATCH "apo_[a-z0-9_]+[(]" name "${line}")
  string(REPLACE "(" "" name "${name}")
  if(NOT output MATCHES " ${name}\n")
    message(FATAL_ERROR "libapportion.so does not export ${name}")
  endif()
endforeach()

# The tool's libraries stay with the tool.
set(allowed cjson hwloc crypto xxhash lapacke openblas m c)
if(OPENCL)
  list(APPEND allowed OpenCL)
endif()
list(JOIN allowed "|" allowed)
run("readelf" ${READELF} -d ${prefix}/${LIBDIR}/libapportion.so)
string(REGEX MATCHALL "[(]NEEDED[)][^\n]+" needed "${output}")
list(FILTER needed EXCLUDE REGEX "\\[lib(${allowed})[.]so[^]]*\\]|ld-linux")
if(needed)
  message(FATAL_ERROR "libapportion.so needs ${needed}")
endif()
if(output MATCHES "RUNPATH|RPATH")
  message(FATAL_ERROR "libapportion.so names folders to look in:\n${output}")
endif()
