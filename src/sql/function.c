/* Look-ups are linear over a few hundred names: they happen a few times per query, when it is compiled. */
#include "function_internal.h"

#include "common/errbuf.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

static const struct function *const tables[] = {
    function_compare_table, function_logic_table,     function_choice_table, function_arith_table,
    function_number_table,  function_cast_table,      function_text_table,   function_search_table,
    function_like_table,    function_time_table,      function_field_table,  function_epoch_table,
    function_struct_table,  function_aggregate_table,
};

#define NTABLES (sizeof(tables) / sizeof(tables[0]))

static bool same_name(const char *a, const char *b, size_t len)
{
    return strncasecmp(a, b, len) == 0 && a[len] == '\0';
}

static bool in_list(const char *list, const char *name, size_t len)
{
    while (list != NULL && *list != '\0') {
        size_t word = strcspn(list, " ");
        if (word == len && strncasecmp(list, name, len) == 0)
            return true;
        list += word + (list[word] == ' ');
    }
    return false;
}

const struct function *function_find(const char *name, size_t len)
{
    for (size_t t = 0; t < NTABLES; t++)
        for (const struct function *f = tables[t]; f->name != NULL; f++)
            if (!(f->flags & FUNCTION_OPERATOR) && (same_name(f->name, name, len) || in_list(f->alias, name, len)))
                return f;
    return NULL;
}

const struct function *function_operator(const char *sign)
{
    for (size_t t = 0; t < NTABLES; t++)
        for (const struct function *f = tables[t]; f->name != NULL; f++)
            if ((f->flags & FUNCTION_OPERATOR) && strcmp(f->name, sign) == 0)
                return f;
    /* An operator's function may also be callable by name: "negative", "CAST" */
    return function_find(sign, strlen(sign));
}

bool function_in_spark(const char *name, size_t len)
{
    return function_names_contain(name, len);
}

/* Edits (insert, delete, replace) between two names, letter case aside; names longer than the table are never near. */
static unsigned distance(const char *a, size_t alen, const char *b, size_t blen)
{
    unsigned row[33];

    if (alen > 32 || blen > 32)
        return 99;
    for (size_t j = 0; j <= blen; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= alen; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= blen; j++) {
            unsigned above = row[j];
            unsigned cost = diagonal + (strncasecmp(a + i - 1, b + j - 1, 1) != 0);
            if (above + 1 < cost)
                cost = above + 1;
            if (row[j - 1] + 1 < cost)
                cost = row[j - 1] + 1;
            row[j] = cost;
            diagonal = above;
        }
    }
    return row[blen];
}

const char *function_nearest(const char *name, size_t len)
{
    const char *nearest = NULL;
    unsigned best = len < 4 ? 2 : 3; /* more edits than that are another word */

    for (size_t t = 0; t < NTABLES; t++) {
        for (const struct function *f = tables[t]; f->name != NULL; f++) {
            if (f->flags & FUNCTION_OPERATOR)
                continue;
            unsigned edits = distance(name, len, f->name, strlen(f->name));
            if (edits < best) {
                best = edits;
                nearest = f->name;
            }
        }
    }
    return nearest;
}

/* ---- binding ------------------------------------------------------------------------------------------------- */

void *function_oom(struct binding *binding)
{
    errbuf_oom(binding->err, "compiling a query", sizeof(struct expr));
    return NULL;
}

/* The name of the call as it stands, for messages; the caller releases out. */
static void name_of_binding(const struct binding *binding, struct buf *out)
{
    struct expr call = {.kind = EXPR_CALL, .type = type_of(TYPE_NULL), .nargs = binding->nargs, .args = binding->args};

    call.function = binding->function;
    if (binding->function->flags & FUNCTION_AGGREGATE)
        call.kind = EXPR_AGGREGATE;
    expr_name(&call, out);
}

void *function_mismatch(struct binding *binding, const char *sub, const char *format, ...)
{
    struct buf name = BUF_INIT;
    struct buf what = BUF_INIT;
    char condition[96];
    va_list args;

    name_of_binding(binding, &name);
    va_start(args, format);
    buf_vprintf(&what, format, args);
    va_end(args);
    snprintf(condition, sizeof(condition), "DATATYPE_MISMATCH.%s", sub);
    diagnose(binding->err, binding->sql, binding->range, condition, "42K09",
             "Cannot resolve \"%s\" due to data type mismatch: %s", name.data != NULL ? name.data : "",
             what.data != NULL ? what.data : "");
    buf_release(&name);
    buf_release(&what);
    return NULL;
}

void *function_operands_differ(struct binding *binding)
{
    struct buf a = BUF_INIT, b = BUF_INIT;

    type_sql_name(binding->args[0]->type, &a);
    type_sql_name(binding->args[1]->type, &b);
    function_mismatch(binding, "BINARY_OP_DIFF_TYPES",
                      "the left and right operands of the binary operator have incompatible types (\"%s\" and \"%s\").",
                      a.data != NULL ? a.data : "", b.data != NULL ? b.data : "");
    buf_release(&a);
    buf_release(&b);
    return NULL;
}

