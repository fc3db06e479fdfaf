/* Order of opening: compile everything, connect, checkpoints, queries; of closing the reverse. Threads: one per query,
 * and the sampler. The caller's stop is passed on by the thread in session_wait, which never asks a broker for
 * anything: the sampler may wait seconds for an answer.
 *
 * Locks: stdout_lock and journal.lock are held for one write each and take no other lock; a feed's lock is taken before
 * the board's.
 */
#include "engine/session.h"

#include "common/clock.h"
#include "common/fileio.h"
#include "common/log.h"
#include "common/thread.h"
#include "engine/compiled.h"
#include "engine/query.h"
#include "engine/subscription.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MODULE "Session"

/* The first offsets of partitions move seldom: every so many samples. */
#define LOW_EVERY 10

/* A broker that queries read from. */
struct cluster {
    const struct conf *conf; /* of the first source that names it */
    struct offsets *offsets;
    char *id;
    bool mock;
};

struct runner {
    struct session *session;
    struct query *query;
    pthread_t thread;
    bool started;
    char *dir;         /* the checkpoint's */
    char *description; /* of the source */
    char *explain;
    size_t source;
    size_t cluster;
    int result;
    struct errbuf err;
};

struct session {
    const struct config *config;
    struct board *board;
    struct compiled compiled;
    int stop_fd; /* the caller's */
    int halt_fd; /* ours: an eventfd that queries watch */
    int end_fd;  /* an eventfd that counts the queries that have ended */
    struct cluster *clusters;
    size_t nclusters;
    struct runner *runners;
    size_t nrunners;
    struct query_journal journal;
    pthread_mutex_t stdout_lock;
    pthread_t sampler;
    bool sampling;
    pthread_mutex_t failure_lock; /* failed */
    struct runner *failed;        /* the first that did */
};

/* --- checking ---------------------------------------------------------------------------------------------------- */

int session_check(const struct config *config, struct buf *explain, struct errbuf *err)
{
    struct compiled compiled;

    if (compiled_init(&compiled, config, err) != 0)
        return -1;
    for (size_t i = 0; explain && i < compiled.nplans; i++) {
        buf_printf(explain, "== %s ==\n", config->queries[i].name);
        plan_explain(compiled.plans[i], explain);
        if (explain->len && explain->data[explain->len - 1] != '\n')
            buf_append_byte(explain, '\n');
    }
    compiled_release(&compiled);
    return 0;
}

/* --- opening ---------------------------------------------------------------------------------------------------- */

static bool same_conf(const struct conf *a, const struct conf *b)
{
    if (a->nentries != b->nentries)
        return false;
    for (size_t i = 0; i < a->nentries; i++) {
        const char *value = conf_get(b, a->entries[i].name);

        if (!value || strcmp(value, a->entries[i].value) != 0)
            return false;
    }
    return true;
}

/* The cluster of a source, connected. Its number, or SIZE_MAX with err. */
static size_t find_cluster(struct session *session, const struct config_source *source, struct errbuf *err)
{
    for (size_t i = 0; i < session->nclusters; i++)
        if (same_conf(session->clusters[i].conf, &source->kafka))
            return i;
    struct cluster *cluster = &session->clusters[session->nclusters];

    cluster->conf = &source->kafka;
    cluster->offsets = offsets_open(&source->kafka, NULL, err);
    if (!cluster->offsets)
        return SIZE_MAX;
    session->nclusters++;
    if (offsets_connect(cluster->offsets, (int)session->config->broker_timeout_ms, session->stop_fd, &cluster->id,
                        err) != 0)
        return SIZE_MAX;
    cluster->mock = cluster->id && strncmp(cluster->id, "mockCluster", strlen("mockCluster")) == 0;
    return session->nclusters - 1;
}

