/* caps.c - asking a driver what its device is. */
#include "host/opencl/caps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// From cl_khr_device_uuid, cl_khr_pci_bus_info and cl_nv_device_attribute_query; headers of
// OpenCL 1.2 may lack them.
enum {
  DEVICE_UUID = 0x106A,
  DEVICE_PCI_BUS_INFO = 0x410F,
  NV_PCI_BUS = 0x4008,
  NV_PCI_SLOT = 0x4009,
  NV_PCI_DOMAIN = 0x400A,
  UUID_BYTES = 16,
  TEXT_BYTES = 1024,
  EXTENSIONS_BYTES = 16384
};

static void clean_text(const char *from, char *to, size_t size) {
  size_t n = 0;
  while (*from == ' ') ++from;
  for (; *from != '\0' && n + 1 < size; ++from, ++n) {
    to[n] = *from >= 0x20 && *from < 0x7f ? *from : '?';
  }
  while (n > 0 && to[n - 1] == ' ') --n;
  to[n] = '\0';
}

static void read_text(cl_device_id device, cl_device_info what, char *out, size_t size) {
  char text[TEXT_BYTES] = "";
  // A text that does not fit is an error and leaves nothing; names beyond this are not names.
  if (clGetDeviceInfo(device, what, sizeof text - 1, text, NULL) != CL_SUCCESS) text[0] = '\0';
  clean_text(text, out, size);
}

static void read_platform_text(cl_platform_id platform,
                               cl_platform_info what,
                               char *out,
                               size_t size) {
  char text[TEXT_BYTES] = "";
  if (clGetPlatformInfo(platform, what, sizeof text - 1, text, NULL) != CL_SUCCESS) text[0] = '\0';
  clean_text(text, out, size);
}

static cl_uint read_uint(cl_device_id device, cl_device_info what) {
  cl_uint value = 0;
  return clGetDeviceInfo(device, what, sizeof value, &value, NULL) == CL_SUCCESS ? value : 0;
}

static cl_ulong read_ulong(cl_device_id device, cl_device_info what) {
  cl_ulong value = 0;
  return clGetDeviceInfo(device, what, sizeof value, &value, NULL) == CL_SUCCESS ? value : 0;
}

static bool read_bool(cl_device_id device, cl_device_info what) {
  cl_bool value = CL_FALSE;
  return clGetDeviceInfo(device, what, sizeof value, &value, NULL) == CL_SUCCESS && value;
}

