/* mutate_lines.c - lines of values between separators: LightGBM's text, and CSV.
 *
 * A cell is what stands between separators or line ends.  LightGBM's separators are the space and
 * the first '='; those of CSV the comma.
 */
#include <stdio.h>

#include "tests/fuzz/mutate.h"

typedef struct span {
  size_t begin;
  size_t end;
} span;

static bool ends_cell(uint8_t c, char separator) {
  return c == '\n' || c == '\r' || c == (uint8_t)separator || (separator == ' ' && c == '=');
}

static span cell_at(const apo_mutate_buffer *buffer, size_t at, char separator) {
  span cell = {at, at};
  while (cell.begin > 0 && !ends_cell(buffer->at[cell.begin - 1], separator)) --cell.begin;
  while (cell.end < buffer->n_bytes && !ends_cell(buffer->at[cell.end], separator)) ++cell.end;
  return cell;
}

/* The line that holds `at`, with its line feed. */
static span line_at(const apo_mutate_buffer *buffer, size_t at) {
  span line = {at, at};
  while (line.begin > 0 && buffer->at[line.begin - 1] != '\n') --line.begin;
  while (line.end < buffer->n_bytes && buffer->at[line.end] != '\n') ++line.end;
  if (line.end < buffer->n_bytes) ++line.end;
  return line;
}

static bool drop_cell(apo_mutate_buffer *buffer, span cell, char separator) {
  if (cell.end < buffer->n_bytes && buffer->at[cell.end] == (uint8_t)separator) {
    ++cell.end;
  } else if (cell.begin > 0 && buffer->at[cell.begin - 1] == (uint8_t)separator) {
    --cell.begin;
  }
  return cell.end > cell.begin && apo_mutate_replace(buffer, cell.begin, cell.end, NULL, 0);
}

static bool repeat_cell(apo_mutate_buffer *buffer, span cell, char separator, size_t n_times) {
  bool is_done = false;
  for (size_t i = 0; i < n_times; ++i) {
    if (cell.end - cell.begin + 1 > buffer->room - buffer->n_bytes) return is_done;
    if (!apo_mutate_replace(buffer, cell.end, cell.end, &separator, 1)) return is_done;
    if (!apo_mutate_copy(buffer, cell.end + 1, cell.end + 1, cell.begin, cell.end)) {
      return apo_mutate_replace(buffer, cell.end, cell.end + 1, NULL, 0) && is_done;
    }
    is_done = true;
  }
  return is_done;
}

static bool swap_cells(apo_mutate_buffer *buffer, span cell, char separator) {
  if (cell.end >= buffer->n_bytes || buffer->at[cell.end] != (uint8_t)separator) return false;
  const span next = cell_at(buffer, cell.end + 1, separator);
  return apo_mutate_swap(buffer, cell.begin, cell.end, next.begin, next.end);
}

static size_t n_cells(const apo_mutate_buffer *buffer, span line, char separator) {
  size_t n = 1;
  for (size_t at = line.begin; at < line.end; ++at) n += buffer->at[at] == (uint8_t)separator;
  return n;
}

/* Cell `position` of a line, behind its '=' if it has one. */
static span cell_of(const apo_mutate_buffer *buffer, span line, size_t position, char separator) {
  size_t at = line.begin;
  const uint8_t *equals = separator == ' ' ? memchr(buffer->at + at, '=', line.end - at) : NULL;
  if (equals != NULL) at = (size_t)(equals - buffer->at) + 1;
  for (; position > 0; --position) at = cell_at(buffer, at, separator).end + 1;
  return cell_at(buffer, at < line.end ? at : line.end, separator);
}