/* The query's checkpoint directory: its own, or a new temporary one. */
static int make_dir(struct runner *runner, const struct config_query *query, struct errbuf *err)
{
    const char *tmp = getenv("TMPDIR");

    if (query->checkpoint_location) {
        runner->dir = strdup(query->checkpoint_location);
        if (!runner->dir)
            return errbuf_oom(err, "path", strlen(query->checkpoint_location));
        if (runner->session->config->from_scratch && checkpoint_move_aside(runner->dir, err) != 0)
            return -1;
        return 0;
    }
    if (asprintf(&runner->dir, "%s/temporary-XXXXXX", tmp && tmp[0] ? tmp : "/tmp") < 0) {
        runner->dir = NULL;
        return errbuf_oom(err, "path", 0);
    }
    if (!mkdtemp(runner->dir))
        return errbuf_set(err, EXIT_CODE_STORAGE, "cannot make a temporary checkpoint %s: %s", runner->dir,
                          strerror(errno));
    return 0;
}

static char *explain(const struct plan *plan)
{
    struct buf out;
    char *text;

    buf_init(&out);
    plan_explain(plan, &out);
    text = buf_take(&out, NULL);
    buf_release(&out);
    return text;
}

static int open_query(struct session *session, size_t i, struct errbuf *err)
{
    const struct config_query *query = &session->config->queries[i];
    const struct plan *plan = session->compiled.plans[i];
    const struct config_source *source = &session->config->sources[plan->view];
    struct runner *runner = &session->runners[i];
    struct checkpoint *checkpoint;
    char *fingerprint = NULL;

    runner->session = session;
    runner->source = plan->view;
    session->nrunners++;
    runner->cluster = find_cluster(session, source, err);
    if (runner->cluster == SIZE_MAX || make_dir(runner, query, err) != 0)
        return -1;
    runner->description = subscription_description(source);
    runner->explain = explain(plan);
    if (!runner->description || !runner->explain || !(fingerprint = query_fingerprint(plan, runner->description)))
        return errbuf_oom(err, "query", 0);
    struct checkpoint_identity identity = {fingerprint, query->name, session->clusters[runner->cluster].id};
    checkpoint = checkpoint_open(runner->dir, &identity, err);
    free(fingerprint);
    if (!checkpoint) {
        struct errbuf ignored;

        if (!query->checkpoint_location && fileio_remove_tree(runner->dir, &ignored) != 0)
            log_warn(MODULE, "cannot remove the temporary checkpoint: %s", ignored.text);
        return errbuf_prefix(err, "query %s", query->name);
    }
    struct query_setup setup = {
        .config = session->config,
        .query = query,
        .source = source,
        .plan = plan,
        .view = &session->compiled.schemas[plan->view],
        .tables = session->compiled.rows,
        .explain = runner->explain,
        .description = runner->description,
        .checkpoint_dir = runner->dir,
        .temporary = query->checkpoint_location == NULL,
        .mock = session->clusters[runner->cluster].mock,
        .board = session->board,
        .journal = &session->journal,
        .stdout_lock = &session->stdout_lock,
        .stdout_fd = STDOUT_FILENO,
        .stop_fd = session->halt_fd,
        .open_stop_fd = session->stop_fd,
    };
    runner->query = query_open(&setup, checkpoint, err);
    return runner->query ? 0 : -1;
}

