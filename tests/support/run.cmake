# run(WHAT COMMAND...): the output of a command in `output`, or the end of the test.
function(run what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(NOT status EQUAL 0)
    string(REGEX REPLACE "\n[[][0-9]+/[0-9]+[]] [^\n]*" "" text "${text}")
    message(FATAL_ERROR "${what}: status ${status}\n${text}")
  endif()
  set(output "${text}" PARENT_SCOPE)
endfunction()
