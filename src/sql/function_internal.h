/* What the files of one kind of function (function_*.c) share with function.c: their tables, and help for bind and
 * kernels. */
#ifndef SQL_FUNCTION_INTERNAL_H
#define SQL_FUNCTION_INTERNAL_H

#include "common/buf.h"
#include "sql/coerce.h"
#include "sql/diagnose.h"
#include "sql/function.h"

#include <string.h>

/* One table a file, ended by a row without a name. */
extern const struct function function_cast_table[];
extern const struct function function_arith_table[];
extern const struct function function_number_table[];
extern const struct function function_compare_table[];
extern const struct function function_logic_table[];
extern const struct function function_choice_table[];
extern const struct function function_text_table[];
extern const struct function function_search_table[];
extern const struct function function_like_table[];
extern const struct function function_time_table[];
extern const struct function function_field_table[];
extern const struct function function_epoch_table[];
extern const struct function function_struct_table[];
extern const struct function function_aggregate_table[];

/* Kernels that others must recognise. */
int function_logic_and(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                       size_t n, struct vector *out);

/* function_in_spark, where the names are. */
bool function_names_contain(const char *name, size_t len);

/* ---- for bind ------------------------------------------------------------------------------------------------ */

/* A call of binding->function over binding->args as they are now; kernel NULL: the function's own. Folded when all
 * arguments are constants. NULL with err without memory. */
struct expr *function_call(struct binding *binding, const struct type *type, expr_kernel kernel, const void *data);

/* Bind another function or operator over args at the same place. */
struct expr *function_bind_other(struct binding *binding, const char *name, struct expr **args, size_t nargs);

/* Bind by the signature in function->detail, a text like "SI>S": one letter an argument as coerce_input takes them,
 * then the result's. Arguments past the last letter take the last letter. */
struct expr *function_bind_signature(struct binding *binding);

/* Append an argument (room for all of max_args is made). Returns 0, -1 with err. */
int function_append_arg(struct binding *binding, struct expr *arg);
int function_default_int(struct binding *binding, size_t index, int32_t value);
int function_default_text(struct binding *binding, size_t index, const char *text);

/* "Cannot resolve "NAME" due to data type mismatch: ...": DATATYPE_MISMATCH.`sub`. Returns NULL. */
void *function_mismatch(struct binding *binding, const char *sub, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* UNEXPECTED_INPUT_TYPE: the argument's ordinal, what it requires ("\"STRING\""), what it is. Returns NULL. */
void *function_unexpected(struct binding *binding, size_t index, const char *requires_text);
void *function_oom(struct binding *binding);

/* Three refusals that several kinds of functions share; they return NULL: the operands' types (BINARY_OP_DIFF_TYPES),
 * one type that the operator does not take (BINARY_OP_WRONG_TYPE), arguments without a common type (DATA_DIFF_TYPES;
 * those of `listed`, in brackets or joined by "or"). */
void *function_operands_differ(struct binding *binding);
void *function_wrong_operands(struct binding *binding, const char *requires_text);
void *function_types_differ(struct binding *binding, const char *shown, const struct binding *listed, bool brackets);

/* For bind: any arguments, BOOLEAN result. For show: "(a SIGN b)". */
struct expr *function_bind_boolean(struct binding *binding);
void function_show_infix(const struct expr *call, struct buf *out);

/* The value of a literal or a folded call, or NULL. */
const struct vector *function_constant(const struct expr *expr);

/* ---- for kernels --------------------------------------------------------------------------------------------- */

/* Each selected row. Kernels where it counts write their dense loop out. */
#define FOR_ROWS(row, sel, n)                                                                                          \
    for (size_t row##_k = 0, row = 0; row##_k < (n) && ((row = (sel) != NULL ? (sel)[row##_k] : row##_k), true);       \
         row##_k++)

/* Results of varying length: bytes are appended to buf, function_texts_row ends a row's value, and all of them move to
 * the arena at the end in one piece. */
struct function_texts {
    struct eval *eval;
    struct vector *out;
    struct buf buf;
    size_t count;
    uint16_t *rows;
    size_t *ends;
};

int function_texts_begin(struct function_texts *texts, struct eval *eval, struct vector *out, size_t n);
void function_texts_row(struct function_texts *texts, size_t row);
/* False, and the whole call fails, when `more` bytes would make the batch's texts larger than any sane query's:
 * space(2000000000) must not take all memory. */
bool function_texts_room(struct function_texts *texts, uint64_t more);
/* Returns 0, -1 with eval->err. Releases buf; call it on every path (failed: only release). */
int function_texts_end(struct function_texts *texts, bool failed);

int function_kernel_oom(struct eval *eval, size_t size_bytes);

/* A kernel: the first argument as it is. */
int function_kernel_first(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                          size_t n, struct vector *out);

static inline struct str function_str(const struct vector *vector, size_t row)
{
    return vector->data.str[vector_row(vector, row)];
}

static inline int32_t function_i32(const struct vector *vector, size_t row)
{
    return vector->data.i32[vector_row(vector, row)];
}

static inline int64_t function_i64(const struct vector *vector, size_t row)
{
    return vector->data.i64[vector_row(vector, row)];
}

static inline double function_f64(const struct vector *vector, size_t row)
{
    return vector->data.f64[vector_row(vector, row)];
}

#endif
