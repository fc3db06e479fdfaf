/* Offsets as JSON: what is read and written again reads the same; what is refused leaves nothing. A rate limit never
 * plans behind the start or beyond the end. */
#include "engine/offset_plan.h"

#include "fuzz.h"

static bool parse(const char *json, bool special, struct offset_list *list)
{
    struct errbuf err;

    errbuf_clear(&err);
    offset_list_init(list);
    if (offset_plan_parse(json, special, list, &err) == 0) {
        for (size_t i = 0; i < list->count; i++)
            fuzz_must(list->items[i].partition >= 0 && list->items[i].offset >= (special ? OFFSETS_EARLIEST : 0));
        return true;
    }
    fuzz_must(list->count == 0 && err.exit_code == EXIT_CODE_USAGE && err.text[0] != '\0');
    return false;
}

static void limit(const struct offset_list *until, const uint8_t *shares, size_t n)
{
    struct offset_list from, out;
    int64_t last_ms = 0;

    offset_list_init(&from);
    offset_list_init(&out);
    /* starts between 0 and each end; some partitions are new */
    for (size_t i = 0; i < until->count; i++) {
        uint8_t share = n > 0 ? shares[i % n] : 0;
        int64_t begin = until->items[i].offset / 256 * share;
        if (share != 255)
            fuzz_must(offset_list_add(&from, until->items[i].topic, until->items[i].partition, begin) == 0);
    }
    int64_t most = n > 0 ? (int64_t)shares[0] * 37 + 1 : 1;
    fuzz_must(offset_plan_limit(&from, NULL, until, most, &out) == 0 && out.count == until->count);
    bool moved = false, behind = false;
    for (size_t i = 0; i < out.count; i++) {
        const struct partition_offset *start =
            offset_list_find(&from, until->items[i].topic, until->items[i].partition);
        fuzz_must(strcmp(out.items[i].topic, until->items[i].topic) == 0);
        fuzz_must(out.items[i].partition == until->items[i].partition);
        if (start == NULL) {
            fuzz_must(out.items[i].offset == until->items[i].offset);
            continue;
        }
        fuzz_must(out.items[i].offset >= start->offset && out.items[i].offset <= until->items[i].offset);
        moved |= out.items[i].offset > start->offset;
        behind |= until->items[i].offset > start->offset;
    }
    if (behind && !moved)
        fuzz_fail("nothing planned of %zu partitions with limit %" PRId64, until->count, most);
    (void)offset_plan_delay(&from, until, 10, 1000, 500, &last_ms);
    offset_list_release(&from);
    offset_list_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *json = fuzz_text(data, size);
    struct offset_list list, second;
    struct buf text = BUF_INIT;

    bool good = parse(json, false, &list);
    bool special = parse(json, true, &second);
    fuzz_must(special || !good);
    if (good) {
        fuzz_must(offset_list_equal(&list, &second));
        limit(&list, data, size);
    }
    offset_list_release(&list);
    if (special) {
        offset_plan_json(&second, &text);
        fuzz_must(!text.failed && text.data != NULL);
        if (!parse(text.data, true, &list) || !offset_list_equal(&list, &second))
            fuzz_fail("not read back: %s", text.data);
        offset_list_release(&list);
    }
    offset_list_release(&second);
    buf_release(&text);
    free(json);
    return 0;
}