/* The cell at one position goes, or comes twice, in all lines with as many cells. */
static bool change_alike(apo_mutate_buffer *buffer,
                         size_t from,
                         char separator,
                         apo_mutate_draw *draw) {
  const span chosen = line_at(buffer, from);
  const size_t n = n_cells(buffer, chosen, separator);
  if (n < 2) return false;
  const size_t position = apo_mutate_below(draw, n);
  const bool is_drop = apo_mutate_coin(draw);
  size_t at = 0;
  while (at < buffer->n_bytes) {
    const span line = line_at(buffer, at);
    if (n_cells(buffer, line, separator) == n) {
      const span cell = cell_of(buffer, line, position, separator);
      if (is_drop ? !drop_cell(buffer, cell, separator)
                  : !repeat_cell(buffer, cell, separator, 1)) {
        break;
      }
    }
    at = line_at(buffer, line.begin).end;
  }
  return true;
}

/* A line moves, comes twice, or goes. */
static bool change_line(apo_mutate_buffer *buffer, size_t at, apo_mutate_draw *draw) {
  const span line = line_at(buffer, at);
  const size_t other = line_at(buffer, apo_mutate_below(draw, buffer->n_bytes)).begin;
  if (apo_mutate_coin(draw)) return apo_mutate_replace(buffer, line.begin, line.end, NULL, 0);
  return apo_mutate_copy(buffer, other, other, line.begin, line.end);
}

static size_t mutate(apo_mutate_buffer *buffer, char separator, apo_mutate_draw *draw) {
  if (buffer->n_bytes == 0) return 0;
  const size_t at = apo_mutate_below(draw, buffer->n_bytes);
  const size_t other = apo_mutate_below(draw, buffer->n_bytes);
  const span cell = cell_at(buffer, at, separator);
  const span from = cell_at(buffer, other, separator);
  bool is_done = false;
  switch (apo_mutate_below(draw, 16)) {
    case 0: is_done = drop_cell(buffer, cell, separator); break;
    case 1: is_done = repeat_cell(buffer, cell, separator, 1); break;
    case 2:
      is_done = repeat_cell(buffer, cell, separator, (size_t)1 << apo_mutate_below(draw, 10));
      break;
    case 3: is_done = swap_cells(buffer, cell, separator); break;
    case 4:
    case 5: is_done = apo_mutate_copy(buffer, cell.begin, cell.end, from.begin, from.end); break;
    case 6: is_done = change_line(buffer, at, draw); break;
    case 7: is_done = change_alike(buffer, at, separator, draw); break;
    case 8: is_done = apo_mutate_replace(buffer, cell.begin, cell.end, NULL, 0); break;
    default: is_done = apo_mutate_number(buffer, 0, buffer->n_bytes, draw); break;
  }
  return is_done ? buffer->n_bytes : 0;
}

size_t apo_mutate_lines(uint8_t *bytes, size_t n_bytes, size_t room, apo_mutate_draw *draw) {
  apo_mutate_buffer buffer = {bytes, n_bytes, room};
  return mutate(&buffer, ' ', draw);
}

/* What only CSV has: quotes, and the two ends of a line. */
static bool change_quotes(apo_mutate_buffer *buffer, apo_mutate_draw *draw) {
  static const char *const pieces[] = {"\"",           "\"\"", "\r\n",    "\r",      "\n",
                                       "\xef\xbb\xbf", ",",    "\"a,b\"", "\"a\nb\""};
  const char *piece = pieces[apo_mutate_below(draw, sizeof pieces / sizeof pieces[0])];
  const span cell = cell_at(buffer, apo_mutate_below(draw, buffer->n_bytes), ',');
  if (apo_mutate_coin(draw)) {
    return apo_mutate_replace(buffer, cell.begin, cell.begin, piece, strlen(piece));
  }
  return apo_mutate_replace(buffer, cell.end, cell.end, "\"", 1) &&
         apo_mutate_replace(buffer, cell.begin, cell.begin, "\"", 1);
}

size_t apo_mutate_csv(uint8_t *bytes, size_t n_bytes, size_t room, apo_mutate_draw *draw) {
  apo_mutate_buffer buffer = {bytes, n_bytes, room};
  if (n_bytes == 0) return 0;
  if (apo_mutate_below(draw, 8) != 0) return mutate(&buffer, ',', draw);
  return change_quotes(&buffer, draw) ? buffer.n_bytes : 0;
}
