#include "record/schema.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

void schema_init(struct schema *schema)
{
    memset(schema, 0, sizeof(*schema));
    arena_init(&schema->arena);
}

void schema_release(struct schema *schema)
{
    arena_release(&schema->arena);
    schema_init(schema);
}

static const struct type *copy_type(struct arena *arena, const struct type *type)
{
    if (type->id != TYPE_STRUCT)
        return type_of(type->id);
    if (type == type_window())
        return type;
    struct type *copy = arena_alloc(arena, sizeof(*copy));
    struct type_field *fields = arena_calloc(arena, type->nfields, sizeof(*fields));
    if (copy == NULL || fields == NULL)
        return NULL;
    for (size_t i = 0; i < type->nfields; i++) {
        fields[i].name = arena_strdup(arena, type->fields[i].name);
        fields[i].type = copy_type(arena, type->fields[i].type);
        if (fields[i].name == NULL || fields[i].type == NULL)
            return NULL;
    }
    *copy = (struct type){TYPE_STRUCT, type->nfields, fields};
    return copy;
}

int schema_add(struct schema *schema, const char *name, const struct type *type)
{
    /* Columns are few: the array is moved when its size reaches a power of two, the old one stays in the arena until
     * the end. */
    if ((schema->ncolumns & (schema->ncolumns - 1)) == 0) {
        size_t cap = schema->ncolumns == 0 ? 1 : schema->ncolumns * 2;
        struct type_field *columns = arena_calloc(&schema->arena, cap, sizeof(*columns));
        if (columns == NULL)
            return -1;
        if (schema->ncolumns > 0)
            memcpy(columns, schema->columns, schema->ncolumns * sizeof(*columns));
        schema->columns = columns;
    }
    const char *own_name = arena_strdup(&schema->arena, name);
    const struct type *own_type = copy_type(&schema->arena, type);
    if (own_name == NULL || own_type == NULL)
        return -1;
    schema->columns[schema->ncolumns].name = own_name;
    schema->columns[schema->ncolumns].type = own_type;
    schema->ncolumns++;
    return 0;
}

int schema_copy(struct schema *dst, const struct schema *src)
{
    for (size_t i = 0; i < src->ncolumns; i++)
        if (schema_add(dst, src->columns[i].name, src->columns[i].type) != 0) {
            schema_release(dst);
            return -1;
        }
    return 0;
}

size_t schema_find(const struct schema *schema, const char *name, bool *ambiguous)
{
    size_t found = SIZE_MAX;

    if (ambiguous != NULL)
        *ambiguous = false;
    for (size_t i = 0; i < schema->ncolumns; i++) {
        if (strcasecmp(schema->columns[i].name, name) != 0)
            continue;
        if (found != SIZE_MAX) {
            if (ambiguous != NULL)
                *ambiguous = true;
            return SIZE_MAX;
        }
        found = i;
    }
    return found;
}

void schema_ddl(const struct schema *schema, struct buf *out)
{
    for (size_t i = 0; i < schema->ncolumns; i++) {
        if (i > 0)
            buf_append_text(out, ", ");
        type_append_name(out, schema->columns[i].name);
        buf_append_byte(out, ' ');
        type_sql_name(schema->columns[i].type, out);
    }
}

/* --- DDL --------------------------------------------------------------------------------------------------------- */

struct ddl {
    const char *text;
    const char *at; /* the next token begins here or behind blanks */
    struct errbuf *err;
};

enum ddl_token { DDL_END, DDL_WORD, DDL_QUOTED, DDL_STRING, DDL_SIGN, DDL_BROKEN };

struct token {
    enum ddl_token kind;
    const char *start;
    size_t len;
};

