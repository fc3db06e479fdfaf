/* Whose a checkpoint is: sfcrime.json beside Spark's metadata, and what does not belong together. */
#include "checkpoint_internal.h"

#include "common/log.h"
#include "common/uuid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOGGER CHECKPOINT_LOGGER
#define FROM_SCRATCH CHECKPOINT_FROM_SCRATCH

int checkpoint_owner_write(const struct checkpoint *checkpoint, struct errbuf *err)
{
    struct buf text = BUF_INIT;
    int result = checkpoint_file_owner(&checkpoint->owner, &text) != 0
                     ? errbuf_oom(err, "sfcrime.json", text.len)
                     : checkpoint_file_write(checkpoint->dir, "sfcrime.json", &text, err);

    buf_release(&text);
    return result;
}

static int write_metadata(const struct checkpoint *checkpoint, struct errbuf *err)
{
    struct buf text = BUF_INIT;

    buf_printf(&text, "{\"id\":\"%s\"}", checkpoint->owner.id);
    int result = checkpoint_file_write(checkpoint->dir, "metadata", &text, err);
    buf_release(&text);
    return result;
}

/* Take the caller's identity over; keeps the id. */
static int set_owner(struct checkpoint_owner *owner, const struct checkpoint_identity *identity, struct errbuf *err)
{
    free(owner->query_name);
    free(owner->cluster_id);
    free(owner->fingerprint);
    owner->query_name = checkpoint_file_clean(identity->query_name == NULL ? "" : identity->query_name);
    owner->cluster_id = checkpoint_file_clean(identity->cluster_id == NULL ? "" : identity->cluster_id);
    owner->fingerprint = checkpoint_file_clean(identity->fingerprint);
    if (owner->query_name == NULL || owner->cluster_id == NULL || owner->fingerprint == NULL)
        return errbuf_oom(err, "identity of a checkpoint", strlen(identity->fingerprint));
    return 0;
}

/* The first line that differs, of both texts. */
static int other_query(const struct checkpoint *checkpoint, const char *wanted, struct errbuf *err)
{
    const char *found = checkpoint->owner.fingerprint;

    for (;;) {
        size_t wanted_len = strcspn(wanted, "\n"), found_len = strcspn(found, "\n");
        if (wanted_len != found_len || memcmp(wanted, found, wanted_len) != 0)
            return errbuf_set(err, EXIT_CODE_CHECKPOINT,
                              "%s/sfcrime.json: this checkpoint belongs to another query: wanted \"%.*s\", found "
                              "\"%.*s\" (query %s); give the query a checkpoint directory of its own, or %s",
                              checkpoint->dir, (int)(wanted_len < 500 ? wanted_len : 500), wanted,
                              (int)(found_len < 500 ? found_len : 500), found, checkpoint->owner.query_name,
                              FROM_SCRATCH);
        wanted += wanted_len + (wanted[wanted_len] != '\0');
        found += found_len + (found[found_len] != '\0');
    }
}

static int other_cluster(const struct checkpoint *checkpoint, const char *wanted, struct errbuf *err)
{
    const char *found = checkpoint->owner.cluster_id;

    if (strncmp(found, "mockCluster", 11) == 0 && strncmp(wanted, "mockCluster", 11) == 0)
        return errbuf_set(err, EXIT_CODE_CHECKPOINT,
                          "%s belongs to an embedded broker that has been restarted since: it forgets all records when "
                          "it stops (cluster, wanted %s, found %s); %s",
                          checkpoint->dir, wanted, found, FROM_SCRATCH);
    return errbuf_set(err, EXIT_CODE_CHECKPOINT,
                      "%s belongs to another Kafka cluster: wanted %s, found %s; check kafka.bootstrap.servers, or %s",
                      checkpoint->dir, wanted, found, FROM_SCRATCH);
}