void *function_wrong_operands(struct binding *binding, const char *requires_text)
{
    struct buf type = BUF_INIT;

    type_sql_name(binding->args[0]->type, &type);
    function_mismatch(binding, "BINARY_OP_WRONG_TYPE", "the binary operator requires the input type %s, not \"%s\".",
                      requires_text, type.data != NULL ? type.data : "");
    buf_release(&type);
    return NULL;
}

void *function_types_differ(struct binding *binding, const char *shown, const struct binding *listed, bool brackets)
{
    struct buf types = BUF_INIT;

    for (size_t i = 0; i < listed->nargs; i++) {
        buf_append_text(&types, i == 0 ? "\"" : brackets ? ", \"" : " or \"");
        type_sql_name(listed->args[i]->type, &types);
        buf_append_byte(&types, '"');
    }
    function_mismatch(binding, "DATA_DIFF_TYPES", "Input to `%s` should all be the same type, but it's %s%s%s.", shown,
                      brackets ? "[" : "(", types.data != NULL ? types.data : "", brackets ? "]" : ")");
    buf_release(&types);
    return NULL;
}

struct expr *function_bind_boolean(struct binding *binding)
{
    return function_call(binding, type_of(TYPE_BOOLEAN), NULL, NULL);
}

void function_show_infix(const struct expr *call, struct buf *out)
{
    buf_append_byte(out, '(');
    expr_name(call->args[0], out);
    buf_printf(out, " %s ", call->function->name);
    expr_name(call->args[1], out);
    buf_append_byte(out, ')');
}

void *function_unexpected(struct binding *binding, size_t index, const char *requires_text)
{
    static const char *const ordinals[] = {"first", "second",  "third",  "fourth", "fifth",
                                           "sixth", "seventh", "eighth", "ninth",  "tenth"};
    struct buf name = BUF_INIT;
    struct buf type = BUF_INIT;
    char ordinal[16];

    expr_name(binding->args[index], &name);
    type_sql_name(binding->args[index]->type, &type);
    snprintf(ordinal, sizeof(ordinal), "%zuth", index + 1);
    function_mismatch(binding, "UNEXPECTED_INPUT_TYPE",
                      "The %s parameter requires the %s type, however \"%s\" has the type \"%s\".",
                      index < sizeof(ordinals) / sizeof(ordinals[0]) ? ordinals[index] : ordinal, requires_text,
                      name.data != NULL ? name.data : "", type.data != NULL ? type.data : "");
    buf_release(&name);
    buf_release(&type);
    return NULL;
}

/* The call as it is bound; computed once when all of it is constant. An error then is no error yet: the row that needs
 * the value gets it, and no row may need it. */
static void fold(struct binding *binding, struct expr *call)
{
    struct batch one_row = {.nrows = 1, .nselected = 1};
    struct errbuf ignored;
    struct eval eval = {binding->arena, binding->zone, binding->sql, &one_row, &ignored};
    struct vector value;

    if (expr_eval(&eval, call, &one_row, NULL, 1, &value) == 0)
        call->literal = value;
    else
        call->failing = true;
}

struct expr *function_call(struct binding *binding, const struct type *type, expr_kernel kernel, const void *data)
{
    struct expr *call = arena_calloc(binding->arena, 1, sizeof(*call));

    if (call == NULL || type == NULL)
        return function_oom(binding);
    call->kind = EXPR_CALL;
    call->type = type;
    call->range = binding->range;
    call->nargs = binding->nargs;
    call->args = binding->args;
    call->function = binding->function;
    call->kernel = kernel != NULL ? kernel : binding->function->kernel;
    call->data = data;
    call->constant = true;
    for (size_t i = 0; i < call->nargs; i++) {
        call->constant = call->constant && call->args[i]->constant;
        call->failing = call->failing || call->args[i]->failing;
    }
    if (binding->function->flags & FUNCTION_CONDITIONAL)
        call->failing = false;
    if (call->constant && !call->failing)
        fold(binding, call);
    return call;
}

struct expr *function_bind_other(struct binding *binding, const char *name, struct expr **args, size_t nargs)
{
    struct binding other = *binding;

    other.function = function_operator(name);
    other.name = name;
    other.nargs = nargs;
    other.args = arena_alloc(binding->arena, (nargs > 0 ? nargs : 1) * sizeof(*args));
    if (other.args == NULL)
        return function_oom(binding);
    if (nargs > 0)
        memcpy(other.args, args, nargs * sizeof(*args));
    return function_bind(&other);
}

struct expr *function_bind_signature(struct binding *binding)
{
    static const char results[] = "bildSTtx";
    static const enum type_id types[] = {TYPE_BOOLEAN, TYPE_INT,       TYPE_BIGINT, TYPE_DOUBLE,
                                         TYPE_STRING,  TYPE_TIMESTAMP, TYPE_DATE,   TYPE_BINARY};
    const char *signature = binding->function->detail;
    size_t letters = strcspn(signature, ">");

    for (size_t i = 0; i < binding->nargs; i++)
        if (coerce_input(binding, i, signature[i < letters ? i : letters - 1]) != 0)
            return NULL;
    return function_call(binding, type_of(types[strchr(results, signature[letters + 1]) - results]), NULL, NULL);
}

