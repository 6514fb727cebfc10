/* options.c - the option table through popt, and as text.
 *
 * popt splits words into options and values; what a value means is option_value.c's.  A popt table
 * is made from ours for one command: value 1 + id for --x, and below zero, where popt keeps its
 * errors, nothing; --no-x is 1 + APO_N_OPTIONS + id.
 */
#define _POSIX_C_SOURCE 200809L

#include "host/cli/options.h"

#include <popt.h>
#include <string.h>
#include <unistd.h>

#include "engine/core/memory.h"
#include "host/cli/nearest.h"
#include "host/cli/text_out.h"

enum { MAX_NEGATIVE_NAME = 40, MAX_ENVIRONMENT_NAME = 64 };

/* The popt table of one command, and the names in it that are made: "no-x". */
typedef struct popt_table {
  struct poptOption options[2 * APO_N_OPTIONS + 1];
  char negatives[APO_N_OPTIONS][MAX_NEGATIVE_NAME];
} popt_table;

static bool is_taken(uint32_t command, const apo_option *option) {
  return option->commands == UINT32_MAX || (option->commands & command) != 0;
}

static bool takes_value(const apo_option *option) {
  if (option->type == APO_OPTION_REFUSED) return option->unit != NULL;
  return option->type != APO_OPTION_FLAG;
}

static bool has_negative(const apo_option *option) {
  return option->type == APO_OPTION_FLAG && option->letter == 0;
}

static void fill_popt_table(uint32_t command, popt_table *table) {
  size_t n = 0;
  memset(table, 0, sizeof *table);
  for (int id = 0; id < APO_N_OPTIONS; ++id) {
    const apo_option *option = &apo_option_table[id];
    if (!is_taken(command, option)) continue;
    table->options[n++] =
        (struct poptOption){.longName = option->name,
                            .shortName = option->letter,
                            .argInfo = takes_value(option) ? POPT_ARG_STRING : POPT_ARG_NONE,
                            .val = 1 + id};
    if (!has_negative(option)) continue;
    snprintf(table->negatives[id], MAX_NEGATIVE_NAME, "no-%s", option->name);
    table->options[n++] = (struct poptOption){
        .longName = table->negatives[id], .argInfo = POPT_ARG_NONE, .val = 1 + APO_N_OPTIONS + id};
  }
}

/* --- failures --------------------------------------------------------------------------------- */

/* The nearest option to a misspelt word like "--modle=x", as a hint. */
static void hint_nearest(const popt_table *table, const char *word, apo_options *out) {
  char name[64];
  while (*word == '-') ++word;
  const size_t n = strcspn(word, "=");
  snprintf(name, sizeof name, "%.*s", n < sizeof name ? (int)n : (int)sizeof name - 1, word);
  uint32_t best = 3;  // a distance up to 2 is a slip, more is another word
  for (const struct poptOption *at = table->options; at->longName != NULL; ++at) {
    const uint32_t distance = apo_edit_distance(name, at->longName);
    if (distance >= best) continue;
    best = distance;
    snprintf(out->hint, sizeof out->hint, "did you mean --%s?", at->longName);
  }
}

static apo_status popt_failure(
    const popt_table *table, poptContext context, int code, apo_options *out, apo_error *err) {
  char shown[APO_SHOWN_BYTES];
  apo_text_show(poptBadOption(context, 0), shown);
  if (code == POPT_ERROR_BADOPT) {
    hint_nearest(table, poptBadOption(context, 0), out);
    return apo_fail(err, APO_ERR_ARGUMENT, "%s: unknown option", shown);
  }
  if (code == POPT_ERROR_NOARG) return apo_fail(err, APO_ERR_ARGUMENT, "%s: needs a value", shown);
  return apo_fail(err, APO_ERR_ARGUMENT, "%s: %s", shown, poptStrerror(code));
}

/* --- values ----------------------------------------------------------------------------------- */

/* Takes `text`, which may be NULL for a flag. */
static apo_status set_value(int id, char *text, bool flag, apo_options *out, apo_error *err) {
  apo_option_value *value = &out->values[id];
  const apo_option *option = &apo_option_table[id];
  free(value->owned);
  *value = (apo_option_value){.owned = text, .is_given = true, .flag = flag};
  if (option->type == APO_OPTION_FLAG && text == NULL) return APO_OK;
  return apo_option_read(option, text == NULL ? "1" : text, value, err);
}