static int check_owner(struct checkpoint *checkpoint, const struct checkpoint_identity *identity, struct errbuf *err)
{
    const char *cluster = identity->cluster_id == NULL ? "" : identity->cluster_id;
    char *wanted = checkpoint_file_clean(identity->fingerprint);
    int result = 0;

    if (wanted == NULL)
        return errbuf_oom(err, "identity of a checkpoint", strlen(identity->fingerprint));
    if (cluster[0] != '\0' && checkpoint->owner.cluster_id[0] != '\0' &&
        strcmp(cluster, checkpoint->owner.cluster_id) != 0)
        result = other_cluster(checkpoint, cluster, err);
    else if (strcmp(wanted, checkpoint->owner.fingerprint) != 0)
        result = other_query(checkpoint, wanted, err);
    free(wanted);
    return result;
}

/* The id of the query: sfcrime.json and metadata have it both and must agree. A lost metadata is written again from the
 * other (Spark would make up a new id, and with it forget the fence of a transactional sink). */
static int read_id(struct checkpoint *checkpoint, bool owned, bool *metadata_missing, struct errbuf *err)
{
    char *path = checkpoint_file_path(checkpoint->dir, "metadata");
    char uuid[UUID_TEXT];
    char *id;

    if (path == NULL)
        return errbuf_oom(err, "metadata", 0);
    int result = checkpoint_file_read_metadata(path, &id, metadata_missing, err);
    if (result == 0 && owned && id != NULL && strcmp(id, checkpoint->owner.id) != 0)
        result =
            errbuf_set(err, EXIT_CODE_CHECKPOINT,
                       "%s is damaged: query id, wanted %s (from sfcrime.json), found %s; write the wanted one into "
                       "it, or %s",
                       path, checkpoint->owner.id, id, FROM_SCRATCH);
    free(path);
    if (result != 0 || owned) {
        free(id);
        return result;
    }
    if (id == NULL) {
        if (uuid_random(uuid, err) != 0)
            return -1;
        id = strdup(uuid);
        if (id == NULL)
            return errbuf_oom(err, "query id", sizeof(uuid));
    }
    checkpoint->owner.id = id;
    return 0;
}

int checkpoint_owner_claim(struct checkpoint *checkpoint, const struct checkpoint_identity *identity,
                           struct errbuf *err)
{
    bool used = checkpoint->plans.n > 0 || checkpoint->commits.n > 0;
    bool owner_missing, metadata_missing;
    char *path = checkpoint_file_path(checkpoint->dir, "sfcrime.json");

    if (path == NULL)
        return errbuf_oom(err, "sfcrime.json", 0);
    int result = checkpoint_file_read_owner(path, &checkpoint->owner, &owner_missing, err);
    if (result == 0 && owner_missing && used)
        result =
            errbuf_set(err, EXIT_CODE_CHECKPOINT,
                       "%s is missing, but there are batches: the directory is another program's (Spark's own state "
                       "cannot be read), or it lost a file; give the query a checkpoint directory of its own, or %s",
                       path, FROM_SCRATCH);
    free(path);
    if (result != 0 || read_id(checkpoint, !owner_missing, &metadata_missing, err) != 0)
        return -1;
    bool fresh = !used && !checkpoint->owner.has_initial;
    if (!owner_missing && !fresh && check_owner(checkpoint, identity, err) != 0)
        return -1;
    bool cluster_unknown = !owner_missing && checkpoint->owner.cluster_id[0] == '\0' && identity->cluster_id != NULL &&
                           identity->cluster_id[0] != '\0';
    if (metadata_missing) {
        if (!owner_missing)
            log_warn(LOGGER, "%s/metadata is missing; writing it again with id %s", checkpoint->dir,
                     checkpoint->owner.id);
        if (write_metadata(checkpoint, err) != 0)
            return -1;
    }
    /* Nothing was ever planned here: the directory is whoever's query comes now. */
    if (owner_missing || fresh || cluster_unknown)
        return set_owner(&checkpoint->owner, identity, err) != 0 ? -1 : checkpoint_owner_write(checkpoint, err);
    return 0;
}
