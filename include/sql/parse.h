/* The parser: Spark SQL's grammar for one query, by recursive descent.
 *
 * Nothing is reserved, so a keyword is a name wherever the grammar lets it be one; where both readings fit, the one
 * that Spark's parser takes is taken (`FROM calls WHERE` gives calls the alias WHERE). Syntax errors are reported at
 * the token that Spark reports.
 */
#ifndef SQL_PARSE_H
#define SQL_PARSE_H

#include "common/arena.h"
#include "common/errbuf.h"
#include "sql/ast.h"

/* Parse one query (an optional `;` behind it) into arena. Returns NULL with err: PARSE_SYNTAX_ERROR and the other
 * conditions of Spark's parser, or SFCRIME_UNSUPPORTED for what is Spark SQL but outside the subset. */
struct ast_query *parse_query(const char *sql, struct arena *arena, struct errbuf *err);

#endif
