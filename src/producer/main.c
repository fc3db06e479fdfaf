/* sf-producer: the records of a file to a Kafka topic. */
#include "common/buf.h"
#include "common/errbuf.h"
#include "common/fileio.h"
#include "common/lifecycle.h"
#include "common/log.h"
#include "common/settings.h"
#include "kafka/writer.h"
#include "producer/dataset.h"
#include "producer/feeder.h"
#include "producer/meter.h"
#include "producer/settings.h"

#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#define MODULE "Producer"

extern char **environ;

/* librdkafka takes and frees a buffer of batch.size for every request. glibc would give it back to the kernel each
 * time, to have it zeroed page by page for the next one: a twentieth of all CPU. Failure changes nothing but that. */
#define KEPT_BYTES (8 * 1024 * 1024)

static void keep_freed_memory(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, KEPT_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
}

/* Help, version, the sample file, the effective settings, the client's properties. */
static int answer(const struct settings *settings, enum settings_action action, struct errbuf *err)
{
    struct buf out = BUF_INIT;
    int rc;

    if (action == SETTINGS_LIST)
        conf_list(&out);
    else
        settings_answer(settings, action, &out);
    rc = fileio_print(&out, err);
    buf_release(&out);
    return rc;
}

static void on_signal(int signal_number, void *cookie)
{
    struct errbuf err;

    errbuf_clear(&err);
    if (signal_number == SIGHUP && settings_reload_log(cookie, &err) == -1)
        log_error(MODULE, "%s", err.text);
}

/* Send everything. The one place that knows the order of acquiring and releasing. */
static int run(const struct producer_settings *producer, struct dataset *dataset, struct errbuf *err)
{
    struct feeder_result result;
    struct meter meter;
    int rc = -1;

    struct writer *writer = writer_open(&producer->kafka, producer->topic, err);
    if (writer == NULL)
        return -1;
    int partitions = writer_connect(writer, producer->broker_timeout_ms, lifecycle_stop_fd(), err);
    if (partitions == -1) {
        if (lifecycle_stopping() && err->exit_code == EXIT_CODE_OK)
            rc = 0; /* stopped before anything was read */
        goto close;
    }
    log_info(MODULE, "sending %s to topic %s (%d partitions) at %s", dataset_name(dataset), producer->topic, partitions,
             conf_get(&producer->kafka, "bootstrap.servers"));
    meter_init(&meter, isatty(STDERR_FILENO) == 1);
    rc = feeder_run(producer, dataset, writer, &meter, lifecycle_stop_fd(), &result, err);
    meter_release(&meter);
    if (rc == 0 && result.stopped)
        log_info(MODULE, "stopped by request; everything sent was acknowledged");
    else if (rc == 0 && result.sent == 0)
        log_warn(MODULE, "%s is empty, without a single record: 0 sent", dataset_name(dataset));
close:
    writer_close(writer);
    return rc;
}

static int produce(struct settings *settings, struct producer_settings *producer, struct errbuf *err)
{
    int rc = -1;

    /* before the broker: a wrong path is known at once */
    struct dataset *dataset = dataset_open(producer->input, producer->format, err);
    if (dataset == NULL)
        return -1;
    if (lifecycle_start(on_signal, settings, err) == 0) {
        if (producer->dry_run)
            rc = feeder_dry_run(producer, dataset, lifecycle_stop_fd(), err);
        else
            rc = run(producer, dataset, err);
        lifecycle_end();
    }
    dataset_close(dataset);
    return rc;
}

int main(int argc, char **argv)
{
    struct producer_settings producer;
    struct errbuf err;
    int rc = -1;

    keep_freed_memory();
    errbuf_clear(&err);
    struct settings *settings = settings_new(&settings_producer);
    if (lifecycle_hold_stdio(&err) != 0)
        goto done;
    if (settings == NULL) {
        errbuf_oom(&err, "settings", 0);
        goto done;
    }
    int action = settings_load(settings, argc, argv, environ, &err);
    if (action == -1)
        goto done;
    if (action != SETTINGS_RUN && action != SETTINGS_CHECK_CONFIG) {
        rc = answer(settings, (enum settings_action)action, &err);
        goto done;
    }
    settings_apply_log(settings);
    if (settings_producer_init(&producer, settings, &err) == -1)
        goto done;
    if (action == SETTINGS_CHECK_CONFIG) {
        rc = 0;
        log_info(MODULE, "the configuration is valid");
    } else {
        rc = produce(settings, &producer, &err);
    }
    settings_producer_release(&producer);
done:
    settings_free(settings);
    if (rc == -1) {
        log_error(MODULE, "%s", err.text);
        return err.exit_code == EXIT_CODE_OK ? EXIT_CODE_RUNTIME : (int)err.exit_code;
    }
    return EXIT_CODE_OK;
}
