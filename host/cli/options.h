/* options.h - the options of every command: one table, which the parser and --help read.
 *
 * A value comes from the command line, else from the environment (APPORTION_ and the name in
 * capitals, `-` as `_`), else from the table.  Long options are never shortened, so that scripts
 * stay valid.  What interfaces name but this version lacks is in the table too, as a refusal: it
 * is answered by name and never ignored.
 */
#ifndef APO_HOST_CLI_OPTIONS_H
#define APO_HOST_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/core/error.h"

typedef enum apo_option_type {
  APO_OPTION_FLAG,       /* --x, --no-x */
  APO_OPTION_TEXT,       /* anything but nothing */
  APO_OPTION_COUNT,      /* whole number, `_` between digits */
  APO_OPTION_AUTO_COUNT, /* or the word auto, which is 0 */
  APO_OPTION_BYTES,      /* number with K M G T or Ki Mi Gi Ti */
  APO_OPTION_REAL,       /* at least 0 */
  APO_OPTION_PORTION,    /* whole number, or a share as 0.2 or 20% */
  APO_OPTION_RANGE,      /* FIRST:END, either may miss; or the word best */
  APO_OPTION_CHOICE,     /* one of the words of `unit`; `!word` is known but refused */
  APO_OPTION_REFUSED     /* not in this version; takes a value if `unit` names one */
} apo_option_type;

typedef enum apo_option_id {
  APO_OPT_MODEL,
  APO_OPT_ITERATIONS,
  APO_OPT_DATA,
  APO_OPT_BACKGROUND,
  APO_OPT_BACKGROUND_WEIGHTS,
  APO_OPT_TARGET,
  APO_OPT_SAMPLE_WEIGHT,
  APO_OPT_ID,
  APO_OPT_MISSING,
  APO_OPT_OUT,
  APO_OPT_FORCE,
  APO_OPT_METHOD,
  APO_OPT_INDEX,
  APO_OPT_INTERACTIONS,
  APO_OPT_OUTPUT,
  APO_OPT_LINK,
  APO_OPT_DEPENDENCE,
  APO_OPT_NSAMPLES,
  APO_OPT_COALITIONS,
  APO_OPT_GROUPS,
  APO_OPT_ERRORS,
  APO_OPT_GAP_TOLERANCE,
  APO_OPT_METRIC,
  APO_OPT_REPEATS,
  APO_OPT_MAX_SAMPLES,
  APO_OPT_SEED,
  APO_OPT_ROW_ORIGIN,
  APO_OPT_REDUCE,
  APO_OPT_TOP,
  APO_OPT_LABEL,
  APO_OPT_INPUT_ID,
  APO_OPT_CHUNK_ROWS,
  APO_OPT_BENCH_ROWS,
  APO_OPT_BENCH_TREES,
  APO_OPT_CSV,
  APO_OPT_DEVICE,
  APO_OPT_MEMORY,
  APO_OPT_LAUNCH_MS,
  APO_OPT_SELF_TEST_FIRST,
  APO_OPT_CACHE,
  APO_OPT_MAX_MODEL_BYTES,
  APO_OPT_SELF_TEST,
  APO_OPT_PROGRESS,
  APO_OPT_JSON,
  APO_OPT_TOLERANCE,
  APO_OPT_QUIET,
  APO_OPT_VERBOSE,
  APO_OPT_VERSION,
  APO_OPT_HELP,
  APO_N_OPTIONS
} apo_option_id;

typedef struct apo_option {
  const char *name;
  apo_option_type type;
  const char *initial;  /* default, as text; NULL: none */
  const char *unit;     /* what --help calls the value; the words of a choice, parted by | */
  uint32_t commands;    /* bits of the commands that take it */
  uint32_t required;    /* bits of the commands that need it */
  char letter;          /* short name, or 0 */
  const char *sentence; /* of a flag that is on by default: what --no-x does */
} apo_option;

extern const apo_option apo_option_table[APO_N_OPTIONS];

/** A value as text and, by type, as a number. */
typedef struct apo_option_value {
  const char *text; /* NULL: no value */
  char *owned;
  bool is_given; /* by option or environment */
  bool flag;
  bool is_share;
  uint64_t count; /* of a range its first */
  uint64_t end;   /* of a range; 0: none; APO_BEST_ITERATION: best */
  double real;
} apo_option_value;

/** What one command was asked. */
typedef struct apo_options {
  uint32_t command; /* its bit; 0 is the tool without a command */
  apo_option_value values[APO_N_OPTIONS];
  char *operand;  /* or NULL */
  char hint[160]; /* what may help after a failure to parse; "" */
  int n_verbose;  /* how often -v was given */
} apo_options;

/** Read the words behind the command.
 *
 * Shapes:  argv [argc]; argv[0] is the command's name
 * Owns:    on success `*out` is given back with apo_options_clear; on failure only its hint stays
 * Fails:   APO_ERR_ARGUMENT     unknown option, bad value, missing value, too many operands
 *          APO_ERR_UNSUPPORTED  an option or a choice that this version refuses
 */
APO_NODISCARD apo_status apo_options_parse(uint32_t command,
                                           uint32_t max_operands,
                                           int argc,
                                           const char **argv,
                                           apo_options *out,
                                           apo_error *err);
void apo_options_clear(apo_options *options);

/** Fails with APO_ERR_ARGUMENT when a required option has no value. */
APO_NODISCARD apo_status apo_options_check_required(apo_options *options, apo_error *err);

const char *apo_option_text(const apo_options *options, apo_option_id id);
uint64_t apo_option_count(const apo_options *options, apo_option_id id);
double apo_option_real(const apo_options *options, apo_option_id id);
bool apo_option_flag(const apo_options *options, apo_option_id id);
/** True when the value of a choice is `word`. */
bool apo_option_is(const apo_options *options, apo_option_id id, const char *word);

/** The OPTIONS part of --help of a command. */
void apo_options_print(uint32_t command, FILE *to);

/** Read one value by its type; `option->name` is the place in messages.
 *
 * Fails:   as apo_options_parse
 */
APO_NODISCARD apo_status apo_option_read(const apo_option *option,
                                         const char *text,
                                         apo_option_value *out,
                                         apo_error *err);

#endif