static apo_status set_initial_values(uint32_t command, apo_options *out, apo_error *err) {
  for (int id = 0; id < APO_N_OPTIONS; ++id) {
    const apo_option *option = &apo_option_table[id];
    if (!is_taken(command, option) || option->initial == NULL) continue;
    APO_TRY(apo_option_read(option, option->initial, &out->values[id], err));
  }
  return APO_OK;
}

static void environment_name(const apo_option *option, char out[MAX_ENVIRONMENT_NAME]) {
  snprintf(out, MAX_ENVIRONMENT_NAME, "APPORTION_%s", option->name);
  for (char *c = out; *c != '\0'; ++c) {
    if (*c == '-') *c = '_';
    if (*c >= 'a' && *c <= 'z') *c = (char)(*c - 'a' + 'A');
  }
}

static apo_status read_environment(uint32_t command, apo_options *out, apo_error *err) {
  // A program that runs with another's rights takes no orders from its caller's environment.
  if (getuid() != geteuid() || getgid() != getegid()) return APO_OK;
  for (int id = 0; id < APO_N_OPTIONS; ++id) {
    const apo_option *option = &apo_option_table[id];
    const bool is_word = option->letter == 'h' || option->letter == 'V';
    if (!is_taken(command, option) || is_word || out->values[id].is_given) continue;
    char name[MAX_ENVIRONMENT_NAME];
    environment_name(option, name);
    const char *text = getenv(name);
    if (text == NULL || text[0] == '\0') continue;
    char *copy = strdup(text);
    if (copy == NULL) return apo_fail(err, APO_ERR_MEMORY, "environment: out of memory");
    const apo_status status = set_value(id, copy, false, out, err);
    if (status != APO_OK) return apo_prefix(err, status, "%s: ", name);
    if (option->letter == 'v') out->n_verbose = out->values[id].flag ? 1 : 0;
  }
  return APO_OK;
}

static apo_status take_operands(poptContext context,
                                uint32_t max_operands,
                                apo_options *out,
                                apo_error *err) {
  uint32_t n = 0;
  for (const char *word; (word = poptGetArg(context)) != NULL; ++n) {
    if (n >= max_operands) {
      char shown[APO_SHOWN_BYTES];
      apo_text_show(word, shown);
      return apo_fail(err, APO_ERR_ARGUMENT, "\"%s\": operand where none was expected", shown);
    }
    out->operand = strdup(word);
    if (out->operand == NULL) return apo_fail(err, APO_ERR_MEMORY, "operand: out of memory");
  }
  return APO_OK;
}

static apo_status take_options(poptContext context,
                               const popt_table *table,
                               apo_options *out,
                               apo_error *err) {
  int code;
  while ((code = poptGetNextOpt(context)) > 0) {
    const bool is_negative = code > APO_N_OPTIONS;
    const int id = is_negative ? code - 1 - APO_N_OPTIONS : code - 1;
    char *text = poptGetOptArg(context);
    APO_TRY(set_value(id, text, !is_negative, out, err));
    if (apo_option_table[id].letter == 'v') ++out->n_verbose;
  }
  return code == -1 ? APO_OK : popt_failure(table, context, code, out, err);
}

/* --- public ----------------------------------------------------------------------------------- */

apo_status apo_options_parse(uint32_t command,
                             uint32_t max_operands,
                             int argc,
                             const char **argv,
                             apo_options *out,
                             apo_error *err) {
  *out = (apo_options){.command = command};
  popt_table *table = apo_alloc(1, sizeof *table);
  if (table == NULL) return apo_fail(err, APO_ERR_MEMORY, "options: out of memory");
  poptContext context = NULL;
  apo_status status = set_initial_values(command, out, err);
  if (status != APO_OK) goto done;
  fill_popt_table(command, table);
  context = poptGetContext("apportion", argc, argv, table->options, POPT_CONTEXT_NO_EXEC);
  if (context == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "options: out of memory");
    goto done;
  }
  status = take_options(context, table, out, err);
  if (status == APO_OK) status = take_operands(context, max_operands, out, err);
  if (status == APO_OK) status = read_environment(command, out, err);
done:
  poptFreeContext(context);
  free(table);
  if (status != APO_OK) apo_options_clear(out);
  return status;
}