int function_append_arg(struct binding *binding, struct expr *arg)
{
    struct expr **args = arena_alloc(binding->arena, (binding->nargs + 1) * sizeof(*args));

    if (args == NULL || arg == NULL) {
        function_oom(binding);
        return -1;
    }
    if (binding->nargs > 0)
        memcpy(args, binding->args, binding->nargs * sizeof(*args));
    args[binding->nargs++] = arg;
    binding->args = args;
    return 0;
}

int function_default_int(struct binding *binding, size_t index, int32_t value)
{
    if (binding->nargs > index)
        return 0;
    return function_append_arg(binding, expr_int(binding->arena, value, binding->range));
}

int function_default_text(struct binding *binding, size_t index, const char *text)
{
    if (binding->nargs > index)
        return 0;
    return function_append_arg(binding, expr_string(binding->arena, text, strlen(text), binding->range));
}

const struct vector *function_constant(const struct expr *expr)
{
    return expr->literal.type != NULL ? &expr->literal : NULL;
}

/* "2", "[2, 3]", "> 0": as Spark lists what a function takes. */
static void allowed_numbers(const struct function *function, struct buf *out)
{
    if (function->max_args < 0) {
        buf_printf(out, "> %d", function->min_args - 1);
    } else if (function->min_args == function->max_args) {
        buf_append_i64(out, function->min_args);
    } else {
        for (int n = function->min_args; n <= function->max_args; n++)
            buf_printf(out, "%s%d", n == function->min_args ? "[" : ", ", n);
        buf_append_byte(out, ']');
    }
}

static void *wrong_number(struct binding *binding)
{
    const struct function *function = binding->function;
    const struct sql_range nowhere = {-1, -1};
    struct buf allowed = BUF_INIT;
    char name[40] = "";

    for (size_t i = 0; i + 1 < sizeof(name) && binding->name[i] != '\0'; i++)
        name[i] = (char)tolower((unsigned char)binding->name[i]);
    /* Spark shows no place where any number from a minimum on is allowed */
    allowed_numbers(function, &allowed);
    diagnose(binding->err, binding->sql, function->max_args < 0 ? nowhere : binding->range,
             "WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "42605",
             "The `%s` requires %s parameters but the actual number is %zu. Please, refer to "
             "'https://spark.apache.org/docs/latest/sql-ref-functions.html' for a fix.",
             name, allowed.data != NULL ? allowed.data : "", binding->nargs);
    buf_release(&allowed);
    return NULL;
}

struct expr *function_bind(struct binding *binding)
{
    const struct function *function = binding->function;

    if (binding->nargs < (size_t)function->min_args ||
        (function->max_args >= 0 && binding->nargs > (size_t)function->max_args))
        return wrong_number(binding);
    return function->bind(binding);
}

/* ---- kernels ------------------------------------------------------------------------------------------------- */

int function_kernel_oom(struct eval *eval, size_t size_bytes)
{
    return errbuf_oom(eval->err, "evaluating an expression", size_bytes);
}

int function_kernel_first(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                          size_t n, struct vector *out)
{
    (void)eval;
    (void)call;
    (void)sel;
    (void)n;
    *out = args[0];
    return 0;
}

int function_texts_begin(struct function_texts *texts, struct eval *eval, struct vector *out, size_t n)
{
    *texts = (struct function_texts){.eval = eval, .out = out, .buf = BUF_INIT};
    texts->rows = arena_alloc(eval->arena, (n > 0 ? n : 1) * sizeof(*texts->rows));
    texts->ends = arena_alloc(eval->arena, (n > 0 ? n : 1) * sizeof(*texts->ends));
    if (texts->rows == NULL || texts->ends == NULL)
        return function_kernel_oom(eval, n * sizeof(*texts->ends));
    return 0;
}

void function_texts_row(struct function_texts *texts, size_t row)
{
    texts->rows[texts->count] = (uint16_t)row;
    texts->ends[texts->count++] = texts->buf.len;
}

bool function_texts_room(struct function_texts *texts, uint64_t more)
{
    if (texts->buf.len + more > UINT64_C(1) << 30)
        texts->buf.failed = true;
    return !texts->buf.failed;
}

int function_texts_end(struct function_texts *texts, bool failed)
{
    size_t len = texts->buf.len;
    size_t start = 0;
    char *bytes = NULL;
    int rc = failed ? -1 : 0;

    if (rc == 0) {
        /* `failed` is also set when the bytes of one batch exceed what a length can tell */
        if (!texts->buf.failed && len <= UINT32_MAX)
            bytes = arena_copy(texts->eval->arena, texts->buf.data, len);
        if (bytes == NULL)
            rc = function_kernel_oom(texts->eval, len);
    }
    for (size_t k = 0; rc == 0 && k < texts->count; k++) {
        texts->out->data.str[texts->rows[k]] = (struct str){bytes + start, (uint32_t)(texts->ends[k] - start)};
        start = texts->ends[k];
    }
    buf_release(&texts->buf);
    return rc;
}
