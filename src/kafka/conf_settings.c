#include "kafka/conf_settings.h"

int conf_settings_check(const char *name, const char *rest, const char *value, struct errbuf *err)
{
    struct conf scratch;

    (void)name;
    conf_init(&scratch);
    int result = conf_set(&scratch, rest, value, err);
    conf_release(&scratch);
    return result;
}

int conf_settings_check_bootstrap(const char *name, const char *rest, const char *value, struct errbuf *err)
{
    (void)rest;
    return conf_settings_check(name, "bootstrap.servers", value, err);
}

int conf_settings_add(struct conf *conf, const struct settings *settings, const char *key, const char *name,
                      struct errbuf *err)
{
    struct settings_pair pair;
    size_t at = 0;

    while (settings_next(settings, key, name, &at, &pair))
        if (conf_set(conf, pair.rest, pair.value, err) != 0)
            return errbuf_prefix(err, "%s", pair.origin);
    return 0;
}

int conf_settings_init(struct conf *conf, const struct settings *settings, struct errbuf *err)
{
    conf_init(conf);
    if (conf_set(conf, "bootstrap.servers", settings_text(settings, "kafka.bootstrap.servers", NULL), err) != 0 ||
        conf_settings_add(conf, settings, "kafka.*", NULL, err) != 0) {
        conf_release(conf);
        return -1;
    }
    return 0;
}
