#include "record/type.h"

#include "record/vector.h"

#include <string.h>

static const struct type simple[] = {
    [TYPE_NULL] = {TYPE_NULL, 0, NULL},
    [TYPE_BOOLEAN] = {TYPE_BOOLEAN, 0, NULL},
    [TYPE_INT] = {TYPE_INT, 0, NULL},
    [TYPE_BIGINT] = {TYPE_BIGINT, 0, NULL},
    [TYPE_DOUBLE] = {TYPE_DOUBLE, 0, NULL},
    [TYPE_STRING] = {TYPE_STRING, 0, NULL},
    [TYPE_TIMESTAMP] = {TYPE_TIMESTAMP, 0, NULL},
    [TYPE_DATE] = {TYPE_DATE, 0, NULL},
    [TYPE_BINARY] = {TYPE_BINARY, 0, NULL},
};

static const char *const names[] = {
    [TYPE_NULL] = "void",           [TYPE_BOOLEAN] = "boolean", [TYPE_INT] = "int",
    [TYPE_BIGINT] = "bigint",       [TYPE_DOUBLE] = "double",   [TYPE_STRING] = "string",
    [TYPE_TIMESTAMP] = "timestamp", [TYPE_DATE] = "date",       [TYPE_BINARY] = "binary",
};

static const char *const sql_names[] = {
    [TYPE_NULL] = "VOID",           [TYPE_BOOLEAN] = "BOOLEAN", [TYPE_INT] = "INT",
    [TYPE_BIGINT] = "BIGINT",       [TYPE_DOUBLE] = "DOUBLE",   [TYPE_STRING] = "STRING",
    [TYPE_TIMESTAMP] = "TIMESTAMP", [TYPE_DATE] = "DATE",       [TYPE_BINARY] = "BINARY",
};

const struct type *type_of(enum type_id id)
{
    return &simple[id];
}

const struct type *type_struct(struct arena *arena, const struct type_field *fields, size_t nfields)
{
    struct type *type = arena_alloc(arena, sizeof(*type));
    struct type_field *copies = arena_calloc(arena, nfields, sizeof(*copies));

    if (type == NULL || copies == NULL)
        return NULL;
    for (size_t i = 0; i < nfields; i++) {
        copies[i].name = arena_strdup(arena, fields[i].name);
        if (copies[i].name == NULL)
            return NULL;
        copies[i].type = fields[i].type;
    }
    *type = (struct type){TYPE_STRUCT, nfields, copies};
    return type;
}

const struct type *type_window(void)
{
    static const struct type_field fields[] = {{"start", &simple[TYPE_TIMESTAMP]}, {"end", &simple[TYPE_TIMESTAMP]}};
    static const struct type window = {TYPE_STRUCT, 2, fields};

    return &window;
}

bool type_equal(const struct type *a, const struct type *b)
{
    if (a == b)
        return true;
    if (a->id != b->id || a->nfields != b->nfields)
        return false;
    for (size_t i = 0; i < a->nfields; i++)
        if (strcmp(a->fields[i].name, b->fields[i].name) != 0 || !type_equal(a->fields[i].type, b->fields[i].type))
            return false;
    return true;
}

size_t type_width(const struct type *type)
{
    switch (type->id) {
    case TYPE_BOOLEAN:
        return 1;
    case TYPE_INT:
    case TYPE_DATE:
        return 4;
    case TYPE_BIGINT:
    case TYPE_DOUBLE:
    case TYPE_TIMESTAMP:
        return 8;
    case TYPE_STRING:
    case TYPE_BINARY:
        return sizeof(struct str);
    case TYPE_NULL:
    case TYPE_STRUCT:
        break;
    }
    return 0;
}

void type_name(const struct type *type, struct buf *out)
{
    if (type->id != TYPE_STRUCT) {
        buf_append_text(out, names[type->id]);
        return;
    }
    buf_append_text(out, "struct<");
    for (size_t i = 0; i < type->nfields; i++) {
        if (i > 0)
            buf_append_byte(out, ',');
        buf_append_text(out, type->fields[i].name);
        buf_append_byte(out, ':');
        type_name(type->fields[i].type, out);
    }
    buf_append_byte(out, '>');
}

void type_append_name(struct buf *out, const char *name)
{
    size_t len = strlen(name);
    size_t plain = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    if (len > 0 && plain == len && strspn(name, "0123456789") < len) {
        buf_append(out, name, len);
        return;
    }
    buf_append_byte(out, '`');
    for (const char *p = name; *p != '\0'; p++) {
        if (*p == '`')
            buf_append_byte(out, '`');
        buf_append_byte(out, *p);
    }
    buf_append_byte(out, '`');
}

void type_sql_name(const struct type *type, struct buf *out)
{
    if (type->id != TYPE_STRUCT) {
        buf_append_text(out, sql_names[type->id]);
        return;
    }
    buf_append_text(out, "STRUCT<");
    for (size_t i = 0; i < type->nfields; i++) {
        if (i > 0)
            buf_append_text(out, ", ");
        type_append_name(out, type->fields[i].name);
        buf_append_text(out, ": ");
        type_sql_name(type->fields[i].type, out);
    }
    buf_append_byte(out, '>');
}
