/* statistics.c - see statistics.h. */
#include "statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dispatch.h"
#include "spectrum.h"

void
il_moments_merge(il_layer_moments *m, double before, double n, double mean, double squares)
{
    const double total = before + n, delta = mean - m->mean;
    m->mean += delta * (n / total);
    m->squares += squares + delta * delta * (before * n / total);
}

/* ---- quantiles --------------------------------------------------------------------------- */

static void
swap(double *a, double *b)
{
    const double kept = *a;
    *a = *b;
    *b = kept;
}

/* Puts the value of rank k of v[low..high] (inclusive) at its place, no larger one before it and no
 * smaller one after it (Hoare's FIND, median of three as pivot). */
static void
select_rank(double *v, size_t low, size_t high, size_t k)
{
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (v[middle] < v[low]) {
            swap(&v[middle], &v[low]);
        }
        if (v[high] < v[low]) {
            swap(&v[high], &v[low]);
        }
        if (v[high] < v[middle]) {
            swap(&v[high], &v[middle]);
        }
        const double pivot = v[middle];
        size_t i = low, j = high;
        while (i <= j) {
            while (v[i] < pivot) {
                i++;
            }
            while (pivot < v[j]) {
                j--;
            }
            if (i <= j) {
                swap(&v[i], &v[j]);
                i++;
                if (j == 0) {
                    break;
                }
                j--;
            }
        }
        if (k <= j && j < high) {
            high = j;
        } else if (k >= i) {
            low = i;
        } else {
            return;
        }
    }
}

/* Of n finite values, which are reordered. */
static void
quantiles_of(size_t n, double *v, double out[IL_QUANTILES])
{
    static const double share[IL_QUANTILES] = {0, 0.05, 0.25, 0.5, 0.75, 0.95, 1};
    size_t low = 0;
    for (size_t q = 0; q < IL_QUANTILES; q++) {
        const double rank = share[q] * (double)(n - 1);
        const size_t k = (size_t)rank, above = k + 1 < n ? k + 1 : k;
        select_rank(v, low, n - 1, k);
        select_rank(v, k, n - 1, above);
        out[q] = v[k] + (v[above] - v[k]) * (rank - (double)k);
        low = k;
    }
}

/* ---- signal ------------------------------------------------------------------------------ */

void
il_signal_of(size_t n, double *v, double *mean, double *std, double quantiles[IL_QUANTILES])
{
    const il_kernel_set *k = il_kernels_get()->f64;
    if (!k->all_finite(n, v)) {
        *mean = *std = (double)NAN;
        for (size_t q = 0; q < IL_QUANTILES; q++) {
            quantiles[q] = (double)NAN;
        }
        return;
    }
    double lanes[IL_SUM_LANES] = {0}, squares[IL_SUM_LANES] = {0};
    k->sum(n, v, lanes);
    *mean = il_lanes_total(lanes) / (double)n;
    k->sum_squared_deviations(n, v, *mean, squares);
    *std = sqrt(il_lanes_total(squares) / (double)n);
    quantiles_of(n, v, quantiles);
}

enum { COLUMNS = 16 }; /* whose sums stay at hand over the rows */

/* Means of `count` columns of rows that lie M apart. */
static void
some_means(size_t B, size_t M, size_t count, const double *a, double mean[COLUMNS])
{
    double sum[COLUMNS] = {0}, differs[COLUMNS] = {0};
    for (size_t b = 0; b < B; b++) {
        const double *row = a + b * M;
        for (size_t m = 0; m < count; m++) {
            sum[m] += row[m];
            differs[m] = row[m] == a[m] ? differs[m] : 1;
        }
    }
    for (size_t m = 0; m < count; m++) {
        mean[m] = differs[m] != 0 ? sum[m] / (double)B : a[m];
    }
}

void
il_column_means(size_t B, size_t M, const double *a, double *means)
{
    for (size_t m = 0; m < M; m += COLUMNS) {
        some_means(B, M, M - m < COLUMNS ? M - m : COLUMNS, a + m, means + m);
    }
}

void
il_centre(size_t B, size_t M, double *a)
{
    for (size_t m0 = 0; m0 < M; m0 += COLUMNS) {
        const size_t count = M - m0 < COLUMNS ? M - m0 : COLUMNS;
        double mean[COLUMNS];
        some_means(B, M, count, a + m0, mean);
        for (size_t b = 0; b < B; b++) {
            double *row = a + b * M + m0;
            for (size_t m = 0; m < count; m++) {
                row[m] -= mean[m];
            }
        }
    }
}

static int
descending(const void *p, const void *q)
{
    const double a = *(const double *)p, b = *(const double *)q;
    return a > b ? -1 : a < b;
}

void
il_scatter_of(size_t B, size_t M, const double *c, double *out)
{
    enum { ROWS = 8 }; /* for which c is read once */
    memset(out, 0, M * M * sizeof *out);
    for (size_t i0 = 0; i0 < M; i0 += ROWS) {
        const size_t i1 = M - i0 < ROWS ? M : i0 + ROWS;
        for (size_t b = 0; b < B; b++) {
            const double *from = c + b * M;
            for (size_t i = i0; i < i1; i++) {
                double *row = out + i * M;
                const double factor = from[i];
                for (size_t j = i; j < M; j++) {
                    row[j] += factor * from[j];
                }
            }
        }
    }
    for (size_t i = 0; i < M; i++) {
        for (size_t j = 0; j < i; j++) {
            out[i * M + j] = out[j * M + i];
        }
    }
}

void
il_singular_values(size_t B, size_t M, const double *c, const double *known, double *gram, double *work, double *out)
{
    const size_t n = B < M ? B : M;
    if (M <= B && known != NULL) {
        memcpy(gram, known, n * n * sizeof *gram);
    } else if (M <= B) {
        il_scatter_of(B, M, c, gram);
    } else {
        for (size_t i = 0; i < B; i++) {
            for (size_t j = 0; j <= i; j++) {
                double sum = 0;
                for (size_t m = 0; m < M; m++) {
                    sum += c[i * M + m] * c[j * M + m];
                }
                gram[i * n + j] = gram[j * n + i] = sum;
            }
        }
    }
    if (!il_kernels_get()->f64->all_finite(n * n, gram)) {
        for (size_t i = 0; i < n; i++) {
            out[i] = (double)NAN;
        }
        return;
    }
    il_symmetric_eigenvalues(n, gram, out, 0, NULL, work);
    for (size_t i = 0; i < n; i++) {
        out[i] = out[i] > 0 ? sqrt(out[i]) : 0;
    }
    qsort(out, n, sizeof *out, descending);
}
