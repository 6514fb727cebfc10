#include "host/io/table.h"

// The table.  A new kind adds its name here and touches nothing else; csv claims what no other does.
#define SOURCES(X) X(npy) X(csv)

#define DECLARE(name) extern const apo_source_kind apo_source_kind_##name;
SOURCES(DECLARE)

#define ENTRY(name) &apo_source_kind_##name,
const apo_source_kind *const apo_source_kinds[] = {SOURCES(ENTRY) NULL};
