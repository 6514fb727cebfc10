/* cli_place.h - a folder with a small model, rows and a background, and the tool to run on them.
 *
 * POSIX: include it first, or define _POSIX_C_SOURCE before every other header.
 */
#ifndef APO_TESTS_SUPPORT_CLI_PLACE_H
#define APO_TESTS_SUPPORT_CLI_PLACE_H

#include "tests/support/run_tool.h"
// It asks for POSIX before any other header.
#include <cjson/cJSON.h>

#include "tests/support/apo_test.h"

/* Two trees over three columns; the first splits on age, the second on income and colour.
 *
 *        age < 41.5            income < 1000
 *        /        \              /        \
 *      0.5       -0.25      age < 30     0.125
 *                            /    \
 *                         -0.5     1
 */
static const char model_text[] =
    "{\"format\":\"apportion-model\",\"version\":1,\"kind\":\"forest\","
    "\"columns\":{\"count\":3,\"names\":[\"colour\",\"age\",\"income\"]},"
    "\"input\":{\"cast\":\"float32\"},"
    "\"outputs\":{\"count\":1,\"names\":[\"default\"],\"base\":[-0.25],"
    "\"link\":{\"name\":\"sigmoid\"}},"
    "\"forest\":{\"defaults\":{\"op\":\"lt\",\"missing\":\"nan\",\"default_left\":1},\"trees\":["
    "{\"output\":0,\"column\":[1],\"threshold\":[41.5],\"left\":[-1],\"right\":[-2],"
    "\"leaf\":[0.5,-0.25]},"
    "{\"output\":0,\"column\":[2,1],\"threshold\":[1000,30],\"left\":[1,-1],\"right\":[-3,-2],"
    "\"leaf\":[-0.5,1,0.125]}]}}";

static const char data_text[] =
    "id,age,income,colour,late\n"
    "a,20,500,1,1\n"
    "b,35,500,2,0\n"
    "c,50,2000,0,1\n"
    "d,,700,1,0\n";

static const char background_text[] =
    "colour,age,income\n"
    "0,25,900\n"
    "1,45,1500\n"
    "2,38,100\n";

/* The folder of one test: a model, rows and a background. */
typedef struct place {
  scratch folder;
  char model[SCRATCH_PATH_BYTES];
  char data[SCRATCH_PATH_BYTES];
  char background[SCRATCH_PATH_BYTES];
  char out[SCRATCH_PATH_BYTES]; /* not there yet */
} place;

static inline void put_file(place *p,
                            char path[SCRATCH_PATH_BYTES],
                            const char *name,
                            const char *text) {
  snprintf(path, SCRATCH_PATH_BYTES, "%s", scratch_write(&p->folder, name, text, strlen(text)));
}

static inline place open_place(void) {
  place p = {.folder = scratch_open()};
  put_file(&p, p.model, "model.json", model_text);
  put_file(&p, p.data, "data.csv", data_text);
  put_file(&p, p.background, "background.csv", background_text);
  snprintf(p.out, sizeof p.out, "%s", scratch_path(&p.folder, "phi.npy"));
  return p;
}

static inline outcome run(place *p, const char *const *words) {
  return tool_finish(&p->folder, tool_start(&p->folder, NULL, words));
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
/* An explanation that works, to which more words are added. */
#define EXPLAIN(p, ...)                                                                         \
  WORDS("explain", "--model", (p)->model, "--data", (p)->data, "--background", (p)->background, \
        "--device", "none", __VA_ARGS__)

static inline size_t count_lines(const char *text) {
  size_t n = 0;
  for (; *text != '\0'; ++text) n += *text == '\n';
  return n;
}

static inline void assert_code(const outcome *done, int code) {
  if (done->code != code) print_error("exit %d\n%s%s", done->code, done->out, done->err);
  assert_int_equal(done->code, code);
}

/* It failed with this code, said `words` in at most two lines, and printed no result. */
static inline void assert_refused(place *p, const char *const *argv, int code, const char *words) {
  outcome done = run(p, argv);
  assert_code(&done, code);
  if (strstr(done.err, words) == NULL) print_error("expected \"%s\" in: %s", words, done.err);
  assert_non_null(strstr(done.err, words));
  assert_int_equal(strncmp(done.err, "apportion: ", 11), 0);
  assert_in_range(count_lines(done.err), 1, 2);
  assert_string_equal(done.out, "");
  outcome_clear(&done);
}

static inline bool exists(const char *path) {
  return access(path, F_OK) == 0;
}

/* The last line of a text as JSON. */
static inline cJSON *last_line(const char *text) {
  const char *line = text;
  for (const char *at = text; *at != '\0'; ++at) {
    if (*at == '\n' && at[1] != '\0') line = at + 1;
  }
  cJSON *json = cJSON_Parse(line);
  if (json == NULL) print_error("no JSON: %s\n", line);
  assert_non_null(json);
  return json;
}

#endif
