/* struct, named_struct, to_json, typeof, window_time. */
#include "function_internal.h"
#include "record/json_text.h"

#include <stdio.h>

/* ---- struct -------------------------------------------------------------------------------------------------- */

/* The fields are the arguments (every step-th of them from first), which must not be constant vectors inside a struct
 * that is not: each row of the struct is a row of every field. */
static int build(struct eval *eval, const struct vector *args, size_t first, size_t step, const uint16_t *sel, size_t n,
                 struct vector *out)
{
    for (size_t i = 0; i < out->type->nfields; i++) {
        const struct vector *arg = &args[first + i * step];
        if (!arg->constant) {
            out->fields[i] = *arg;
            continue;
        }
        FOR_ROWS(row, sel, n)
        if (vector_copy(&out->fields[i], row, arg, 0, NULL) != 0)
            return function_kernel_oom(eval, sizeof(struct str));
    }
    return 0;
}

static int struct_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                         size_t n, struct vector *out)
{
    (void)call;
    return build(eval, args, 0, 1, sel, n, out);
}

static int named_struct_kernel(struct eval *eval, const struct expr *call, const struct vector *args,
                               const uint16_t *sel, size_t n, struct vector *out)
{
    (void)call;
    return build(eval, args, 1, 2, sel, n, out);
}

/* A column gives its name to the field, so does the operator AS; anything else is col1, col2 ... by its place. */
static struct expr *bind_struct(struct binding *binding)
{
    struct type_field *fields = arena_calloc(binding->arena, binding->nargs + 1, sizeof(*fields));

    if (fields == NULL)
        return function_oom(binding);
    for (size_t i = 0; i < binding->nargs; i++) {
        const struct expr *arg = binding->args[i];
        if ((arg->kind == EXPR_COLUMN && !arg->implicit) || arg->kind == EXPR_FIELD)
            fields[i].name = arg->name;
        else if (arg->kind == EXPR_CALL && arg->function->show != NULL && strcmp(arg->function->name, "AS") == 0)
            fields[i].name = arg->data;
        else
            fields[i].name = arena_printf(binding->arena, "col%zu", i + 1);
        if (fields[i].name == NULL)
            return function_oom(binding);
        fields[i].type = arg->type;
    }
    return function_call(binding, type_struct(binding->arena, fields, binding->nargs), NULL, NULL);
}

static struct expr *bind_named_struct(struct binding *binding)
{
    struct type_field *fields = arena_calloc(binding->arena, binding->nargs / 2 + 1, sizeof(*fields));
    const struct sql_range nowhere = {-1, -1};

    if (fields == NULL)
        return function_oom(binding);
    if (binding->nargs % 2 != 0)
        return diagnose(binding->err, binding->sql, nowhere, "WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "42605",
                        "The `named_struct` requires 2n (n > 0) parameters but the actual number is %zu. Please, refer "
                        "to 'https://spark.apache.org/docs/latest/sql-ref-functions.html' for a fix.",
                        binding->nargs);
    for (size_t i = 0; i < binding->nargs; i += 2) {
        const struct vector *name = function_constant(binding->args[i]);
        if (name == NULL || name->type->id != TYPE_STRING || vector_is_null(name, 0)) {
            struct buf names = BUF_INIT;
            for (size_t k = 0; k < binding->nargs; k += 2) {
                buf_append_text(&names, k == 0 ? "\"" : ", \"");
                expr_name(binding->args[k], &names);
                buf_append_byte(&names, '"');
            }
            function_mismatch(binding, "CREATE_NAMED_STRUCT_WITHOUT_FOLDABLE_STRING",
                              "Only foldable `STRING` expressions are allowed to appear at odd position, but they are "
                              "[%s].",
                              names.data != NULL ? names.data : "");
            buf_release(&names);
            return NULL;
        }
        fields[i / 2].name = arena_strndup(binding->arena, name->data.str[0].data, name->data.str[0].len);
        fields[i / 2].type = binding->args[i + 1]->type;
        if (fields[i / 2].name == NULL)
            return function_oom(binding);
    }
    return function_call(binding, type_struct(binding->arena, fields, binding->nargs / 2), NULL, NULL);
}