static bool has_extension(const char *extensions, const char *name) {
  const size_t n = strlen(name);
  for (const char *at = strstr(extensions, name); at != NULL; at = strstr(at + n, name)) {
    if ((at == extensions || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0')) return true;
  }
  return false;
}

static void read_uuid(cl_device_id device, const char *extensions, char out[33]) {
  unsigned char bytes[UUID_BYTES];
  if (!has_extension(extensions, "cl_khr_device_uuid")) return;
  if (clGetDeviceInfo(device, DEVICE_UUID, sizeof bytes, bytes, NULL) != CL_SUCCESS) return;
  for (size_t i = 0; i < UUID_BYTES; ++i) snprintf(out + 2 * i, 3, "%02x", (unsigned)bytes[i]);
}

static void read_pci(cl_device_id device, const char *extensions, char *out, size_t size) {
  cl_uint place[4] = {0};  // domain, bus, device, function
  if (has_extension(extensions, "cl_khr_pci_bus_info")) {
    if (clGetDeviceInfo(device, DEVICE_PCI_BUS_INFO, sizeof place, place, NULL) != CL_SUCCESS) {
      return;
    }
  } else if (has_extension(extensions, "cl_nv_device_attribute_query")) {
    const cl_uint slot = read_uint(device, NV_PCI_SLOT);
    place[0] = read_uint(device, NV_PCI_DOMAIN);
    place[1] = read_uint(device, NV_PCI_BUS);
    place[2] = slot >> 3;
    place[3] = slot & 7;
  } else {
    return;
  }
  snprintf(out, size, "%04x:%02x:%02x.%x", place[0] & 0xffff, place[1] & 0xff, place[2] & 0xff,
           place[3] & 0xf);
}

static apo_device_kind read_kind(cl_device_id device) {
  cl_device_type type = 0;
  if (clGetDeviceInfo(device, CL_DEVICE_TYPE, sizeof type, &type, NULL) != CL_SUCCESS) type = 0;
  if ((type & CL_DEVICE_TYPE_GPU) != 0) return APO_DEVICE_GPU;
  if ((type & CL_DEVICE_TYPE_CPU) != 0) return APO_DEVICE_CPU;
  if ((type & CL_DEVICE_TYPE_ACCELERATOR) != 0) return APO_DEVICE_ACC;
  return APO_DEVICE_OTHER;
}

// "OpenCL 1.2 ..." or later.
static bool is_at_least_1_2(const char *version) {
  unsigned major = 0;
  unsigned minor = 0;
  if (sscanf(version, "OpenCL %u.%u", &major, &minor) != 2) return false;
  return major > 1 || (major == 1 && minor >= 2);
}

static void judge(cl_device_id device, apo_device_record *out) {
  const char *why = "";
  if (!read_bool(device, CL_DEVICE_AVAILABLE)) why = "the driver says it is not available";
  if (!read_bool(device, CL_DEVICE_ENDIAN_LITTLE)) why = "it is big-endian";
  if (!read_bool(device, CL_DEVICE_COMPILER_AVAILABLE)) why = "its driver has no compiler";
  if (!is_at_least_1_2(out->version)) why = "it is older than OpenCL 1.2";
  snprintf(out->why, sizeof out->why, "%s", why);
  out->usable = why[0] == '\0';
}

void apo_caps_read(cl_platform_id platform, cl_device_id device, apo_device_record *out) {
  *out = (apo_device_record){.native_platform = platform, .native_device = device};
  apo_caps *caps = &out->caps;
  read_text(device, CL_DEVICE_NAME, caps->name, sizeof caps->name);
  read_text(device, CL_DRIVER_VERSION, caps->driver, sizeof caps->driver);
  read_text(device, CL_DEVICE_VENDOR, out->vendor, sizeof out->vendor);
  read_text(device, CL_DEVICE_VERSION, out->version, sizeof out->version);
  read_platform_text(platform, CL_PLATFORM_NAME, caps->platform, sizeof caps->platform);
  read_platform_text(platform, CL_PLATFORM_VENDOR, out->platform_vendor,
                     sizeof out->platform_vendor);
  read_platform_text(platform, CL_PLATFORM_VERSION, out->platform_version,
                     sizeof out->platform_version);
  out->kind = read_kind(device);
  caps->is_cpu = out->kind == APO_DEVICE_CPU;
  caps->compute_units = read_uint(device, CL_DEVICE_MAX_COMPUTE_UNITS);
  caps->global_bytes = read_ulong(device, CL_DEVICE_GLOBAL_MEM_SIZE);
  caps->max_alloc_bytes = read_ulong(device, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
  caps->local_bytes = read_ulong(device, CL_DEVICE_LOCAL_MEM_SIZE);
  size_t max_group = 0;
  if (clGetDeviceInfo(device, CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof max_group, &max_group, NULL) ==
      CL_SUCCESS) {
    caps->max_group = max_group < UINT32_MAX ? (uint32_t)max_group : UINT32_MAX;
  }
  out->shares_host_memory = read_bool(device, CL_DEVICE_HOST_UNIFIED_MEMORY);
  cl_device_fp_config fp64 = 0;
  if (clGetDeviceInfo(device, CL_DEVICE_DOUBLE_FP_CONFIG, sizeof fp64, &fp64, NULL) == CL_SUCCESS) {
    out->has_fp64 = fp64 != 0;
  }
  char *extensions = calloc(1, EXTENSIONS_BYTES);
  if (extensions != NULL && clGetDeviceInfo(device, CL_DEVICE_EXTENSIONS, EXTENSIONS_BYTES - 1,
                                            extensions, NULL) == CL_SUCCESS) {
    read_uuid(device, extensions, out->uuid);
    read_pci(device, extensions, out->pci, sizeof out->pci);
  }
  free(extensions);
  judge(device, out);
}