void apo_options_clear(apo_options *options) {
  for (int id = 0; id < APO_N_OPTIONS; ++id) {
    free(options->values[id].owned);
    options->values[id] = (apo_option_value){0};
  }
  free(options->operand);
  options->operand = NULL;
}

apo_status apo_options_check_required(apo_options *options, apo_error *err) {
  for (int id = 0; id < APO_N_OPTIONS; ++id) {
    const apo_option *option = &apo_option_table[id];
    if ((option->required & options->command) == 0 || options->values[id].text != NULL) continue;
    snprintf(options->hint, sizeof options->hint, "--%s %s: %s", option->name, option->unit,
             option->sentence);
    return apo_fail(err, APO_ERR_ARGUMENT, "--%s: missing", option->name);
  }
  return APO_OK;
}

const char *apo_option_text(const apo_options *options, apo_option_id id) {
  return options->values[id].text;
}

uint64_t apo_option_count(const apo_options *options, apo_option_id id) {
  return options->values[id].count;
}

double apo_option_real(const apo_options *options, apo_option_id id) {
  return options->values[id].real;
}

bool apo_option_flag(const apo_options *options, apo_option_id id) {
  return options->values[id].flag;
}

bool apo_option_is(const apo_options *options, apo_option_id id, const char *word) {
  const char *text = options->values[id].text;
  return text != NULL && strcmp(text, word) == 0;
}

/* --- help ------------------------------------------------------------------------------------- */

/* A sentence from column `indent` on, broken before column 100. */
static void print_wrapped(const char *sentence, int indent, FILE *to) {
  int col = indent;
  while (*sentence != '\0') {
    const int n = (int)strcspn(sentence, " ");
    if (col > indent && col + 1 + n > 99) {
      fprintf(to, "\n%*s", indent, "");
      col = indent;
    }
    col += fprintf(to, "%s%.*s", col > indent ? " " : "", n, sentence);
    sentence += n;
    while (*sentence == ' ') ++sentence;
  }
}

/* The words of a choice that exist. */
static void print_unit(const char *unit, char *out, size_t n_out) {
  size_t used = 0;
  out[0] = '\0';
  for (const char *word = unit; word != NULL && used < n_out;) {
    const char *end = strchr(word, '|');
    const int n = end == NULL ? (int)strlen(word) : (int)(end - word);
    if (word[0] != '!') {
      const int wrote = snprintf(out + used, n_out - used, "%s%.*s", used > 0 ? "|" : "", n, word);
      used += wrote > 0 ? (size_t)wrote : 0;
    }
    word = end == NULL ? NULL : end + 1;
  }
}

static void print_option(uint32_t command, const apo_option *option, FILE *to) {
  enum { INDENT = 30 };
  const bool is_on = option->type == APO_OPTION_FLAG && strcmp(option->initial, "yes") == 0;
  char unit[160] = "";
  char sentence[512];
  if (option->unit != NULL) print_unit(option->unit, unit, sizeof unit);
  int col = option->letter != 0 ? fprintf(to, "  -%c, ", option->letter) : fprintf(to, "      ");
  col += fprintf(to, "--%s%s", is_on ? "no-" : "", option->name);
  if (unit[0] != '\0') col += fprintf(to, " %s", unit);
  if (col + 2 > INDENT) {
    fputc('\n', to);
    col = 0;
  }
  fprintf(to, "%*s", INDENT - col, "");
  snprintf(sentence, sizeof sentence, "%s%s%s%s%s", option->sentence,
           (option->required & command) != 0 ? " Required." : "",
           option->type != APO_OPTION_FLAG && option->initial != NULL ? " Default: " : "",
           option->type != APO_OPTION_FLAG && option->initial != NULL ? option->initial : "",
           option->type != APO_OPTION_FLAG && option->initial != NULL ? "." : "");
  print_wrapped(sentence, INDENT, to);
  fputc('\n', to);
}

static bool is_shown(const apo_option *option) {
  return option->type != APO_OPTION_REFUSED;
}

void apo_options_print(uint32_t command, FILE *to) {
  for (int id = 0; id < APO_N_OPTIONS; ++id) {
    const apo_option *option = &apo_option_table[id];
    if (is_taken(command, option) && is_shown(option)) print_option(command, option, to);
  }
}
