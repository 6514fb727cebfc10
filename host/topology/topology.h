/* topology.h - cores, caches and NUMA nodes of the machine, through hwloc.
 *
 * Planners want one number of it: the cache that a core has to itself, which bounds a tile on a
 * CPU device.  Runners want one act: to stay on the NUMA node whose memory they fill.
 *
 * Threads: a topology never changes once loaded and may be shared.
 */
#ifndef APO_HOST_TOPOLOGY_TOPOLOGY_H
#define APO_HOST_TOPOLOGY_TOPOLOGY_H

#include <stdint.h>

#include "engine/core/error.h"

typedef struct apo_topology apo_topology;

/** The whole machine in numbers.  A cache of 0 bytes is one that does not exist or is unknown. */
typedef struct apo_topology_summary {
  uint32_t n_packages;
  uint32_t n_numa_nodes;
  uint32_t n_cores;
  uint32_t n_threads;    /* hardware threads this process may use */
  uint64_t memory_bytes; /* of all NUMA nodes */
  uint64_t l1_bytes;     /* data cache */
  uint64_t l2_bytes;
  uint64_t l3_bytes;
  uint32_t l1_shared_by; /* cores that share one such cache */
  uint32_t l2_shared_by;
  uint32_t l3_shared_by;
} apo_topology_summary;

/** This machine.  Fails: APO_ERR_MEMORY, APO_ERR_IO (the system tells nothing). */
APO_NODISCARD apo_status apo_topology_load(apo_topology **out, apo_error *err);

/** An invented machine, in hwloc's words: "node:2 l3:1 core:8 l2:1 l1d:1 pu:2".
 *
 * Fails:   APO_ERR_ARGUMENT  hwloc does not understand it
 */
APO_NODISCARD apo_status apo_topology_invent(const char *description,
                                             apo_topology **out,
                                             apo_error *err);

/** A machine recorded by hwloc's XML export.  Fails: APO_ERR_FORMAT. */
APO_NODISCARD apo_status apo_topology_read(const char *xml, apo_topology **out, apo_error *err);

void apo_topology_destroy(apo_topology **topology);

void apo_topology_summarize(const apo_topology *topology, apo_topology_summary *out);

/** The largest cache that one core has to itself; 0 when it is unknown. */
uint64_t apo_topology_core_cache_bytes(const apo_topology *topology);

/** Memory of one NUMA node; `node` counts from 0 to n_numa_nodes. */
uint64_t apo_topology_node_bytes(const apo_topology *topology, uint32_t node);

/** Let the calling thread run on one NUMA node's cores only.
 *
 * Fails:   APO_ERR_ARGUMENT     there is no such node
 *          APO_ERR_UNSUPPORTED  the topology is not this machine's, or the system refuses
 */
APO_NODISCARD apo_status apo_topology_bind_thread(const apo_topology *topology,
                                                  uint32_t node,
                                                  apo_error *err);

/** One line for people: "1 package, 2 NUMA nodes, 16 cores, 32 threads, L1 32 KiB, ...". */
void apo_topology_text(const apo_topology *topology, char *text, size_t size);

/** As JSON: {"packages": ..., "caches": [...], "nodes": [...]}.
 *
 * Owns:    on success `*out` is freed by the caller with free()
 * Fails:   APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_topology_json(const apo_topology *topology,
                                           char **out,
                                           apo_error *err);

#endif
