/* Shared by the tests of engine/checkpoint: a directory, and batches in it. */
#ifndef TESTS_ENGINE_CHECKPOINT_FIXTURE_H
#define TESTS_ENGINE_CHECKPOINT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../src/engine/checkpoint_internal.h"

#include "common/fileio.h"
#include "engine/offset_plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    char root[64]; /* a directory of the test */
    char dir[80];  /* the checkpoint, in it */
    struct checkpoint_identity identity;
    struct errbuf err;
};

#define CLUSTER "K1hCRkfVSKe8yzK3gdLZ6g"

static inline int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL)
        return -1;
    snprintf(fixture->root, sizeof(fixture->root), "/tmp/sf-checkpoint-XXXXXX");
    if (mkdtemp(fixture->root) == NULL)
        return -1;
    snprintf(fixture->dir, sizeof(fixture->dir), "%s/crimes", fixture->root);
    fixture->identity = (struct checkpoint_identity){"source sf.crimes\nkeys original_crime_type_name STRING\ncount(1)",
                                                     "crimes", CLUSTER};
    *state = fixture;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *fixture = *state;
    int result = fileio_remove_tree(fixture->root, &fixture->err);

    free(fixture);
    return result;
}

/* --- helpers ------------------------------------------------------------------------------------------------------ */

static inline struct checkpoint *open_it(struct fixture *fixture)
{
    struct checkpoint *checkpoint = checkpoint_open(fixture->dir, &fixture->identity, &fixture->err);

    if (checkpoint == NULL)
        fail_msg("%s", fixture->err.text);
    return checkpoint;
}

/* Not usable, with a text that names all of these. */
static inline void refused(struct fixture *fixture, const char *first, const char *second)
{
    errbuf_clear(&fixture->err);
    struct checkpoint *checkpoint = checkpoint_open(fixture->dir, &fixture->identity, &fixture->err);
    if (checkpoint != NULL) {
        checkpoint_close(checkpoint, false);
        fail_msg("accepted, wanted \"%s\" and \"%s\"", first, second);
    }
    if (strstr(fixture->err.text, first) == NULL || strstr(fixture->err.text, second) == NULL)
        fail_msg("wanted \"%s\" and \"%s\" in: %s", first, second, fixture->err.text);
    assert_int_equal(fixture->err.exit_code, EXIT_CODE_CHECKPOINT);
}

static inline struct offset_list offsets(const char *json)
{
    struct offset_list list;
    struct errbuf err;

    offset_list_init(&list);
    assert_int_equal(offset_plan_parse(json, false, &list, &err), 0);
    return list;
}

static inline void assert_offsets(const struct offset_list *list, const char *json)
{
    struct buf text = BUF_INIT;

    offset_plan_json(list, &text);
    assert_string_equal(text.data, json);
    buf_release(&text);
}

static inline void write_plan(struct fixture *fixture, struct checkpoint *checkpoint, int64_t id)
{
    char json[64];

    snprintf(json, sizeof(json), "{\"sf.crimes\":{\"0\":%" PRId64 "}}", (id + 1) * 5);
    struct checkpoint_plan it = {id, id * 1000, 1546300800000 + id, offsets(json)};
    if (checkpoint_write_plan(checkpoint, &it, &fixture->err) != 0)
        fail_msg("%s", fixture->err.text);
    offset_list_release(&it.end);
}

static inline void write_commit(struct fixture *fixture, struct checkpoint *checkpoint, int64_t id)
{
    struct checkpoint_commit it = {.next_watermark_ms = (id + 1) * 1000};
    struct reader_mark mark = {id * 5 + 4, 1546300800000 + id, 440};

    read_marks_init(&it.read);
    assert_int_equal(read_marks_add(&it.read, "sf.crimes", 0, &mark), 0);
    if (checkpoint_write_commit(checkpoint, id, &it, &fixture->err) != 0)
        fail_msg("%s", fixture->err.text);
    read_marks_release(&it.read);
}

/* Both are in their places afterwards, where the tests look at them and damage them. */
static inline void plan(struct fixture *fixture, struct checkpoint *checkpoint, int64_t id)
{
    write_plan(fixture, checkpoint, id);
    assert_int_equal(checkpoint_settle(checkpoint, &fixture->err), 0);
}

static inline void commit(struct fixture *fixture, struct checkpoint *checkpoint, int64_t id)
{
    write_commit(fixture, checkpoint, id);
    assert_int_equal(checkpoint_settle(checkpoint, &fixture->err), 0);
}

static inline void initial(struct fixture *fixture, struct checkpoint *checkpoint)
{
    struct offset_list zero = offsets("{\"sf.crimes\":{\"0\":0}}");

    assert_int_equal(checkpoint_write_initial(checkpoint, &zero, &fixture->err), 0);
    offset_list_release(&zero);
}

/* Batches 0 to n - 1, all committed: batch N ends at 5 N + 5, has watermark 1000 N, and gives 1000 (N + 1) to the
 * next. */
static inline void run(struct fixture *fixture, int64_t n)
{
    struct checkpoint *checkpoint = open_it(fixture);

    initial(fixture, checkpoint);
    for (int64_t id = 0; id < n; id++) {
        plan(fixture, checkpoint, id);
        commit(fixture, checkpoint, id);
    }
    checkpoint_close(checkpoint, false);
}

static inline void path_of(const struct fixture *fixture, const char *name, char path[160])
{
    snprintf(path, 160, "%s/%s", fixture->dir, name);
}

static inline bool there(const struct fixture *fixture, const char *name)
{
    char path[160];

    path_of(fixture, name, path);
    return access(path, F_OK) == 0;
}

static inline void remove_file(const struct fixture *fixture, const char *name)
{
    char path[160];

    path_of(fixture, name, path);
    assert_int_equal(unlink(path), 0);
}

static inline void read_file(struct fixture *fixture, const char *name, struct buf *out)
{
    char path[160];

    path_of(fixture, name, path);
    assert_int_equal(fileio_read(path, 1 << 20, out, NULL, &fixture->err), 0);
}

static inline void write_bytes(const struct fixture *fixture, const char *name, const char *data, size_t len)
{
    char path[160];

    path_of(fixture, name, path);
    FILE *file = fopen(path, "w"); /* not fileio: thousands of times, and durability is of no interest */
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/* The text with the right checksum in it. */
static inline void write_sealed(const struct fixture *fixture, const char *name, const char *text)
{
    char *copy = strdup(text);

    assert_non_null(copy);
    checkpoint_file_seal(copy, strlen(copy));
    write_bytes(fixture, name, copy, strlen(copy));
    free(copy);
}

#endif