static bool word_byte(unsigned char c)
{
    return c >= 0x80 || c == '_' || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* Behind blanks and comments, as in SQL: -- to the end of the line, and bracketed ones, which nest. One that has no end
 * is left standing. */
static const char *skip_blanks(const char *p)
{
    for (;;) {
        while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
            p++;
        if (p[0] == '-' && p[1] == '-') {
            while (*p != '\0' && *p != '\n')
                p++;
        } else if (p[0] == '/' && p[1] == '*') {
            const char *q = p;
            int depth = 0;
            do {
                bool opens = q[0] == '/' && q[1] == '*', closes = q[0] == '*' && q[1] == '/';
                if (*q == '\0')
                    return p;
                depth += opens - closes;
                q += opens || closes ? 2 : 1;
            } while (depth > 0);
            p = q;
        } else {
            return p;
        }
    }
}

static struct token next_token(struct ddl *ddl)
{
    struct token token = {DDL_END, NULL, 0};
    const char *p = skip_blanks(ddl->at);

    token.start = p;
    if (*p == '\0') {
        token.kind = DDL_END;
    } else if (*p == '`') {
        token.kind = DDL_QUOTED;
        for (p++; *p != '\0' && (p[0] != '`' || p[1] == '`'); p++)
            if (p[0] == '`')
                p++;
        if (*p == '\0')
            token.kind = DDL_BROKEN;
        else
            p++;
    } else if (*p == '\'' || *p == '"') {
        char quote = *p;
        token.kind = DDL_STRING;
        for (p++; *p != '\0' && *p != quote; p++)
            if (p[0] == '\\' && p[1] != '\0')
                p++;
        if (*p == '\0')
            token.kind = DDL_BROKEN;
        else
            p++;
    } else if (word_byte((unsigned char)*p)) {
        token.kind = DDL_WORD;
        while (word_byte((unsigned char)*p))
            p++;
    } else {
        token.kind = DDL_SIGN;
        p++;
    }
    token.len = (size_t)(p - token.start);
    ddl->at = p;
    return token;
}

static struct token peek_token(const struct ddl *ddl)
{
    struct ddl ahead = *ddl;

    return next_token(&ahead);
}

static bool is_word(struct token token, const char *word)
{
    return token.kind == DDL_WORD && token.len == strlen(word) && strncasecmp(token.start, word, token.len) == 0;
}

static bool is_sign(struct token token, char sign)
{
    return token.kind == DDL_SIGN && token.start[0] == sign;
}

static void set_place(struct ddl *ddl, const char *place)
{
    ddl->err->line = 1;
    ddl->err->column = 0;
    for (const char *p = ddl->text; p < place; p++) {
        if (*p == '\n') {
            ddl->err->line++;
            ddl->err->column = 0;
        } else if (((unsigned char)*p & 0xC0) != 0x80) {
            ddl->err->column++; /* code points, not bytes */
        }
    }
}

/* How much of a token a message shows, for %.*s. */
static int word_shown(struct token token)
{
    return token.len > 60 ? 60 : (int)token.len;
}

static int syntax_error(struct ddl *ddl, struct token token, const char *expected)
{
    if (token.kind == DDL_END)
        errbuf_condition(ddl->err, "PARSE_SYNTAX_ERROR", "42601", "schema ends where %s is expected", expected);
    else
        errbuf_condition(ddl->err, "PARSE_SYNTAX_ERROR", "42601", "schema: '%.*s' where %s is expected",
                         word_shown(token), token.start, expected);
    ddl->err->exit_code = EXIT_CODE_USAGE;
    set_place(ddl, token.start);
    return -1;
}

static int unsupported(struct ddl *ddl, struct token token)
{
    errbuf_condition(ddl->err, "SFCRIME_UNSUPPORTED", "0A000",
                     "schema: type %.*s is not supported; the types are BOOLEAN, INT, BIGINT, DOUBLE, STRING, "
                     "TIMESTAMP, DATE, BINARY",
                     word_shown(token), token.start);
    ddl->err->exit_code = EXIT_CODE_USAGE;
    set_place(ddl, token.start);
    return -1;
}

/* The type that a word names; NULL if we have none of that name. */
static const struct type *find_type(struct token token)
{
    static const struct {
        const char *word;
        enum type_id id;
    } known[] = {
        {"BOOLEAN", TYPE_BOOLEAN},
        {"INT", TYPE_INT},
        {"INTEGER", TYPE_INT},
        {"BIGINT", TYPE_BIGINT},
        {"LONG", TYPE_BIGINT},
        {"DOUBLE", TYPE_DOUBLE},
        {"STRING", TYPE_STRING},
        {"TIMESTAMP", TYPE_TIMESTAMP},
        {"DATE", TYPE_DATE},
        {"BINARY", TYPE_BINARY},
        {"TIMESTAMP_LTZ", TYPE_TIMESTAMP},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (is_word(token, known[i].word))
            return type_of(known[i].id);
    return NULL;
}

static int parse_type(struct ddl *ddl, const struct type **type)
{
    /* Types that Spark has and we have not. */
    static const char *const others[] = {
        "ARRAY",    "STRUCT", "MAP",  "DECIMAL", "DEC",     "NUMERIC",  "FLOAT", "REAL",          "TINYINT",  "BYTE",
        "SMALLINT", "SHORT",  "CHAR", "VARCHAR", "VARIANT", "INTERVAL", "VOID",  "TIMESTAMP_NTZ", "CHARACTER"};
    struct token token = next_token(ddl);

    if (token.kind != DDL_WORD)
        return syntax_error(ddl, token, "a type");
    *type = find_type(token);
    if (*type != NULL) {
        struct token after = peek_token(ddl);
        /* STRING COLLATE x, and lengths, are other types */
        if (is_word(after, "COLLATE") || is_sign(after, '('))
            return unsupported(ddl, token);
        return 0;
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (is_word(token, others[i]))
            return unsupported(ddl, token);
    return syntax_error(ddl, token, "a type");
}

/* NOT NULL, then COMMENT '...', each at most once: Spark takes them and from_json ignores them. */
static int parse_options(struct ddl *ddl)
{
    struct token token = peek_token(ddl);

    if (is_word(token, "NOT")) {
        next_token(ddl);
        token = next_token(ddl);
        if (!is_word(token, "NULL"))
            return syntax_error(ddl, token, "NULL");
        token = peek_token(ddl);
    }
    if (is_word(token, "COMMENT")) {
        next_token(ddl);
        token = next_token(ddl);
        if (token.kind != DDL_STRING)
            return syntax_error(ddl, token, "a quoted comment");
    }
    return 0;
}

/* An unquoted name is of ASCII letters, digits and _, and no number. */
static int check_name(struct ddl *ddl, struct token name)
{
    bool number = true;

    for (size_t i = 0; i < name.len; i++) {
        if ((unsigned char)name.start[i] >= 0x80) {
            errbuf_condition(ddl->err, "INVALID_IDENTIFIER", "42602",
                             "schema: the unquoted identifier %.*s is invalid and must be back quoted as: `%.*s`",
                             word_shown(name), name.start, word_shown(name), name.start);
            ddl->err->exit_code = EXIT_CODE_USAGE;
            set_place(ddl, name.start);
            return -1;
        }
        number = number && name.start[i] >= '0' && name.start[i] <= '9';
    }
    return number ? syntax_error(ddl, name, "a column name") : 0;
}

/* in_struct: between the angle brackets of struct<...>, where a colon may stand between name and type. */
static int parse_column(struct ddl *ddl, struct schema *schema, bool in_struct)
{
    struct token name = next_token(ddl);
    const struct type *type = NULL;

    if (name.kind != DDL_WORD && name.kind != DDL_QUOTED)
        return syntax_error(ddl, name, "a column name");
    if (name.kind == DDL_WORD && check_name(ddl, name) != 0)
        return -1;
    char *text = arena_bytes(&schema->arena, name.len + 1);
    if (text == NULL)
        return errbuf_oom(ddl->err, "schema", name.len + 1);
    size_t len = 0;
    if (name.kind == DDL_WORD) {
        memcpy(text, name.start, name.len);
        len = name.len;
    } else {
        for (size_t i = 1; i + 1 < name.len; i++) {
            if (name.start[i] == '`')
                i++; /* a doubled back-quote is one */
            text[len++] = name.start[i];
        }
        if (len == 0)
            return syntax_error(ddl, name, "a column name");
    }
    text[len] = '\0';
    if (in_struct && is_sign(peek_token(ddl), ':'))
        next_token(ddl);
    if (parse_type(ddl, &type) != 0 || parse_options(ddl) != 0)
        return -1;
    for (size_t i = 0; i < schema->ncolumns; i++)
        if (strcasecmp(schema->columns[i].name, text) == 0) {
            errbuf_condition(ddl->err, "COLUMN_ALREADY_EXISTS", "42711",
                             "schema: the column `%s` stands twice (letter case does not count)", text);
            ddl->err->exit_code = EXIT_CODE_USAGE;
            set_place(ddl, name.start);
            return -1;
        }
    return schema_add(schema, text, type) == 0 ? 0 : errbuf_oom(ddl->err, "schema", len);
}

/* A text that is one word is no column but a type of its own. Returns 1 if it is, with the refusal in err. */
static int refuse_lone_type(struct ddl *ddl)
{
    struct ddl ahead = *ddl;
    struct token word = next_token(&ahead);

    if (word.kind == DDL_END) {
        errbuf_condition(ddl->err, "PARSE_EMPTY_STATEMENT", "42617",
                         "schema: it is empty; columns such as a STRING, b INT are wanted");
    } else if (word.kind == DDL_WORD && next_token(&ahead).kind == DDL_END) {
        if (find_type(word) != NULL)
            errbuf_condition(ddl->err, "DATATYPE_MISMATCH.INVALID_JSON_SCHEMA", "42K09",
                             "schema: '%.*s' is one type; columns such as a STRING, b INT are wanted", word_shown(word),
                             word.start);
        else
            errbuf_condition(ddl->err, "UNSUPPORTED_DATATYPE", "0A000", "schema: unsupported data type '%.*s'",
                             word_shown(word), word.start);
    } else {
        return 0;
    }
    ddl->err->exit_code = EXIT_CODE_USAGE;
    set_place(ddl, word.start);
    return 1;
}

/* True behind the opening bracket of struct<...>, the other way to write a schema. */
static bool enter_struct(struct ddl *ddl)
{
    struct ddl ahead = *ddl;

    if (!is_word(next_token(&ahead), "STRUCT") || !is_sign(next_token(&ahead), '<'))
        return false;
    *ddl = ahead;
    return true;
}

int schema_parse(struct schema *schema, const char *ddl_text, struct errbuf *err)
{
    struct ddl ddl = {ddl_text, ddl_text, err};
    struct token token;

    if (refuse_lone_type(&ddl))
        goto fail;
    bool in_struct = enter_struct(&ddl);
    do {
        if (parse_column(&ddl, schema, in_struct) != 0)
            goto fail;
        token = next_token(&ddl);
    } while (is_sign(token, ','));
    if (in_struct && is_sign(token, '>'))
        token = next_token(&ddl);
    else if (in_struct) {
        syntax_error(&ddl, token, "',' or '>'");
        goto fail;
    }
    if (token.kind == DDL_END)
        return 0;
    syntax_error(&ddl, token, in_struct ? "the end" : "',' or the end");

fail:
    schema_release(schema);
    return -1;
}
