/* topology.c - what hwloc knows of the machine, in the few numbers that are used. */
#include "host/topology/topology.h"

#include <cjson/cJSON.h>
#include <hwloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/memory.h"

struct apo_topology {
  hwloc_topology_t hwloc;
};

/* --- loading ---------------------------------------------------------------------------------- */

typedef enum origin { THIS_MACHINE, SYNTHETIC, XML } origin;

static apo_status refuse(origin from, apo_error *err) {
  switch (from) {
    case THIS_MACHINE:
      return apo_fail(err, APO_ERR_IO, "topology: the system tells nothing of its cores");
    case SYNTHETIC: return apo_fail(err, APO_ERR_ARGUMENT, "topology: not a synthetic description");
    case XML: return apo_fail(err, APO_ERR_FORMAT, "topology: not an XML export of hwloc");
  }
  return APO_ERR_INTERNAL;
}

static int set_origin(hwloc_topology_t hwloc, origin from, const char *text) {
  switch (from) {
    case THIS_MACHINE: return 0;
    case SYNTHETIC: return hwloc_topology_set_synthetic(hwloc, text);
    case XML: return hwloc_topology_set_xmlbuffer(hwloc, text, (int)strlen(text) + 1);
  }
  return -1;
}

static apo_status load(origin from, const char *text, apo_topology **out, apo_error *err) {
  *out = NULL;
  apo_topology *topology = apo_alloc(1, sizeof *topology);
  if (topology == NULL) return apo_fail(err, APO_ERR_MEMORY, "topology: no memory");
  apo_status status = APO_OK;
  if (hwloc_topology_init(&topology->hwloc) != 0) {
    topology->hwloc = NULL;
    status = apo_fail(err, APO_ERR_MEMORY, "topology: no memory");
  } else if (set_origin(topology->hwloc, from, text) != 0 ||
             hwloc_topology_load(topology->hwloc) != 0) {
    status = refuse(from, err);
  }
  if (status != APO_OK) {
    apo_topology_destroy(&topology);
    return status;
  }
  *out = topology;
  return APO_OK;
}

apo_status apo_topology_load(apo_topology **out, apo_error *err) {
  return load(THIS_MACHINE, NULL, out, err);
}

apo_status apo_topology_invent(const char *description, apo_topology **out, apo_error *err) {
  return load(SYNTHETIC, description, out, err);
}

apo_status apo_topology_read(const char *xml, apo_topology **out, apo_error *err) {
  return load(XML, xml, out, err);
}

void apo_topology_destroy(apo_topology **topology) {
  if (topology == NULL || *topology == NULL) return;
  if ((*topology)->hwloc != NULL) hwloc_topology_destroy((*topology)->hwloc);
  free(*topology);
  *topology = NULL;
}

/* --- asking ----------------------------------------------------------------------------------- */

static uint32_t count(const apo_topology *topology, hwloc_obj_type_t type) {
  const int n = hwloc_get_nbobjs_by_type(topology->hwloc, type);
  return n > 0 ? (uint32_t)n : 0;  // -1: the type stands at several depths, which none of ours does
}

// Containers may hide packages or cores; something always computes.
static uint32_t count_at_least_1(const apo_topology *topology, hwloc_obj_type_t type) {
  const uint32_t n = count(topology, type);
  return n > 0 ? n : 1;
}

// The first cache of a kind, and how many cores it serves.
static uint64_t cache_bytes(const apo_topology *topology,
                            hwloc_obj_type_t type,
                            uint32_t *shared_by) {
  *shared_by = 0;
  hwloc_obj_t cache = hwloc_get_obj_by_type(topology->hwloc, type, 0);
  if (cache == NULL) return 0;
  const int n_cores =
      hwloc_get_nbobjs_inside_cpuset_by_type(topology->hwloc, cache->cpuset, HWLOC_OBJ_CORE);
  // A cache inside a core holds no whole one.
  *shared_by = n_cores > 0 ? (uint32_t)n_cores : 1;
  return cache->attr->cache.size;
}

uint64_t apo_topology_node_bytes(const apo_topology *topology, uint32_t node) {
  hwloc_obj_t obj = hwloc_get_obj_by_type(topology->hwloc, HWLOC_OBJ_NUMANODE, node);
  return obj != NULL ? obj->attr->numanode.local_memory : 0;
}

void apo_topology_summarize(const apo_topology *topology, apo_topology_summary *out) {
  *out = (apo_topology_summary){
      .n_packages = count_at_least_1(topology, HWLOC_OBJ_PACKAGE),
      .n_numa_nodes = count_at_least_1(topology, HWLOC_OBJ_NUMANODE),
      .n_cores = count_at_least_1(topology, HWLOC_OBJ_CORE),
      .n_threads = count_at_least_1(topology, HWLOC_OBJ_PU),
  };
  for (uint32_t i = 0; i < out->n_numa_nodes; ++i) {
    out->memory_bytes += apo_topology_node_bytes(topology, i);
  }
  out->l1_bytes = cache_bytes(topology, HWLOC_OBJ_L1CACHE, &out->l1_shared_by);
  out->l2_bytes = cache_bytes(topology, HWLOC_OBJ_L2CACHE, &out->l2_shared_by);
  out->l3_bytes = cache_bytes(topology, HWLOC_OBJ_L3CACHE, &out->l3_shared_by);
}

