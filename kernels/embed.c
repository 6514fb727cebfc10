/* embed.c - build step: one text file, with what it includes, becomes one C array.
 *
 *   embed <symbol> <file> <out.c> [<library>=<folder>...]
 *
 * It runs in the root of the source tree, where the includes of kernels/ start.  Each fragment is
 * announced with #line, so a device compiler names the file that a person would open.  There is
 * no preprocessing: conditions stay for the specialization, include guards remove the repeats, and
 * an include that is found nowhere stays as it is, since it may sit in a branch for hosts.  Of a
 * folder outside the tree only <library>/... is taken, so no system header travels to a device.
 * The array holds numbers, not a literal: C promises no more than 4095 characters of literal.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 16, MAX_PATH_BYTES = 512, MAX_LINE_BYTES = 4096, BYTES_PER_LINE = 24 };

typedef struct embedding {
  FILE *out;
  char **libraries; /* "<library>=<folder>" */
  int n_libraries;
  size_t n_bytes;
} embedding;

static void fail(const char *path, const char *why) {
  fprintf(stderr, "embed: %s: %s\n", path, why);
  exit(1);
}

static void put_text(embedding *e, const char *text, const char *path) {
  for (; *text != '\0'; ++text) {
    if ((unsigned char)*text > 127) fail(path, "kernels are ASCII");
    fprintf(e->out, ++e->n_bytes % BYTES_PER_LINE == 0 ? "%d,\n" : "%d,", *text);
  }
}

static void put_line_marker(embedding *e, int line, const char *path) {
  char marker[MAX_PATH_BYTES + 32];
  snprintf(marker, sizeof marker, "#line %d \"%s\"\n", line, path);
  put_text(e, marker, path);
}

static FILE *open_at(char *path, int n_folder, const char *folder, const char *name) {
  const int n = snprintf(path, MAX_PATH_BYTES, "%.*s%s", n_folder, folder, name);
  return n > 0 && n < MAX_PATH_BYTES ? fopen(path, "r") : NULL;
}

// Beside the including file, then from the root, then in the library of that name.
static FILE *open_include(const embedding *e, const char *from, const char *name, char *path) {
  const char *slash = strrchr(from, '/');
  FILE *in = slash != NULL ? open_at(path, (int)(slash - from) + 1, from, name) : NULL;
  if (in == NULL) in = open_at(path, 0, "", name);
  for (int i = 0; in == NULL && i < e->n_libraries; ++i) {
    const size_t n_library = strcspn(e->libraries[i], "=");
    if (strncmp(name, e->libraries[i], n_library) != 0 || name[n_library] != '/') continue;
    char folder[MAX_PATH_BYTES];
    const int n = snprintf(folder, sizeof folder, "%s/", e->libraries[i] + n_library + 1);
    if (n < MAX_PATH_BYTES) in = open_at(path, n, folder, name);
  }
  return in;
}

static void put_file(embedding *e, FILE *in, const char *path, int depth) {
  if (depth == MAX_DEPTH) fail(path, "includes go too deep");
  put_line_marker(e, 1, path);
  char line[MAX_LINE_BYTES];
  for (int number = 1; fgets(line, sizeof line, in) != NULL; ++number) {
    char name[MAX_PATH_BYTES];
    char found[MAX_PATH_BYTES];
    FILE *included = NULL;
    if (strchr(line, '\n') == NULL) fail(path, "a line is too long or the last one has no end");
    if (sscanf(line, " # include %*[\"<]%500[^\">]", name) == 1) {
      included = open_include(e, path, name, found);
    }
    if (included == NULL) {
      put_text(e, line, path);
      continue;
    }
    put_file(e, included, found, depth + 1);
    put_line_marker(e, number + 1, path);
  }
  fclose(in);
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fputs("usage: embed <symbol> <file> <out.c> [<library>=<folder>...]\n", stderr);
    return 2;
  }
  FILE *in = fopen(argv[2], "r");
  if (in == NULL) fail(argv[2], "cannot be read");
  embedding e = {.out = fopen(argv[3], "w"), .libraries = argv + 4, .n_libraries = argc - 4};
  if (e.out == NULL) fail(argv[3], "cannot be written");
  fprintf(e.out, "/* %s, made by kernels/embed.c. */\n", argv[2]);
  fprintf(e.out, "extern const char %s[];\nconst char %s[] = {\n", argv[1], argv[1]);
  put_file(&e, in, argv[2], 0);
  fputs("0};\n", e.out);
  if (fclose(e.out) != 0) fail(argv[3], "cannot be written");
  return 0;
}
