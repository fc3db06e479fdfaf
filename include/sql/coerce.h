/* Implicit casts in ANSI mode (Spark's AnsiTypeCoercion): the one place that says which types meet in which.
 *
 * All functions insert casts with function_cast(FUNCTION_CAST_IMPLICIT), so that they do not show in names and fail at
 * the place of the call.
 */
#ifndef SQL_COERCE_H
#define SQL_COERCE_H

#include "sql/function.h"

/* The type both can become without a string changing into something else: equal types, NULL and anything, INT < BIGINT
 * < DOUBLE, DATE < TIMESTAMP, structs field by field. NULL if there is none. New struct types are made in arena. */
const struct type *coerce_tightest(struct arena *arena, const struct type *a, const struct type *b);

/* coerce_tightest, or a STRING becomes what it meets: BIGINT for whole numbers, else the other's type. */
const struct type *coerce_wider(struct arena *arena, const struct type *a, const struct type *b);

/* The common type of args[first], args[first + step] ...; strings: by coerce_wider, else by coerce_tightest. NULL if
 * there is none. */
const struct type *coerce_common(struct binding *binding, size_t first, size_t step, bool strings);

/* Cast one argument, or every argument from first in steps, to the type. 0, -1 with err. */
int coerce_cast(struct binding *binding, size_t index, const struct type *type);
int coerce_cast_all(struct binding *binding, size_t first, size_t step, const struct type *type);

/* Both operands of a binary operator to their common type, as far as there is one (a string against another type
 * first): the operator then checks what it got. 0, -1 with err. */
int coerce_operands(struct binding *binding);

/* What a parameter takes; the letters of signatures.
 *   b BOOLEAN   i INT   l BIGINT   d DOUBLE   S STRING   T TIMESTAMP   t DATE   x STRING or BINARY   * anything
 *   D TIMESTAMP, called "(TIMESTAMP OR TIMESTAMP WITHOUT TIME ZONE)" in messages
 *   n any number (a string becomes DOUBLE)   I INT only from a string or INT (date_add)
 *   s TIMESTAMP without any cast   N number without any cast   L whole number without any cast
 *
 * Casts the argument. 0, -1 with err (DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE). */
int coerce_input(struct binding *binding, size_t index, char letter);

static inline bool coerce_is_number(const struct type *type)
{
    return type->id == TYPE_INT || type->id == TYPE_BIGINT || type->id == TYPE_DOUBLE;
}

static inline bool coerce_is_integral(const struct type *type)
{
    return type->id == TYPE_INT || type->id == TYPE_BIGINT;
}

#endif
