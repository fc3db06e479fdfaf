/* Where a chart's words may stand. Only the browser knows how wide they are; here they are taken to be as wide as the
 * widest of common sans-serifs (DejaVu, Verdana) draws them in the largest type that the style sheet gives. */
#include "chart_internal.h"

#include "ui/html.h"

#include <math.h>
#include <string.h>

#define TYPE 13.0      /* units: `svg text` on small screens */
#define TYPE_SMALL 9.0 /* units: of the class "batches" */
#define ASCENT 0.94    /* shares of the type size */
#define DESCENT 0.24
#define BETWEEN 4.0 /* units, from one label to the next in a line */

static double width_of(const char *text, double type)
{
    double ems = 0;

    for (const char *p = text; *p != '\0'; p++) {
        if (strchr(" .,:/il", *p) != NULL)
            ems += 0.36;
        else if (strchr("mwMW", *p) != NULL)
            ems += 1;
        else if (*p >= 'A' && *p <= 'Z')
            ems += 0.79;
        else if (((unsigned char)*p & 0xC0) != 0x80) /* the first byte of a character */
            ems += 0.64;
    }
    return ems * type;
}

static bool apart(const struct chart_box *a, const struct chart_box *b)
{
    return a->right + BETWEEN <= b->left || b->right + BETWEEN <= a->left || a->bottom <= b->top || b->bottom <= a->top;
}

static bool is_free(const struct chart_labels *labels, const struct chart_box *box)
{
    if (labels->ntaken == CHART_MAX_TAKEN || box->top < 0 || box->bottom > CHART_HEIGHT)
        return false;
    for (size_t i = 0; i < labels->ntaken; i++)
        if (!apart(&labels->taken[i], box))
            return false;
    return true;
}

/* Boxes that touch the last one in its line become one with it. */
static void take(struct chart_labels *labels, const struct chart_box *box)
{
    struct chart_box *last = labels->ntaken > 0 ? &labels->taken[labels->ntaken - 1] : NULL;

    if (last != NULL && last->top == box->top && last->bottom == box->bottom && !apart(last, box))
        *last = (struct chart_box){fmin(last->left, box->left), fmax(last->right, box->right), box->top, box->bottom};
    else if (labels->ntaken < CHART_MAX_TAKEN)
        labels->taken[labels->ntaken++] = *box;
}

void chart_mark(struct chart_labels *labels, double x)
{
    const struct chart_box box = {x - 4, x + 4, CHART_TOP - 7, CHART_TOP - 1};

    buf_printf(labels->out, "<path class=\"mark\" d=\"M%.1f %.0fl4 6h-8z\"/>\n", x, box.top);
    take(labels, &box);
}

/* The box of a label there, and where its anchor then is. False if it is too wide. */
static bool box_at(const struct chart_spot *spot, double from, double to, double width, double type,
                   struct chart_box *box)
{
    double left = spot->x;

    if (spot->anchor == CHART_END)
        left -= width;
    if (spot->anchor == CHART_MIDDLE) {
        left -= width / 2;
        left = left + width > to ? to - width : left;
        left = left < from ? from : left;
    }
    *box = (struct chart_box){left, left + width, spot->y - ASCENT * type, spot->y + DESCENT * type};
    return box->left >= from && box->right <= to;
}

void chart_labels_place(struct chart_labels *labels, const char *class, double from, double to,
                        const struct chart_spot *spots, size_t nspots)
{
    static const char *const anchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
    double type = strcmp(class, "batches") == 0 ? TYPE_SMALL : TYPE;
    struct chart_box box;

    for (size_t i = 0; i < nspots && labels->text.data != NULL; i++) {
        if (!box_at(&spots[i], from, to, width_of(labels->text.data, type), type, &box) || !is_free(labels, &box))
            continue;
        labels->taken[labels->ntaken++] = box;
        buf_append_text(labels->out, "<text");
        if (*class != '\0')
            buf_printf(labels->out, " class=\"%s\"", class);
        buf_printf(labels->out, " x=\"%.1f\" y=\"%.1f\"%s>",
                   spots[i].anchor == CHART_MIDDLE ? (box.left + box.right) / 2 : spots[i].x, spots[i].y,
                   anchors[spots[i].anchor]);
        html_text(labels->out, labels->text.data);
        buf_append_text(labels->out, "</text>\n");
        break;
    }
    if (labels->text.failed)
        labels->out->failed = true;
    buf_reset(&labels->text);
}

void chart_labels_release(struct chart_labels *labels)
{
    buf_release(&labels->text);
}