uint64_t apo_topology_core_cache_bytes(const apo_topology *topology) {
  apo_topology_summary s;
  apo_topology_summarize(topology, &s);
  if (s.l3_bytes > 0 && s.l3_shared_by == 1 && s.n_cores > 1) return s.l3_bytes;
  if (s.l2_bytes > 0 && s.l2_shared_by == 1) return s.l2_bytes;
  return s.l1_shared_by == 1 ? s.l1_bytes : 0;
}

apo_status apo_topology_bind_thread(const apo_topology *topology, uint32_t node, apo_error *err) {
  hwloc_obj_t obj = hwloc_get_obj_by_type(topology->hwloc, HWLOC_OBJ_NUMANODE, node);
  if (obj == NULL) {
    return apo_fail(err, APO_ERR_ARGUMENT, "topology: node %u of %u", node,
                    count(topology, HWLOC_OBJ_NUMANODE));
  }
  // Another machine's cores mean nothing here; hwloc would pretend to have bound.
  if (!hwloc_topology_is_thissystem(topology->hwloc) ||
      hwloc_set_cpubind(topology->hwloc, obj->cpuset, HWLOC_CPUBIND_THREAD) != 0) {
    return apo_fail(err, APO_ERR_UNSUPPORTED, "topology: node %u: the thread cannot be bound",
                    node);
  }
  return APO_OK;
}

/* --- telling ---------------------------------------------------------------------------------- */

static const char *plural(uint32_t n) {
  return n == 1 ? "" : "s";
}

void apo_topology_text(const apo_topology *topology, char *text, size_t size) {
  apo_topology_summary s;
  apo_topology_summarize(topology, &s);
  snprintf(text, size,
           "%u package%s, %u NUMA node%s, %u core%s, %u thread%s, L1 %.0f KiB, L2 %.0f KiB, "
           "L3 %.0f KiB, %.1f GiB",
           s.n_packages, plural(s.n_packages), s.n_numa_nodes, plural(s.n_numa_nodes), s.n_cores,
           plural(s.n_cores), s.n_threads, plural(s.n_threads), (double)s.l1_bytes / 1024,
           (double)s.l2_bytes / 1024, (double)s.l3_bytes / 1024,
           (double)s.memory_bytes / (1024.0 * 1024.0 * 1024.0));
}

static bool add_cache(cJSON *caches, int level, uint64_t n_bytes, uint32_t shared_by) {
  if (n_bytes == 0) return true;
  cJSON *cache = cJSON_CreateObject();
  if (cache == NULL || !cJSON_AddItemToArray(caches, cache)) {
    cJSON_Delete(cache);
    return false;
  }
  return cJSON_AddNumberToObject(cache, "level", level) != NULL &&
         cJSON_AddNumberToObject(cache, "bytes", (double)n_bytes) != NULL &&
         cJSON_AddNumberToObject(cache, "cores", shared_by) != NULL;
}

static bool fill_json(const apo_topology *topology, cJSON *root) {
  apo_topology_summary s;
  apo_topology_summarize(topology, &s);
  if (cJSON_AddNumberToObject(root, "packages", s.n_packages) == NULL ||
      cJSON_AddNumberToObject(root, "cores", s.n_cores) == NULL ||
      cJSON_AddNumberToObject(root, "threads", s.n_threads) == NULL ||
      cJSON_AddNumberToObject(root, "memory_bytes", (double)s.memory_bytes) == NULL) {
    return false;
  }
  cJSON *caches = cJSON_AddArrayToObject(root, "caches");
  if (caches == NULL || !add_cache(caches, 1, s.l1_bytes, s.l1_shared_by) ||
      !add_cache(caches, 2, s.l2_bytes, s.l2_shared_by) ||
      !add_cache(caches, 3, s.l3_bytes, s.l3_shared_by)) {
    return false;
  }
  cJSON *nodes = cJSON_AddArrayToObject(root, "nodes");
  for (uint32_t i = 0; nodes != NULL && i < s.n_numa_nodes; ++i) {
    cJSON *bytes = cJSON_CreateNumber((double)apo_topology_node_bytes(topology, i));
    if (bytes != NULL && cJSON_AddItemToArray(nodes, bytes)) continue;
    cJSON_Delete(bytes);
    return false;
  }
  return nodes != NULL;
}

apo_status apo_topology_json(const apo_topology *topology, char **out, apo_error *err) {
  cJSON *root = cJSON_CreateObject();
  *out = root != NULL && fill_json(topology, root) ? cJSON_PrintUnformatted(root) : NULL;
  cJSON_Delete(root);
  return *out != NULL ? APO_OK : apo_fail(err, APO_ERR_MEMORY, "topology: no memory for JSON");
}