static int open_journal(struct session *session, struct errbuf *err)
{
    session->journal.path = session->config->progress_file;
    if (!session->journal.path)
        return 0;
    session->journal.fd = open(session->journal.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (session->journal.fd < 0)
        return errbuf_set(err, EXIT_CODE_STORAGE, "cannot open the progress file %s: %s", session->journal.path,
                          strerror(errno));
    return 0;
}

struct session *session_open(const struct config *config, struct board *board, int stop_fd, struct errbuf *err)
{
    struct session *session = calloc(1, sizeof(*session));

    if (!session) {
        errbuf_oom(err, "session", sizeof(*session));
        return NULL;
    }
    session->config = config;
    session->board = board;
    session->stop_fd = stop_fd;
    session->journal.fd = -1;
    session->halt_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    session->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (session->halt_fd < 0 || session->end_fd < 0 || pthread_mutex_init(&session->stdout_lock, NULL) != 0 ||
        pthread_mutex_init(&session->journal.lock, NULL) != 0 ||
        pthread_mutex_init(&session->failure_lock, NULL) != 0) {
        /* Mutexes of the default kind do not fail on Linux; a descriptor may. */
        errbuf_set(err, EXIT_CODE_RUNTIME, "cannot make an event descriptor: %s", strerror(errno));
        if (session->halt_fd >= 0)
            close(session->halt_fd);
        if (session->end_fd >= 0)
            close(session->end_fd);
        free(session);
        return NULL;
    }
    session->clusters = calloc(config->nsources + 1, sizeof(*session->clusters));
    session->runners = calloc(config->nqueries + 1, sizeof(*session->runners));
    if (!session->clusters || !session->runners) {
        errbuf_oom(err, "session", config->nqueries);
        goto fail;
    }
    if (compiled_init(&session->compiled, config, err) != 0 || open_journal(session, err) != 0)
        goto fail;
    for (size_t i = 0; i < config->nqueries; i++)
        if (open_query(session, i, err) != 0)
            goto fail;
    return session;
fail:
    session_close(session);
    return NULL;
}

/* --- running ---------------------------------------------------------------------------------------------------- */

/* End all queries after their current batch. Any thread. */
static void halt(struct session *session)
{
    const uint64_t one = 1;

    /* A full counter is readable already. */
    if (write(session->halt_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
        log_error(MODULE, "cannot pass the stop on: %s", strerror(errno));
    for (size_t i = 0; i < session->nrunners; i++)
        if (session->runners[i].query)
            query_stopping(session->runners[i].query);
}

static void *run_query(void *cookie)
{
    struct runner *runner = cookie;
    struct session *session = runner->session;
    bool gone = false;

    runner->result = query_run(runner->query, &gone, &runner->err);
    if (gone) {
        log_info(MODULE, "stdout was closed: stopping");
        halt(session);
    }
    if (runner->result != 0) {
        if (pthread_mutex_lock(&session->failure_lock) == 0) {
            bool first = session->failed == NULL;

            if (first)
                session->failed = runner;
            pthread_mutex_unlock(&session->failure_lock);
            if (!first) /* the caller of session_wait tells about the first */
                log_error(MODULE, "%s", runner->err.text);
        }
        halt(session);
    }
    if (eventfd_write(session->end_fd, 1) != 0)
        log_error(MODULE, "cannot tell the end of a query: %s", strerror(errno));
    return NULL;
}

static bool halted(const struct session *session)
{
    struct pollfd fd = {session->halt_fd, POLLIN, 0};

    return poll(&fd, 1, 0) > 0;
}

/* Ask for the partitions' ends, and now and then for their beginnings, once per source, and show them in its
 * queries. */
static void sample(struct session *session, size_t source, bool with_low)
{
    struct offset_list high, low;
    struct offsets *offsets = NULL;
    struct errbuf err;

    for (size_t i = 0; i < session->nrunners && !offsets; i++)
        if (session->runners[i].source == source)
            offsets = session->clusters[session->runners[i].cluster].offsets;
    if (!offsets)
        return;
    offset_list_init(&high);
    offset_list_init(&low);
    errbuf_clear(&err);
    const struct config_source *config = &session->config->sources[source];
    if (subscription_latest(config, offsets, NULL, &high, &err) == 0) {
        if (with_low && !halted(session) &&
            (offset_list_copy(&low, &high) != 0 || offsets_earliest(offsets, &low, SUBSCRIPTION_TIMEOUT_MS, &err) != 0))
            with_low = false;
        for (size_t i = 0; i < session->nrunners; i++)
            if (session->runners[i].source == source)
                query_sample(session->runners[i].query, &high, with_low ? &low : NULL, clock_wall_ms());
    }
    offset_list_release(&high);
    offset_list_release(&low);
}

static bool writes_console(const struct session *session)
{
    for (size_t i = 0; i < session->config->nqueries; i++)
        if (strcasecmp(session->config->queries[i].format, "console") == 0)
            return true;
    return false;
}

static void *run_sampler(void *cookie)
{
    struct session *session = cookie;

    for (unsigned round = 0;; round++) {
        struct pollfd fd = {session->halt_fd, POLLIN, 0};
        int ready = poll(&fd, 1, 1000);

        if (ready < 0 && errno != EINTR) {
            log_error(MODULE, "poll: %s", strerror(errno));
            return NULL;
        }
        if (ready > 0)
            return NULL;
        for (size_t i = 0; ready == 0 && i < session->config->nsources && !halted(session); i++)
            sample(session, i, round % LOW_EVERY == 0);
    }
}

int session_start(struct session *session, struct errbuf *err)
{
    if (thread_start(&session->sampler, "sampler", run_sampler, session, err) != 0)
        return -1;
    session->sampling = true;
    for (size_t i = 0; i < session->nrunners; i++) {
        struct runner *runner = &session->runners[i];
        char name[32];

        snprintf(name, sizeof(name), "query %s", query_name(runner->query));
        if (thread_start(&runner->thread, name, run_query, runner, err) != 0) {
            halt(session);
            return -1;
        }
        runner->started = true;
    }
    return 0;
}

/* Join what runs. */
static void join_all(struct session *session)
{
    for (size_t i = 0; i < session->nrunners; i++) {
        struct runner *runner = &session->runners[i];

        if (!runner->started)
            continue;
        int rc = pthread_join(runner->thread, NULL);
        if (rc != 0)
            log_error(MODULE, "cannot join a query's thread: %s", strerror(rc));
        runner->started = false;
    }
    if (session->sampling) {
        halt(session);
        int rc = pthread_join(session->sampler, NULL);
        if (rc != 0)
            log_error(MODULE, "cannot join the sampler: %s", strerror(rc));
        session->sampling = false;
    }
}

/* Until a stop, of whatever origin, or until every query has ended by itself. */
static void watch(struct session *session)
{
    /* Negative descriptors are passed over; stdout only ever reports that its reader went away: a quiet query would not
     * find out by writing. */
    struct pollfd fds[4] = {{session->halt_fd, POLLIN, 0},
                            {session->end_fd, POLLIN, 0},
                            {session->stop_fd, POLLIN, 0},
                            {writes_console(session) ? STDOUT_FILENO : -1, 0, 0}};

    for (size_t ended = 0; ended < session->nrunners;) {
        eventfd_t count;

        if (poll(fds, 4, -1) < 0) {
            if (errno == EINTR)
                continue;
            log_error(MODULE, "poll: %s", strerror(errno));
            halt(session);
            return;
        }
        if (fds[0].revents)
            return;
        if (fds[2].revents) {
            halt(session);
            return;
        }
        if (fds[3].revents & POLLERR) {
            log_info(MODULE, "stdout was closed: stopping");
            halt(session);
            return;
        }
        if (fds[3].revents)
            fds[3].fd = -1; /* a terminal that hung up, a closed descriptor: writing will tell */
        if (fds[1].revents && eventfd_read(session->end_fd, &count) == 0)
            ended += count;
    }
}

int session_wait(struct session *session, struct errbuf *err)
{
    watch(session);
    join_all(session);
    if (!session->failed)
        return 0;
    *err = session->failed->err;
    return -1;
}

void session_log_summary(struct session *session)
{
    for (size_t i = 0; i < session->nrunners; i++) {
        struct buf line;

        if (!session->runners[i].query)
            continue;
        buf_init(&line);
        query_summary(session->runners[i].query, &line);
        log_info(MODULE, "%s", line.data ? line.data : "");
        buf_release(&line);
    }
}

void session_close(struct session *session)
{
    if (!session)
        return;
    halt(session);
    join_all(session);
    for (size_t i = session->nrunners; i-- > 0;) {
        struct runner *runner = &session->runners[i];

        query_close(runner->query);
        free(runner->dir);
        free(runner->description);
        free(runner->explain);
    }
    free(session->runners);
    for (size_t i = 0; i < session->nclusters; i++) {
        offsets_close(session->clusters[i].offsets);
        free(session->clusters[i].id);
    }
    free(session->clusters);
    compiled_release(&session->compiled);
    if (session->journal.fd >= 0)
        close(session->journal.fd);
    pthread_mutex_destroy(&session->stdout_lock);
    pthread_mutex_destroy(&session->journal.lock);
    pthread_mutex_destroy(&session->failure_lock);
    close(session->halt_fd);
    close(session->end_fd);
    free(session);
}
