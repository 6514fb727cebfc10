/* test_mutate.c - the mutators of tests/fuzz: inside their room, repeatable, and mostly well formed.
 *
 * A mutator that breaks the syntax each time fuzzes only the parser in front, and nobody notices.
 */
#include <stdlib.h>

#include "engine/readers/json.h"
#include "tests/fuzz/mutate.h"
#include "tests/support/apo_test.h"

enum { ROOM = 4096, GUARD = 64, N_SEEDS = 4000 };

static const char json_text[] =
    "{\"a\":[10,20,30],\"b\":{\"c\":\"40\",\"d\":[\"x\",1.5]},\"e\":[7,8,9]}";

static const uint8_t ubjson_bytes[] =
    "{L\0\0\0\0\0\0\0\1a[$l#L\0\0\0\0\0\0\0\2\0\0\0\7\0\0\0\10L\0\0\0\0\0\0\0\1bSL\0\0\0\0\0\0\0\1"
    "2L\0\0\0\0\0\0\0\1c[#L\0\0\0\0\0\0\0\2Tl\0\0\1\0}";

/* field 1 varint 8; field 7 { field 1 { field 3 varint 5; field 8 packed 1 2 3 }; field 2 "g" } */
static const uint8_t protobuf_bytes[] = "\10\10\72\14\12\7\30\5\102\3\1\2\3\22\1g";

static const char lines_text[] =
    "tree\nversion=v4\n\nTree=0\nnum_leaves=3\nleft_child=1 -1\nleaf=1 2 3\n";

static const uint8_t npy_bytes[] =
    "\x93NUMPY\1\0\72\0{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }\n12345678";

typedef struct sample {
  apo_mutate_syntax *mutate;
  const void *bytes;
  size_t n_bytes;
} sample;

static const sample samples[] = {
    {apo_mutate_json, json_text, sizeof json_text - 1},
    {apo_mutate_ubjson, ubjson_bytes, sizeof ubjson_bytes - 1},
    {apo_mutate_protobuf, protobuf_bytes, sizeof protobuf_bytes - 1},
    {apo_mutate_lines, lines_text, sizeof lines_text - 1},
    {apo_mutate_csv, lines_text, sizeof lines_text - 1},
    {apo_mutate_npy, npy_bytes, sizeof npy_bytes - 1},
    {apo_mutate_any, ubjson_bytes, sizeof ubjson_bytes - 1},
};

enum { N_SAMPLES = sizeof samples / sizeof samples[0], JSON = 0, UBJSON = 1, PROTOBUF = 2 };

/* One change in a room with guards around it; the new length. */
static size_t change(const sample *from, uint32_t seed, size_t room, uint8_t *out) {
  uint8_t *guarded = malloc(room + 2 * (size_t)GUARD);
  assert_non_null(guarded);
  memset(guarded, 0xa5, room + 2 * (size_t)GUARD);
  memcpy(guarded + GUARD, from->bytes, from->n_bytes);
  apo_mutate_draw draw = apo_mutate_start(seed);
  const size_t n = from->mutate(guarded + GUARD, from->n_bytes, room, &draw);
  assert_true(n <= room);
  for (size_t i = 0; i < GUARD; ++i) {
    assert_int_equal(guarded[i], 0xa5);
    assert_int_equal(guarded[GUARD + room + i], 0xa5);
  }
  memcpy(out, guarded + GUARD, n);
  free(guarded);
  return n;
}

static void a_change_stays_inside_its_room(void **state) {
  (void)state;
  uint8_t out[ROOM];
  for (size_t i = 0; i < N_SAMPLES; ++i) {
    for (uint32_t seed = 1; seed <= N_SEEDS; ++seed) {
      const size_t spare = seed % 3 == 0 ? 0 : seed % 64;
      change(&samples[i], seed, samples[i].n_bytes + spare, out);
    }
  }
}

static void a_change_is_the_same_each_time_and_mostly_is_one(void **state) {
  (void)state;
  static uint8_t first[ROOM];
  static uint8_t second[ROOM];
  for (size_t i = 0; i < N_SAMPLES; ++i) {
    uint32_t n_changed = 0;
    for (uint32_t seed = 1; seed <= N_SEEDS; ++seed) {
      const size_t n = change(&samples[i], seed, ROOM, first);
      assert_int_equal(n, change(&samples[i], seed, ROOM, second));
      assert_memory_equal(first, second, n);
      const bool is_same =
          n == samples[i].n_bytes && memcmp(first, samples[i].bytes, samples[i].n_bytes) == 0;
      n_changed += n > 0 && !is_same ? 1 : 0;
    }
    if (n_changed <= N_SEEDS / 2) print_error("sample %zu: %u changes\n", i, n_changed);
    assert_true(n_changed > N_SEEDS / 2);
  }
}

