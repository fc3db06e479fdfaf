/* What a session is told to do: the application, its sources, static tables and queries. Plain data made by a program's
 * settings (or a test), checked for form there and for sense by session_open. Strings are owned by whoever made the
 * config and outlive the session.
 */
#ifndef ENGINE_CONFIG_H
#define ENGINE_CONFIG_H

#include "kafka/conf.h"
#include "sql/plan.h"

#include <stdbool.h>
#include <stdint.h>

#define CONFIG_NONE (-1) /* a limit that is not set */

enum config_malformed { CONFIG_MALFORMED_NULL, CONFIG_MALFORMED_FAIL, CONFIG_MALFORMED_DEADLETTER };

/* source.NAME.*: options of the Kafka source, as Spark's (KafkaSourceProvider of 4.0.0). */
struct config_source {
    const char *name; /* of the view */
    struct conf kafka;
    const char *subscribe; /* exactly one of these three */
    const char *subscribe_pattern;
    const char *assign;                        /* JSON */
    const char *starting_offsets;              /* "earliest", "latest" or JSON */
    const char *starting_timestamp;            /* ms, or NULL */
    const char *starting_offsets_by_timestamp; /* JSON, or NULL */
    bool starting_timestamp_strategy_latest;
    int64_t max_offsets_per_trigger; /* CONFIG_NONE: no limit */
    int64_t min_offsets_per_trigger;
    int64_t max_trigger_delay_ms; /* 15 min */
    bool fail_on_data_loss;
    bool include_headers;
    const char *schema;           /* DDL; NULL: the view has one column `value` */
    const char *watermark_column; /* or NULL */
    int64_t watermark_delay_us;
    enum config_malformed on_malformed;
};

/* table.NAME.* */
struct config_table {
    const char *name;
    const char *path;
    const char *schema; /* DDL, or NULL: inferred */
    const char *format; /* "json" or "csv" */
    enum { CONFIG_MULTILINE_AUTO, CONFIG_MULTILINE_TRUE, CONFIG_MULTILINE_FALSE } multi_line;
};

enum config_trigger { CONFIG_TRIGGER_INTERVAL, CONFIG_TRIGGER_ONCE, CONFIG_TRIGGER_AVAILABLE_NOW };

/* query.NAME.* */
struct config_query {
    const char *name;
    const char *sql;
    enum plan_output_mode output_mode;
    enum config_trigger trigger;
    int64_t trigger_ms;              /* INTERVAL: 0 = as fast as possible */
    const char *format;              /* "console", "kafka", "csv", "noop" */
    int64_t num_rows;                /* console */
    int64_t truncate;                /* console: cell width, 0 = full */
    bool title;                      /* console: a line with the query's name above the batch's head */
    struct conf kafka;               /* kafka sink's client */
    const char *topic;               /* kafka sink */
    bool transactional;              /* kafka sink */
    const char *path;                /* csv sink */
    bool header;                     /* csv sink */
    const char *checkpoint_location; /* NULL: a temporary directory that a clean stop removes */
};

struct config {
    const char *app_name;
    const char *group;         /* display group, or NULL: sfcrime-<query id> */
    const char *time_zone;     /* spark.sql.session.timeZone */
    int64_t broker_timeout_ms; /* until first contact */
    int64_t stop_timeout_ms;
    int64_t progress_history;    /* numRecentProgressUpdates */
    int64_t no_data_progress_ms; /* noDataProgressEventInterval */
    int64_t polling_delay_ms;
    int64_t min_batches_to_retain;
    int64_t snapshot_interval; /* deltas per state snapshot */
    bool no_data_batches;      /* noDataMicroBatches.enabled */
    bool console_escape;       /* tables with visible escapes for control and bidi characters */
    bool from_scratch;         /* move old checkpoints aside */
    const char *progress_file; /* or NULL */
    size_t nsources;
    const struct config_source *sources;
    size_t ntables;
    const struct config_table *tables;
    size_t nqueries;
    const struct config_query *queries;
};

#endif
