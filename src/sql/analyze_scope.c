/* Names: which column a name means, and what to suggest when it means none. */
#include "analyze_internal.h"

#include "sql/diagnose.h"

#include <stdlib.h>
#include <string.h>

static bool matches(const struct analyze_name *name, const char *qualifier, const char *column)
{
    if (qualifier == NULL ? name->hidden : name->qualifier == NULL || !analyze_same(name->qualifier, qualifier))
        return false;
    return analyze_same(name->name, column);
}

/* How many names fit; the first of them in *found. */
static size_t count_matches(const struct analyze_scope *scope, const char *qualifier, const char *column,
                            const struct analyze_name **found)
{
    size_t n = 0;
    for (size_t i = 0; i < scope->nnames; i++) {
        if (!matches(&scope->names[i], qualifier, column))
            continue;
        if (n > 0 && scope->names[i].column == (*found)->column)
            continue; /* one column under two names: SELECT city, city */
        if (n++ == 0)
            *found = &scope->names[i];
    }
    return n;
}

struct expr *analyze_scope_field(struct analyzer *a, struct expr *structure, const char *field, struct sql_range range)
{
    const struct type *type = structure->type;
    if (type->id != TYPE_STRUCT) {
        struct buf sql_type = BUF_INIT;
        type_sql_name(type, &sql_type);
        diagnose(a->err, a->sql, range, "INVALID_EXTRACT_BASE_FIELD_TYPE", "42000",
                 "Can't extract a value from \"%s\". Need a complex type [STRUCT, ARRAY, MAP] but got \"%s\".",
                 analyze_name_of(a, structure), sql_type.data != NULL ? sql_type.data : "");
        buf_release(&sql_type);
        return NULL;
    }
    size_t found = ANALYZE_NONE;
    for (size_t i = 0; i < type->nfields; i++) {
        if (!analyze_same(type->fields[i].name, field))
            continue;
        if (found != ANALYZE_NONE)
            return diagnose(a->err, a->sql, range, "AMBIGUOUS_REFERENCE_TO_FIELDS", "42000",
                            "Ambiguous reference to the field `%s`. It appears 2 times in the schema.", field);
        found = i;
    }
    if (found == ANALYZE_NONE) {
        struct buf fields = BUF_INIT;
        for (size_t i = 0; i < type->nfields; i++)
            buf_printf(&fields, "%s`%s`", i > 0 ? ", " : "", type->fields[i].name);
        diagnose(a->err, a->sql, (struct sql_range){-1, -1}, "FIELD_NOT_FOUND", "42704",
                 "No such struct field `%s` in %s.", field, fields.data != NULL ? fields.data : "");
        buf_release(&fields);
        return NULL;
    }
    struct expr *expr = expr_field(a->arena, structure, found, field, range);
    return expr != NULL ? expr : analyze_oom(a);
}

static struct expr *column_of(struct analyzer *a, const struct analyze_name *name, const char *typed,
                              struct sql_range range)
{
    struct expr *expr = expr_column(a->arena, name->column, name->type, typed, range);
    return expr != NULL ? expr : analyze_oom(a);
}

enum analyze_found analyze_scope_find(struct analyzer *a, const struct analyze_scope *scope,
                                      const struct ast_expr *name, struct expr **out)
{
    const struct analyze_name *found = NULL;
    size_t used = 0;
    size_t n = 0;
    if (name->nparts > 1) {
        n = count_matches(scope, name->parts[0], name->parts[1], &found);
        used = 2;
    }
    if (n == 0) {
        n = count_matches(scope, NULL, name->parts[0], &found);
        used = 1;
    }
    if (n == 0)
        return ANALYZE_MISSING;
    if (n > 1)
        return ANALYZE_AMBIGUOUS;
    *out = column_of(a, found, name->parts[used - 1], name->range);
    for (; *out != NULL && used < name->nparts; used++)
        *out = analyze_scope_field(a, *out, name->parts[used], name->range);
    return *out == NULL ? ANALYZE_ERROR : ANALYZE_FOUND;
}

static void quote(const char *name, struct buf *out)
{
    buf_append_byte(out, '`');
    for (const char *p = name; *p != '\0'; p++) {
        if (*p == '`')
            buf_append_byte(out, '`');
        buf_append_byte(out, *p);
    }
    buf_append_byte(out, '`');
}

static void quote_parts(size_t nparts, const char *const *parts, struct buf *out)
{
    for (size_t i = 0; i < nparts; i++) {
        if (i > 0)
            buf_append_byte(out, '.');
        quote(parts[i], out);
    }
}

