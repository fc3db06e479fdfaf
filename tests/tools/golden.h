/* What the golden_* tools share: rows of a table, one JSON object a line, and the list of rows that need something
 * outside of ours. */
#ifndef TESTS_TOOLS_GOLDEN_H
#define TESTS_TOOLS_GOLDEN_H

#include "common/buf.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A tool that cannot do its work ends with 2. */
static inline void golden_need(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "golden: %s\n", what);
        exit(2);
    }
}

/* The member's text, "" without one. */
static inline const char *golden_text(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));

    return text != NULL ? text : "";
}

/* The file of ids as one text, which the caller frees: argv[2], or outside.txt beside the directory argv[1]. No file:
 * no ids. Ends with 2 on other arguments than DIR [OUTSIDE]. */
static inline char *golden_outside(int argc, char **argv)
{
    char path[4096], chunk[4096];
    struct buf text = BUF_INIT;
    size_t n;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: %s DIR [OUTSIDE]\n", argv[0]);
        exit(2);
    }
    snprintf(path, sizeof(path), argc == 3 ? "%s" : "%s/../outside.txt", argv[argc - 1]);
    FILE *file = fopen(path, "r");
    buf_append_byte(&text, '\n');
    while (file != NULL && (n = fread(chunk, 1, sizeof(chunk), file)) > 0)
        buf_append(&text, chunk, n);
    if (file != NULL)
        fclose(file);
    char *ids = buf_take(&text, NULL);
    golden_need(ids != NULL, "out of memory");
    return ids;
}

/* An id is listed when it stands at the beginning of a line. */
static inline bool golden_is_outside(const char *ids, const char *id)
{
    char line[256];
    int len = snprintf(line, sizeof(line), "\n%s", id);
    const char *found = strstr(ids, line);

    golden_need(len > 1 && (size_t)len < sizeof(line), "a row has no id, or a very long one");
    return found != NULL && strchr(" \t\n", found[len]) != NULL;
}

/* Every row of the file; there may be no such file. */
static inline void golden_each(const char *path, void (*fn)(const json_t *row, const void *cookie), const void *cookie)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t cap = 0;

    if (file == NULL)
        return;
    while (getline(&line, &cap, file) > 0) {
        json_error_t error;
        json_t *row = json_loads(line, JSON_ALLOW_NUL, &error);
        golden_need(row != NULL, "a line of a table is not JSON");
        fn(row, cookie);
        json_decref(row);
    }
    free(line);
    fclose(file);
}

#endif