/* Any bytes, and cut ones: the mutators look for structure where there may be none. */
static void bytes_without_structure_are_survived(void **state) {
  (void)state;
  uint8_t out[ROOM];
  uint8_t bytes[ROOM / 4];
  apo_mutate_draw draw = apo_mutate_start(5);
  for (uint32_t seed = 1; seed <= N_SEEDS; ++seed) {
    for (size_t i = 0; i < N_SAMPLES; ++i) {
      sample spoilt = {samples[i].mutate, bytes, apo_mutate_below(&draw, samples[i].n_bytes + 1)};
      memcpy(bytes, samples[i].bytes, spoilt.n_bytes);
      for (size_t at = apo_mutate_below(&draw, 8); at < spoilt.n_bytes; at += 1 + at / 2) {
        bytes[at] = (uint8_t)apo_mutate_next(&draw);
      }
      change(&spoilt, seed, spoilt.n_bytes + 32, out);
    }
  }
}

typedef apo_status parser(apo_bytes bytes, apo_json **out, apo_error *err);

/* The share of changes, in percent, that the parser takes. */
static uint32_t share_parsed(const sample *from, parser *parse) {
  uint8_t out[ROOM];
  uint32_t n_parsed = 0;
  for (uint32_t seed = 1; seed <= N_SEEDS; ++seed) {
    const size_t n = change(from, seed, ROOM, out);
    apo_json *json = NULL;
    n_parsed += n > 0 && parse((apo_bytes){out, n}, &json, NULL) == APO_OK ? 1 : 0;
    apo_json_destroy(&json);
  }
  return n_parsed * 100 / N_SEEDS;
}

static void most_changes_are_still_well_formed(void **state) {
  (void)state;
  assert_in_range(share_parsed(&samples[JSON], apo_json_parse), 60, 99);
  assert_in_range(share_parsed(&samples[UBJSON], apo_ubjson_parse), 40, 95);
}

static bool holds(const uint8_t *bytes, size_t n_bytes, const void *piece, size_t n_piece) {
  for (size_t at = 0; at + n_piece <= n_bytes; ++at) {
    if (memcmp(bytes + at, piece, n_piece) == 0) return true;
  }
  return false;
}

/* Whether some change of a sample holds the piece. */
static bool comes(const sample *from, const void *piece, size_t n_piece) {
  uint8_t out[ROOM];
  for (uint32_t seed = 1; seed <= 100 * N_SEEDS; ++seed) {
    const size_t n = change(from, seed, ROOM, out);
    if (holds(out, n, piece, n_piece)) return true;
  }
  return false;
}

static void every_number_of_a_text_gets_edge_values(void **state) {
  (void)state;
  static const char *const pieces[] = {
      "[-1,20,30]",  "[10,2147483648,30]", "[10,20,31]",   "\"c\":\"-9223372036854775808\"",
      "[7,8,1e999]", "[\"x\",NaN]",        "\"c\":\"39\"", "[-0.0,8,9]",
      "[7,9]",       "[10,20,30,30]",      "[8,7,9]",      "\"c\":\"16777216\""};
  for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; ++i) {
    if (comes(&samples[JSON], pieces[i], strlen(pieces[i]))) continue;
    print_error("never: %s\n", pieces[i]);
    fail();
  }
}

static void integers_and_lengths_of_ubjson_get_edge_values(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t n_bytes;
  } pieces[] = {
      {"l#L\0\0\0\0\0\0\0\2\x80\0\0\0", 15},  // an element
      {"l#L\0\0\0\0\0\0\0\2\0\0\0\7\xff\xff\xff\xff", 19},
      {"l#L\x7f\xff\xff\xff\xff\xff\xff\xff", 11},  // a length
      {"l#L\0\0\0\0\0\0\0\1\0\0\0\10L", 16},        // an element less, told
      {"l#L\0\0\0\0\0\0\0\2\0\0\0\10L", 16},        // not told
      {"SL\0\0\0\0\0\0\0\2-1", 12},                 // a count in a text
      {"#L\0\0\0\0\0\0\0\3T", 11},                  // a value more, or its count alone
  };
  for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; ++i) {
    if (comes(&samples[UBJSON], pieces[i].bytes, pieces[i].n_bytes)) continue;
    print_error("never: piece %zu\n", i);
    fail();
  }
}

static void lengths_around_a_change_of_protobuf_follow(void **state) {
  (void)state;
  // The packed field becomes 1, -1, 3: nine bytes more inside, and in both lengths around it.
  static const char grown[] = "\72\25\12\20\30\5\102\14\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\3";
  // It goes: five bytes less.
  static const char gone[] = "\72\7\12\2\30\5\22\1g";
  assert_true(comes(&samples[PROTOBUF], grown, sizeof grown - 1));
  assert_true(comes(&samples[PROTOBUF], gone, sizeof gone - 1));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_change_stays_inside_its_room),
      cmocka_unit_test(a_change_is_the_same_each_time_and_mostly_is_one),
      cmocka_unit_test(bytes_without_structure_are_survived),
      cmocka_unit_test(most_changes_are_still_well_formed),
      cmocka_unit_test(every_number_of_a_text_gets_edge_values),
      cmocka_unit_test(integers_and_lengths_of_ubjson_get_edge_values),
      cmocka_unit_test(lengths_around_a_change_of_protobuf_follow),
  };
  return cmocka_run_group_tests_name("mutate", tests, NULL, NULL);
}