void *analyze_scope_ambiguous(struct analyzer *a, const struct analyze_scope *scope, const struct ast_expr *name)
{
    struct buf typed = BUF_INIT;
    struct buf names = BUF_INIT;
    const struct analyze_name *found = NULL;
    const char *qualifier =
        name->nparts > 1 && count_matches(scope, name->parts[0], name->parts[1], &found) > 1 ? name->parts[0] : NULL;
    quote_parts(name->nparts, name->parts, &typed);
    for (size_t i = 0; i < scope->nnames; i++) {
        const struct analyze_name *one = &scope->names[i];
        if (!matches(one, qualifier, name->parts[qualifier != NULL]))
            continue;
        if (names.len > 0)
            buf_append_text(&names, ", ");
        if (one->qualifier != NULL) {
            quote(one->qualifier, &names);
            buf_append_byte(&names, '.');
        }
        quote(one->name, &names);
    }
    if (typed.failed || names.failed)
        analyze_oom(a);
    else
        diagnose(a->err, a->sql, name->range, "AMBIGUOUS_REFERENCE", "42704",
                 "Reference %s is ambiguous, could be: [%s].", typed.data, names.data);
    buf_release(&typed);
    buf_release(&names);
    return NULL;
}

/* ---- suggestions ------------------------------------------------------------------------------------------------- */

/* Levenshtein's distance over bytes (names are ASCII nearly always). Only the first 64 of each are compared. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[65];
    size_t alen = strnlen(a, 64);
    size_t blen = strnlen(b, 64);
    for (size_t j = 0; j <= blen; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= alen; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= blen; j++) {
            unsigned best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[blen];
}

struct suggestion {
    const char *text; /* as shown */
    const char *name;
    unsigned distance;
    size_t place;
};

/* Nearest first; Spark keeps its columns by name, so that decides between equals. */
static int by_distance(const void *left, const void *right)
{
    const struct suggestion *a = left;
    const struct suggestion *b = right;
    if (a->distance != b->distance)
        return a->distance < b->distance ? -1 : 1;
    int names = strcmp(a->name, b->name);
    if (names != 0)
        return names;
    return a->place < b->place ? -1 : 1;
}

/* "`city`, `state`": the five nearest. Qualifiers are left out when all names have the same one and the typed name
 * has none. */
static void suggest(struct analyzer *a, const struct analyze_scope *scope, const char *typed, bool qualified,
                    struct buf *out)
{
    bool one_qualifier = true;
    size_t n = 0;
    struct suggestion *list = arena_calloc(a->arena, scope->nnames + 1, sizeof *list);
    if (list == NULL)
        return;
    for (size_t i = 1; i < scope->nnames; i++) {
        const char *first = scope->names[0].qualifier;
        const char *other = scope->names[i].qualifier;
        if ((first == NULL) != (other == NULL) || (first != NULL && strcmp(first, other) != 0))
            one_qualifier = false;
    }
    for (size_t i = 0; i < scope->nnames; i++) {
        const struct analyze_name *name = &scope->names[i];
        struct buf text = BUF_INIT;
        if (name->qualifier != NULL && (qualified || !one_qualifier)) {
            quote(name->qualifier, &text);
            buf_append_byte(&text, '.');
        }
        quote(name->name, &text);
        const char *kept = text.failed ? NULL : arena_strdup(a->arena, text.data);
        buf_release(&text);
        if (kept != NULL)
            list[n++] = (struct suggestion){kept, name->name, distance(kept, typed), i};
    }
    qsort(list, n, sizeof *list, by_distance);
    for (size_t i = 0; i < n && i < 5; i++)
        buf_printf(out, "%s%s", i > 0 ? ", " : "", list[i].text);
}

void *analyze_scope_unresolved(struct analyzer *a, const struct analyze_scope *scope, size_t nparts,
                               const char *const *parts, struct sql_range range)
{
    struct buf typed = BUF_INIT;
    struct buf plain = BUF_INIT;
    struct buf names = BUF_INIT;
    quote_parts(nparts, parts, &typed);
    for (size_t i = 0; i < nparts; i++)
        buf_printf(&plain, "%s%s", i > 0 ? "." : "", parts[i]);
    suggest(a, scope, plain.data != NULL ? plain.data : "", nparts > 1, &names);
    if (typed.failed || names.failed)
        analyze_oom(a);
    else if (names.len == 0)
        diagnose(a->err, a->sql, range, "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", "42703",
                 "A column, variable, or function parameter with name %s cannot be resolved.", typed.data);
    else
        diagnose(a->err, a->sql, range, "UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703",
                 "A column, variable, or function parameter with name %s cannot be resolved. Did you mean one of the "
                 "following? "
                 "[%s].",
                 typed.data, names.data);
    buf_release(&typed);
    buf_release(&plain);
    buf_release(&names);
    return NULL;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

void analyze_scope_list(struct analyzer *a, const struct analyze_scope *scope, struct buf *out)
{
    const char **names = arena_calloc(a->arena, scope->nnames + 1, sizeof *names);
    if (names == NULL) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < scope->nnames; i++)
        names[i] = scope->names[i].name;
    qsort(names, scope->nnames, sizeof *names, by_name);
    for (size_t i = 0; i < scope->nnames; i++) {
        if (i > 0)
            buf_append_text(out, ", ");
        quote(names[i], out);
    }
}

