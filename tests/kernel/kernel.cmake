# Kernel tests: each stage on each device against its twin, then under a race detector, then its
# static figures on GPUs that are not attached.  Included by tests/CMakeLists.txt.  A device that is
# absent, or a tool, is a skip whose reason is printed.
#
# OCL_ICD_VENDORS and LD_LIBRARY_PATH are inherited, so a second OpenCL runtime is tested by running
# ctest in its environment (scripts/intel_opencl.sh).
file(GLOB kernel_test_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/check_kernels.c
     ${CMAKE_CURRENT_LIST_DIR}/kernel_case.c ${CMAKE_CURRENT_LIST_DIR}/case_*.c)
add_executable(check_kernels ${kernel_test_sources})
target_link_libraries(check_kernels PRIVATE apo_tool OpenCL::OpenCL PkgConfig::CMOCKA)

find_program(OCLGRIND oclgrind)
foreach(specs IN LISTS stage_specs)
  get_filename_component(folder ${specs} DIRECTORY)
  get_filename_component(stage ${folder} NAME)

  add_test(NAME kernel.${stage} COMMAND check_kernels ${stage}
           WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(kernel.${stage} PROPERTIES LABELS kernel TIMEOUT 1200 SKIP_RETURN_CODE 77)

  if(OCLGRIND)
    # A barrier that is missing may pass on every CPU; here it fails.  The simulator reports on
    # stderr and goes on, so its words decide.
    add_test(NAME kernel.races.${stage}
             COMMAND ${OCLGRIND} --data-races $<TARGET_FILE:check_kernels> --gpu-only --small
                     --device Oclgrind ${stage}
             WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(kernel.races.${stage} PROPERTIES
      LABELS kernel TIMEOUT 1800 SKIP_RETURN_CODE 77
      FAIL_REGULAR_EXPRESSION "data race|Invalid|out of bounds|FAILED")
  else()
    add_test(NAME kernel.races.${stage} COMMAND ${CMAKE_COMMAND} -E echo
             "SKIPPED: oclgrind is not installed")
    set_tests_properties(kernel.races.${stage} PROPERTIES
      LABELS kernel SKIP_REGULAR_EXPRESSION "SKIPPED")
  endif()

  add_test(NAME golden.gpu.${stage}
           COMMAND ${PROJECT_SOURCE_DIR}/scripts/gpu_static.sh --check ${stage}
           WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(golden.gpu.${stage} PROPERTIES
    LABELS golden TIMEOUT 1800 SKIP_RETURN_CODE 77
    ENVIRONMENT "APO_RANDOM123_FOLDER=${RANDOM123_FOLDER}")
endforeach()

# OpenCL calls that fail: the n-th call of each kind.
set(wrapped clGetPlatformIDs clCreateContext clCreateCommandQueue clCreateBuffer
    clCreateProgramWithSource clCreateProgramWithBinary clBuildProgram clCreateKernel
    clSetKernelArg clEnqueueWriteBuffer
    clEnqueueReadBuffer clEnqueueNDRangeKernel clFlush clFinish clGetEventInfo
    clReleaseContext clReleaseCommandQueue clReleaseMemObject clReleaseProgram clReleaseKernel
    clReleaseEvent)
set(wrap_options)
foreach(call IN LISTS wrapped)
  list(APPEND wrap_options "-Wl,--wrap=${call}")
endforeach()
foreach(noun opencl device_run)
  apo_add_test(fault.${noun} ${CMAKE_CURRENT_LIST_DIR}/fault_${noun}.c OpenCL::OpenCL
               ${wrap_options})
  set_tests_properties(fault.${noun} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()

# A compiler that makes wrong programs.
apo_add_test(fault.self_test ${CMAKE_CURRENT_LIST_DIR}/fault_self_test.c OpenCL::OpenCL
             -Wl,--wrap=clCreateProgramWithSource)
