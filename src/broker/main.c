/* sf-broker: the embedded broker of the first look and the tests. */
#include "broker/cluster.h"
#include "broker/options.h"
#include "common/buf.h"
#include "common/fileio.h"
#include "common/lifecycle.h"
#include "common/log.h"
#include "common/settings.h"

#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#define MODULE "Broker"

/* Often enough that a drop is told "the moment" it happens; a look costs one short request. */
#define WATCH_EVERY_MS 500
#define WATCH_TIMEOUT_MS 400

extern char **environ;

/* --help and the like: text for stdout, and nothing else to do. */
static int answer(const struct settings *settings, enum settings_action action, struct errbuf *err)
{
    struct buf out = BUF_INIT;
    int result;

    settings_answer(settings, action, &out);
    if (action == SETTINGS_VERSION)
        buf_printf(&out, "%s\n", cluster_library_version());
    result = fileio_print(&out, err);
    buf_release(&out);
    return result;
}

/* One line that a script can wait for. */
static int print_ready(const struct cluster *cluster, const struct options *options, struct errbuf *err)
{
    struct buf out = BUF_INIT;
    int result;

    buf_printf(&out, "sf-broker ready on %s", cluster_address(cluster));
    for (size_t i = 0; i < options->ntopics; i++)
        buf_printf(&out, "%s%s:%d", i == 0 ? " with " : ", ", options->topics[i].name, options->topics[i].partitions);
    buf_append_text(&out, " (in-memory stand-in for Apache Kafka: 5 MiB a partition, nothing survives a stop)\n");
    result = fileio_print(&out, err);
    buf_release(&out);
    return result;
}

static int serve(struct cluster *cluster, const struct options *options, struct errbuf *err)
{
    for (size_t i = 0; i < options->ntopics; i++)
        if (cluster_create_topic(cluster, options->topics[i].name, options->topics[i].partitions, err) == -1)
            return -1;
    if (print_ready(cluster, options, err) == -1)
        return -1;
    while (!lifecycle_wait_ms(WATCH_EVERY_MS))
        cluster_watch(cluster, WATCH_TIMEOUT_MS);
    if (cluster_dropped(cluster) > 0)
        log_warn(MODULE, "stopping; %lld messages had been dropped", (long long)cluster_dropped(cluster));
    return 0;
}

static void on_signal(int signal_number, void *cookie)
{
    struct errbuf err;

    errbuf_clear(&err);
    if (signal_number == SIGHUP && settings_reload_log(cookie, &err) == -1)
        log_error(MODULE, "%s", err.text);
}

static int run(struct settings *settings, const struct options *options, struct errbuf *err)
{
    struct cluster *cluster;
    int result = -1;

    if (lifecycle_start(on_signal, settings, err) == -1)
        return -1;
    cluster = cluster_open(options->port, log_enabled(LOG_LEVEL_DEBUG), err);
    if (cluster != NULL)
        result = serve(cluster, options, err);
    cluster_close(cluster);
    lifecycle_end();
    return result;
}

int main(int argc, char **argv)
{
    struct options options = {0};
    struct settings *settings = NULL;
    struct errbuf err;
    char **joined = NULL;
    int result = -1;
    int action;

    errbuf_clear(&err);
    if (lifecycle_hold_stdio(&err) != 0)
        goto out;
    joined = options_join_topics(&argc, argv, &err);
    if (joined == NULL)
        goto out;
    settings = settings_new(&options_program);
    if (settings == NULL) {
        errbuf_oom(&err, "settings", 0);
        goto out;
    }
    action = settings_load(settings, argc, joined, environ, &err);
    if (action == -1)
        goto out;
    if (action != SETTINGS_RUN && action != SETTINGS_CHECK_CONFIG) {
        result = answer(settings, (enum settings_action)action, &err);
        goto out;
    }
    settings_apply_log(settings);
    if (options_init(&options, settings, &err) == -1)
        goto out;
    if (action == SETTINGS_RUN) {
        result = run(settings, &options, &err);
    } else {
        log_info(MODULE, "the configuration is valid");
        result = 0;
    }

out:
    options_release(&options);
    settings_free(settings);
    options_free_argv(joined);
    if (result == -1) {
        log_error(MODULE, "%s", err.text);
        return err.exit_code == EXIT_CODE_OK ? EXIT_CODE_RUNTIME : (int)err.exit_code;
    }
    return EXIT_CODE_OK;
}