bool analyze_scope_of_items(struct analyzer *a, size_t nitems, const struct analyze_item *items,
                            struct analyze_scope *scope)
{
    for (size_t i = 0; i < nitems; i++) {
        struct analyze_name name = {
            .name = items[i].name, .qualifier = items[i].qualifier, .type = items[i].expr->type, .column = i};
        if (!analyze_add_name(a, scope, &name))
            return false;
    }
    return true;
}

/* ---- stars ------------------------------------------------------------------------------------------------------- */

static bool push_expr(struct analyzer *a, struct expr ***exprs, size_t *count, struct expr *expr)
{
    if (expr == NULL)
        return false;
    if ((*count & (*count - 1)) == 0) {
        struct expr **grown = arena_calloc(a->arena, *count == 0 ? 1 : *count * 2, sizeof *grown);
        if (grown == NULL)
            return analyze_oom(a) != NULL;
        if (*count > 0)
            memcpy(grown, *exprs, *count * sizeof *grown);
        *exprs = grown;
    }
    (*exprs)[(*count)++] = expr;
    return true;
}

/* t.*: what a USING hid comes first, as in Spark. */
static bool expand_qualified(struct analyzer *a, const struct analyze_scope *scope, const struct ast_expr *star,
                             struct expr ***exprs, size_t *count)
{
    for (int hidden = 1; hidden >= 0; hidden--) {
        for (size_t i = 0; i < scope->nnames; i++) {
            const struct analyze_name *name = &scope->names[i];
            if (name->unstarred || name->hidden != (hidden == 1) || name->qualifier == NULL ||
                !analyze_same(name->qualifier, star->parts[0]))
                continue;
            if (!push_expr(a, exprs, count, column_of(a, name, name->name, star->range)))
                return false;
        }
    }
    return true;
}

int analyze_scope_star(struct analyzer *a, const struct analyze_scope *scope, const struct ast_expr *star,
                       struct expr ***exprs, size_t *count)
{
    size_t before = *count;
    if (star->nparts == 0) {
        for (size_t i = 0; i < scope->nnames; i++) {
            const struct analyze_name *name = &scope->names[i];
            if (!name->hidden && !name->unstarred &&
                !push_expr(a, exprs, count, column_of(a, name, name->name, star->range)))
                return -1;
        }
        return 0;
    }
    if (star->nparts == 1 && !expand_qualified(a, scope, star, exprs, count))
        return -1;
    if (*count > before)
        return 0;
    /* w.*: the fields of a struct */
    struct ast_expr column = *star;
    struct expr *structure = NULL;
    column.kind = AST_NAME;
    const struct analyze_name *found = NULL;
    /* but not of the window that GROUP BY adds: stars are spread out before it is there */
    bool added = star->nparts == 1 && count_matches(scope, NULL, star->parts[0], &found) == 1 && found->unstarred;
    if (!added && analyze_scope_find(a, scope, &column, &structure) == ANALYZE_FOUND &&
        structure->type->id == TYPE_STRUCT) {
        for (size_t i = 0; i < structure->type->nfields; i++) {
            struct expr *field = expr_field(a->arena, structure, i, structure->type->fields[i].name, star->range);
            if (!push_expr(a, exprs, count, field != NULL ? field : analyze_oom(a)))
                return -1;
        }
        return 0;
    }
    struct buf typed = BUF_INIT;
    struct buf names = BUF_INIT;
    quote_parts(star->nparts, star->parts, &typed);
    analyze_scope_list(a, scope, &names);
    diagnose(a->err, a->sql, star->range, "CANNOT_RESOLVE_STAR_EXPAND", "42704",
             "Cannot resolve %s.* given input columns %s. Please check that the specified table or struct exists and "
             "is accessible in the "
             "input columns.",
             typed.data != NULL ? typed.data : "", names.data != NULL ? names.data : "");
    buf_release(&typed);
    buf_release(&names);
    return -1;
}
