/* stage.h - what a stage declares to the planner, to the executors and to the tests.
 *
 * A stage is a folder: <stage>.cl, <stage>_abi.h, <stage>_ref.c, specs.txt, and one line in
 * stages.c.  The reference twin is the meaning of the stage: plain C, the same operations in the
 * same order, no tiling, no lanes.
 */
#ifndef APO_KERNELS_STAGE_H
#define APO_KERNELS_STAGE_H

#include "kernels/abi.h"

typedef struct apo_stage {
  const char *name;          /* of the folder, the files and the __kernel */
  const char *source;        /* <stage>.cl with its includes, from kernels/embed.c */
  const char *specs;         /* specs.txt: the legal specializations, one a line */
  const char *const *params; /* names of the specialization parameters */
  apo_u32 n_params;
  apo_u32 args_bytes; /* size of the args struct, the kernel's first argument */
  apo_u32 n_buffers;  /* the kernel's other arguments, in this order */
  apo_u32 max_ulps;   /* how far device and twin may differ; 0 is equal bits */
  /* `spec` is in the order of `params`, `buffers` in the order of the kernel's arguments. */
  void (*reference)(const apo_i32 *spec, const void *args, void *const *buffers);
} apo_stage;

/** The listed stages in order, ended by a NULL pointer. */
extern const apo_stage *const apo_stages[];

/** The stage of that name, or a null pointer. */
const apo_stage *apo_stage_find(const char *name);

#endif
