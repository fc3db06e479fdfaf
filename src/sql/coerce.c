#include "sql/coerce.h"

#include "function_internal.h"

/* Structs meet when they have as many fields and these meet one by one; the names are the first one's (Spark compares
 * structurally). */
static const struct type *tightest_struct(struct arena *arena, const struct type *a, const struct type *b)
{
    if (a->nfields != b->nfields)
        return NULL;
    struct type_field *fields = arena_calloc(arena, a->nfields, sizeof(*fields));
    if (fields == NULL)
        return NULL;
    for (size_t i = 0; i < a->nfields; i++) {
        fields[i].name = a->fields[i].name;
        fields[i].type = coerce_tightest(arena, a->fields[i].type, b->fields[i].type);
        if (fields[i].type == NULL)
            return NULL;
    }
    return type_struct(arena, fields, a->nfields);
}

const struct type *coerce_tightest(struct arena *arena, const struct type *a, const struct type *b)
{
    if (type_equal(a, b))
        return a;
    if (a->id == TYPE_NULL)
        return b;
    if (b->id == TYPE_NULL)
        return a;
    if (coerce_is_number(a) && coerce_is_number(b))
        return a->id > b->id ? a : b; /* the enum's order is INT < BIGINT < DOUBLE */
    if ((a->id == TYPE_DATE && b->id == TYPE_TIMESTAMP) || (a->id == TYPE_TIMESTAMP && b->id == TYPE_DATE))
        return type_of(TYPE_TIMESTAMP);
    if (a->id == TYPE_STRUCT && b->id == TYPE_STRUCT)
        return tightest_struct(arena, a, b);
    return NULL;
}

static const struct type *string_meets(const struct type *other)
{
    if (coerce_is_integral(other))
        return type_of(TYPE_BIGINT);
    if (other->id == TYPE_STRUCT)
        return NULL;
    return other->id == TYPE_NULL ? type_of(TYPE_STRING) : other;
}

const struct type *coerce_wider(struct arena *arena, const struct type *a, const struct type *b)
{
    const struct type *type = coerce_tightest(arena, a, b);

    if (type == NULL && a->id == TYPE_STRING)
        type = string_meets(b);
    else if (type == NULL && b->id == TYPE_STRING)
        type = string_meets(a);
    return type;
}

const struct type *coerce_common(struct binding *binding, size_t first, size_t step, bool strings)
{
    const struct type *type = type_of(TYPE_NULL);

    /* Strings first, as Spark folds them: they yield to every later type. */
    for (int pass = strings ? 0 : 1; pass < 2; pass++) {
        for (size_t i = first; i < binding->nargs; i += step) {
            const struct type *arg = binding->args[i]->type;
            if (strings && (arg->id == TYPE_STRING) != (pass == 0))
                continue;
            type = strings ? coerce_wider(binding->arena, type, arg) : coerce_tightest(binding->arena, type, arg);
            if (type == NULL)
                return NULL;
        }
    }
    return type;
}

int coerce_cast(struct binding *binding, size_t index, const struct type *type)
{
    struct expr *arg = function_cast(binding, binding->args[index], type, FUNCTION_CAST_IMPLICIT);

    if (arg == NULL)
        return -1;
    binding->args[index] = arg;
    return 0;
}

int coerce_cast_all(struct binding *binding, size_t first, size_t step, const struct type *type)
{
    for (size_t i = first; i < binding->nargs; i += step)
        if (coerce_cast(binding, i, type) != 0)
            return -1;
    return 0;
}

int coerce_operands(struct binding *binding)
{
    const struct type *a = binding->args[0]->type;
    const struct type *b = binding->args[1]->type;

    if (type_equal(a, b))
        return 0;
    const struct type *type = coerce_wider(binding->arena, a, b);
    return type == NULL ? 0 : coerce_cast_all(binding, 0, 1, type);
}

/* Which types become which for a parameter of one type: Spark's store assignment, and strings become anything. */
static bool assignable(const struct type *from, enum type_id to)
{
    switch (to) {
    case TYPE_STRING:
        return from->id != TYPE_STRUCT;
    case TYPE_INT:
    case TYPE_BIGINT:
    case TYPE_DOUBLE:
        return coerce_is_number(from) || from->id == TYPE_STRING;
    case TYPE_TIMESTAMP:
        return from->id == TYPE_DATE || from->id == TYPE_STRING;
    case TYPE_DATE:
        return from->id == TYPE_TIMESTAMP || from->id == TYPE_STRING;
    case TYPE_BOOLEAN:
    case TYPE_BINARY:
        return from->id == TYPE_STRING;
    case TYPE_NULL:
    case TYPE_STRUCT:
        break;
    }
    return false;
}

static int input_of_type(struct binding *binding, size_t index, enum type_id wanted, const char *requires_text)
{
    const struct type *from = binding->args[index]->type;

    if (from->id == wanted)
        return 0;
    if (from->id != TYPE_NULL && !assignable(from, wanted)) {
        function_unexpected(binding, index, requires_text);
        return -1;
    }
    return coerce_cast(binding, index, type_of(wanted));
}

#define ANY_TIMESTAMP "\"(TIMESTAMP OR TIMESTAMP WITHOUT TIME ZONE)\""
#define DAYS "(\"INT\" or \"SMALLINT\" or \"TINYINT\")"

int coerce_input(struct binding *binding, size_t index, char letter)
{
    const struct type *from = binding->args[index]->type;
    const char *requires_text;

    switch (letter) {
    case '*':
        return 0;
    case 'b':
        return input_of_type(binding, index, TYPE_BOOLEAN, "\"BOOLEAN\"");
    case 'i':
        return input_of_type(binding, index, TYPE_INT, "\"INT\"");
    case 'l':
        return input_of_type(binding, index, TYPE_BIGINT, "\"BIGINT\"");
    case 'd':
        return input_of_type(binding, index, TYPE_DOUBLE, "\"DOUBLE\"");
    case 'S':
        return input_of_type(binding, index, TYPE_STRING, "\"STRING\"");
    case 'T':
        return input_of_type(binding, index, TYPE_TIMESTAMP, "\"TIMESTAMP\"");
    case 'D':
        return input_of_type(binding, index, TYPE_TIMESTAMP, ANY_TIMESTAMP);
    case 't':
        return input_of_type(binding, index, TYPE_DATE, "\"DATE\"");
    case 'x':
        if (from->id == TYPE_BINARY)
            return 0;
        return input_of_type(binding, index, TYPE_STRING, "(\"STRING\" or \"BINARY\")");
    case 'I':
        if (from->id == TYPE_BIGINT || from->id == TYPE_DOUBLE)
            break;
        return input_of_type(binding, index, TYPE_INT, DAYS);
    case 'n':
        if (coerce_is_number(from))
            return 0;
        return input_of_type(binding, index, TYPE_DOUBLE, "\"NUMERIC\"");
    default:
        break;
    }
    if (from->id == TYPE_NULL)
        return coerce_cast(binding, index,
                           type_of(letter == 's'   ? TYPE_TIMESTAMP
                                   : letter == 'N' ? TYPE_DOUBLE
                                                   : TYPE_BIGINT));
    if ((letter == 's' && from->id == TYPE_TIMESTAMP) || (letter == 'N' && coerce_is_number(from)) ||
        (letter == 'L' && coerce_is_integral(from)))
        return 0;
    requires_text = letter == 's'   ? "\"TIMESTAMP\""
                    : letter == 'N' ? "\"NUMERIC\""
                    : letter == 'L' ? "\"INTEGRAL\""
                                    : DAYS;
    function_unexpected(binding, index, requires_text);
    return -1;
}