/* value AS name inside struct(...): the value; args are it and its name. */
static struct expr *bind_alias(struct binding *binding)
{
    const struct vector *name = function_constant(binding->args[1]);
    const char *text = arena_strndup(binding->arena, name->data.str[0].data, name->data.str[0].len);

    return text != NULL ? function_call(binding, binding->args[0]->type, NULL, text) : function_oom(binding);
}

static void show_alias(const struct expr *call, struct buf *out)
{
    expr_name(call->args[0], out);
    buf_append_text(out, " AS ");
    expr_name(call->args[1], out);
}

/* ---- to_json ------------------------------------------------------------------------------------------------- */

static int to_json_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                          size_t n, struct vector *out)
{
    struct function_texts texts;

    (void)call;
    if (function_texts_begin(&texts, eval, out, n) != 0)
        return -1;
    FOR_ROWS(row, sel, n)
    {
        json_text_append_value(&texts.buf, &args[0], vector_row(&args[0], row), eval->zone);
        function_texts_row(&texts, row);
    }
    return function_texts_end(&texts, false);
}

static struct expr *bind_to_json(struct binding *binding)
{
    const struct type *type = binding->args[0]->type;

    if (type->id == TYPE_NULL)
        return function_call(binding, type_of(TYPE_STRING), NULL, NULL); /* strict: always NULL */
    if (type->id != TYPE_STRUCT) {
        struct buf name = BUF_INIT;
        type_sql_name(type, &name);
        function_mismatch(binding, "INVALID_JSON_SCHEMA",
                          "Input schema \"%s\" must be a struct, an array, a map or a variant.",
                          name.data != NULL ? name.data : "");
        buf_release(&name);
        return NULL;
    }
    return function_call(binding, type_of(TYPE_STRING), NULL, NULL);
}

/* ---- typeof, window_time ------------------------------------------------------------------------------------- */

/* The name is known when the query is bound; the argument is never evaluated, not even when it could not be. */
static int typeof_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                         size_t n, struct vector *out)
{
    struct buf name = BUF_INIT;

    (void)args;
    type_name(call->args[0]->type, &name);
    const char *bytes = name.failed ? NULL : arena_copy(eval->arena, name.data, name.len);
    struct str text = {bytes, (uint32_t)name.len};
    buf_release(&name);
    if (bytes == NULL)
        return function_kernel_oom(eval, text.len);
    FOR_ROWS(row, sel, n)
    out->data.str[row] = text;
    return 0;
}

static struct expr *bind_typeof(struct binding *binding)
{
    return function_call(binding, type_of(TYPE_STRING), NULL, NULL);
}

/* The last moment of a window: its end less one microsecond. */
static int window_time_kernel(struct eval *eval, const struct expr *call, const struct vector *args,
                              const uint16_t *sel, size_t n, struct vector *out)
{
    (void)eval;
    (void)call;
    FOR_ROWS(row, sel, n)
    out->data.i64[row] = function_i64(&args[0].fields[1], row) - 1;
    return 0;
}

static struct expr *bind_window_time(struct binding *binding)
{
    const struct type *type = binding->args[0]->type;

    if (!type_equal(type, type_window()))
        return function_unexpected(binding, 0, "\"STRUCT\"");
    return function_call(binding, type_of(TYPE_TIMESTAMP), NULL, NULL);
}

const struct function function_struct_table[] = {
    {"struct", NULL, 0, 0, -1, bind_struct, struct_kernel, NULL, NULL},
    {"named_struct", NULL, 0, 0, -1, bind_named_struct, named_struct_kernel, NULL, NULL},
    {"AS", NULL, FUNCTION_OPERATOR, 2, 2, bind_alias, function_kernel_first, NULL, show_alias},
    {"to_json", NULL, FUNCTION_STRICT, 1, 1, bind_to_json, to_json_kernel, NULL, NULL},
    {"typeof", NULL, FUNCTION_LAZY | FUNCTION_CONDITIONAL, 1, 1, bind_typeof, typeof_kernel, NULL, NULL},
    {"window_time", NULL, FUNCTION_STRICT, 1, 1, bind_window_time, window_time_kernel, NULL, NULL},
    {0},
};
