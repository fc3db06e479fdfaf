/* y = a + b min(x, k) + c max(x - k, 0) is linear in a, b and c once the knee k is chosen, so that each candidate costs
 * one system of three equations. Candidates are the points themselves, thinned to a few dozen. Rows are scaled by their
 * maximum, which keeps the sums in one order of magnitude. */
#include "ui/tuning.h"

#include <math.h>
#include <stdlib.h>

#define MAX_CANDIDATES 48
#define MIN_SIDE 4    /* points on each side of a knee */
#define KNEE_GAIN 0.8 /* of the squares of a single line */
#define NOISE_MS 0.01 /* what a line misses by that is as good as none */
#define TINY 1e-9     /* a pivot that is none */

struct line {
    double a, b, c;
    double squares;
};

static int by_rows(const void *a, const void *b)
{
    const struct tuning_point *x = a, *y = b;

    return (x->rows > y->rows) - (x->rows < y->rows);
}

/* Gauss with pivots; m is n x (n + 1). False when it is singular. */
static bool solve(double m[3][4], int n, double *out)
{
    for (int i = 0; i < n; i++) {
        int best = i;
        for (int r = i + 1; r < n; r++)
            if (fabs(m[r][i]) > fabs(m[best][i]))
                best = r;
        if (fabs(m[best][i]) < TINY)
            return false;
        for (int c = 0; c <= n; c++) {
            double swap = m[i][c];
            m[i][c] = m[best][c];
            m[best][c] = swap;
        }
        for (int r = 0; r < n; r++) {
            double factor = r == i ? 0 : m[r][i] / m[i][i];
            for (int c = i; c <= n && r != i; c++)
                m[r][c] -= factor * m[i][c];
        }
    }
    for (int i = 0; i < n; i++)
        out[i] = m[i][n] / m[i][i];
    return true;
}

/* With a knee (in scaled rows), or one line when it is infinite. */
static bool fit_line(const struct tuning_point *points, size_t n, double scale, double knee, struct line *line)
{
    int terms = isinf(knee) ? 2 : 3;
    double m[3][4] = {{0}}, found[3] = {0};

    for (size_t i = 0; i < n; i++) {
        double x = points[i].rows / scale;
        double basis[3] = {1, fmin(x, knee), fmax(x - knee, 0)};
        for (int r = 0; r < terms; r++) {
            for (int c = 0; c < terms; c++)
                m[r][c] += basis[r] * basis[c];
            m[r][terms] += basis[r] * points[i].ms;
        }
    }
    if (!solve(m, terms, found))
        return false;
    *line = (struct line){.a = found[0], .b = found[1], .c = found[2]};
    for (size_t i = 0; i < n; i++) {
        double x = points[i].rows / scale;
        double off =
            points[i].ms - (line->a + line->b * fmin(x, knee) + (terms == 3 ? line->c * fmax(x - knee, 0) : 0));
        line->squares += off * off;
    }
    return true;
}

bool tuning_fit(struct tuning_point *points, size_t n, struct tuning_fit *fit)
{
    struct line best, with;
    double mean = 0, variance = 0, knee = INFINITY;

    if (n < 3)
        return false;
    qsort(points, n, sizeof(*points), by_rows);
    double scale = points[n - 1].rows;
    if (scale <= 0 || points[0].rows >= scale || !fit_line(points, n, scale, INFINITY, &best))
        return false;
    double single = best.squares;
    size_t step = n / MAX_CANDIDATES + 1;
    bool bent = sqrt(single / (double)n) > NOISE_MS;
    for (size_t i = MIN_SIDE; bent && i + MIN_SIDE < n; i += step) {
        double candidate = points[i].rows / scale;
        if (fit_line(points, n, scale, candidate, &with) && with.squares < best.squares &&
            with.squares < KNEE_GAIN * single) {
            best = with;
            knee = candidate;
        }
    }
    for (size_t i = 0; i < n; i++)
        mean += points[i].ms / (double)n;
    for (size_t i = 0; i < n; i++)
        variance += (points[i].ms - mean) * (points[i].ms - mean);
    *fit = (struct tuning_fit){.fixed_ms = best.a,
                               .ms_per_row = best.b / scale,
                               .has_knee = !isinf(knee),
                               .knee_rows = isinf(knee) ? 0 : knee * scale,
                               .ms_per_row_above = isinf(knee) ? 0 : best.c / scale,
                               .residual_ms = sqrt(best.squares / (double)n),
                               .r2 = variance > 0 ? 1 - best.squares / variance : NAN};
    return true;
}

double tuning_ms(const struct tuning_fit *fit, double rows)
{
    double above = fit->has_knee && rows > fit->knee_rows ? rows - fit->knee_rows : 0;

    return fmax(0, fit->fixed_ms + fit->ms_per_row * (rows - above) + fit->ms_per_row_above * above);
}

double tuning_rows_within(const struct tuning_fit *fit, double limit_ms, double max_rows)
{
    double low = 0, high = max_rows;

    if (tuning_ms(fit, max_rows) <= limit_ms)
        return max_rows;
    if (tuning_ms(fit, 0) > limit_ms)
        return -1;
    /* Bisection also serves where the line falls: it ends at a place where the limit is crossed. */
    while (high - low > 0.5) {
        double middle = (low + high) / 2;
        if (tuning_ms(fit, middle) <= limit_ms)
            low = middle;
        else
            high = middle;
    }
    return floor(low);
}
