/* What the pages share: frame, tables, the choice of a query, the words for its state. Functions are page.c's and
 * page_table.c's. */
#ifndef UI_PAGE_INTERNAL_H
#define UI_PAGE_INTERNAL_H

#include "report/snapshot.h"
#include "ui/chart.h"
#include "ui/html.h"
#include "ui/http.h"
#include "ui/page.h"
#include "ui/series.h"

/* Everything up to the page's own content; here: the path of its entry in the navigation. page_end closes it. */
void page_begin(struct http_request *request, struct http_answer *answer, const char *title, const char *here);
void page_end(struct http_request *request, struct http_answer *answer);

/* The query that the request names (?query= its name, ?id= its run), else the first. NULL after answering 404, or 200
 * with a page that says that there is none yet. The caller drops it with snapshot_unref. */
struct snapshot *page_choose(struct http_request *request, struct http_answer *answer, const char *title,
                             const char *here);
/* Links to the same page for each query, when there are several. */
void page_switch(struct http_request *request, struct http_answer *answer, const struct snapshot *chosen);

const char *page_name(const struct snapshot *snapshot); /* "<no name>" when it has none */

/* "query=NAME", or "id=RUNID" of a query without a name, encoded. */
void page_query_parameter(struct buf *out, const struct snapshot *snapshot);

/* A coloured word for the state, with its sign, and since when it is idle. */
void page_status(struct buf *out, const struct snapshot *snapshot);

/* A paragraph with what ended the query, or what it waits for; nothing when all is well. */
void page_trouble(struct buf *out, const struct snapshot *snapshot);

/* Spark's duration of the query in words, which the script lets tick while it runs. */
void page_running(struct buf *out, const struct snapshot *snapshot);

/* A fact: <div><dt>name</dt><dd>; the caller appends the value and page_fact_end. */
void page_fact(struct buf *out, const char *name);
void page_fact_end(struct buf *out);
/* In one call, with plain text. */
void page_fact_text(struct buf *out, const char *name, const char *value);
void page_fact_number(struct buf *out, const char *name, int64_t value);
void page_fact_time(struct buf *out, const char *name, int64_t wall_ms, const struct snapshot *snapshot);
void page_fact_rate(struct buf *out, const char *name, double rate);
/* Lag, behind by, caught up in, arriving; and of when they are, if nobody asks for the log's end any more. */
struct page_pace;
void page_fact_pace(struct buf *out, const struct page_pace *pace, const struct snapshot *snapshot);

/* Lag, what arrives and what is taken per second, and the time to catch up. -1 or NaN: not known. */
struct page_pace {
    int64_t lag;
    double arrival;
    double intake;
    /* how long ago the record that is read next arrived, by the triggers' notes of the log's end, else by the rate */
    double behind_ms;
    double catch_up_ms; /* at this arrival rate and by the largest batches there can be; INFINITY: never */
};
void page_pace_of(const struct snapshot *snapshot, struct page_pace *pace);
/* ... of a partition with that lag (and arrival rate, or NaN), or of all. */
double page_catch_up_ms(const struct snapshot *snapshot, const struct page_pace *pace, int64_t lag, double arrival);
void page_append_ms(struct buf *out, double ms); /* "12 s", "never", "–" */

struct page_column {
    const char *key; /* of ?sort=; NULL: not sortable */
    const char *label;
    bool number;
    const char *help; /* or NULL */
};

/* Open a scrolling table with this id, caption for readers, and its head. link: the page with all other parameters,
 * ending in `?` or `&`, and then the prefix of this table's own, if it has one ("active."). sort: the key in
 * force, or NULL. page_table_end closes it. */
void page_table(struct buf *out, const char *id, const char *caption, const struct page_column *columns, size_t n,
                const char *link, const char *sort, bool descending);
void page_table_end(struct buf *out);
void page_cell(struct buf *out, bool number); /* <td>, to be closed by the caller */
void page_cell_number(struct buf *out, int64_t value);
void page_cell_decimal(struct buf *out, double value, int decimals);
void page_cell_text(struct buf *out, const char *text);

/* "1,234 rows · JSON · CSV" below a table; either link may be NULL. Links are escaped here. */
void page_links(struct buf *out, const char *json, const char *csv);
/* The same of one query: its parameter is appended to both, which end in `?` or `&`. */
void page_exports(struct buf *out, const char *json, const char *csv, const struct snapshot *snapshot);

/* "Page 2 of 7" with links; nothing for one page. link as above. */
void page_pages(struct buf *out, const char *link, int64_t page, int64_t pages);

/* Put n row numbers in the order of values[row], NaN last, equal ones as they are. */
void page_order(uint32_t *rows, size_t n, const double *values, bool descending);

/* Sort direction asked for: true when ?desc=true. */
bool page_descending(const struct http_request *request);

/* <td> with a result's value. zone NULL: UTC. */
void page_result_cell(struct buf *out, const struct vector *column, size_t row, const struct zone *zone);
bool page_result_number(const struct type *type); /* shown to the right */

/* A batch's phases in the order in which they happen, each with its colour of all charts; the whole (triggerExecution)
 * is left out. */
#define PAGE_PARTS (PROGRESS_PHASES - 1)
extern const enum progress_phase page_parts_order[PAGE_PARTS];
int page_parts_colour(enum progress_phase phase);
void page_parts_of(const struct progress *progress, struct chart_part parts[PAGE_PARTS]);
/* Their bar and legend with numbers. */
void page_parts(struct buf *out, const struct progress *progress);

/* The numbers behind a page's charts, newest batch first: a table with this id. Columns: batch, time, then these kinds
 * of series. after: only the rows of later batches, for a script that has the others of the same run; -1: all. */
struct page_number {
    int kind;
    int decimals;
    const char *label;
};
void page_numbers(struct buf *out, const struct snapshot *snapshot, const struct series *series, const char *id,
                  const struct page_number *columns, size_t n, int64_t after);
/* The column of that table that holds a kind: for struct chart_series. */
int page_numbers_column(const struct page_number *columns, size_t n, int kind);

#endif
