/*
 * contract.inc.h - the one contraction behind forward, backward and gradient: register tiles over a
 * panel. See NUMERICS 2 for the chain it must keep; the naive loop with fma is its test oracle.
 *
 * The gradient of the bias is the column sums of the delta: a row of ones that rides along with the
 * first rows of the weight's gradient, so that its chain does not run alone.
 */
#if defined(__GNUC__) && !defined(__clang__) /* -fschedule-insns would load ahead more than registers hold */
#pragma GCC push_options
#pragma GCC optimize("no-schedule-insns")
#endif

#define COLS 1
#define TRANSPOSED 0
#define NAME(name) FN(IL_CAT2(narrow_, name))
#include "panel.inc.h"
#define COLS 1
#define TRANSPOSED 1
#define NAME(name) FN(IL_CAT2(narrow_transposed_, name))
#include "panel.inc.h"
#define COLS 2
#define TRANSPOSED 0
#define NAME(name) FN(IL_CAT2(wide_, name))
#include "panel.inc.h"
#define COLS 2
#define TRANSPOSED 1
#define NAME(name) FN(IL_CAT2(wide_transposed_, name))
#include "panel.inc.h"

static void
FN(contract_narrow)(const IL_SET(contraction) * job)
{
    if (FN(is_short)(job)) {
        FN(short_panel)(job, 1);
    } else if (job->transposed) {
        FN(narrow_transposed_plain)(job);
    } else {
        FN(narrow_plain)(job);
    }
}

static void
FN(contract_wide)(const IL_SET(contraction) * job)
{
    const int packed = job->b_row == 2 * W;
    if (job->half) {
        FN(contract_narrow)(job);
    } else if (FN(is_short)(job)) {
        FN(short_panel)(job, 2);
    } else if (job->transposed) {
        (packed ? FN(wide_transposed_packed) : FN(wide_transposed_plain))(job);
    } else {
        (packed ? FN(wide_packed) : FN(wide_plain))(job);
    }
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif

/*
 * A single row waits for memory, which is fastest where it is read on and on: whole rows of B, four at a time, with
 * the sums in cache. STRIP vectors of sums, so that they may be few.
 */
static void
FN(contract_row)(const IL_SET(contraction) * job, size_t columns)
{
    enum { STRIP = 128, TURNS = 4 };
    V acc[STRIP];
    for (size_t j0 = 0; j0 < columns; j0 += STRIP * W) {
        const size_t width = columns - j0 < STRIP * W ? columns - j0 : STRIP * W;
        const size_t vectors = width / W;
        for (size_t k0 = 0; k0 < job->K; k0 += IL_BLOCK) {
            const size_t k1 = job->K - k0 < IL_BLOCK ? job->K : k0 + IL_BLOCK;
            const int from_start = k0 == 0 && job->start != NULL;
            const T *a = job->a, *b = job->b + k0 * job->b_row + j0;
            for (size_t i = 0; i < vectors; i++) {
                acc[i] = from_start ? v_load(job->start + j0 + i * W) : v_set1(0);
            }
            size_t k = k0;
            for (; k + TURNS <= k1; k += TURNS) {
                const V x0 = v_set1(a[k]), x1 = v_set1(a[k + 1]), x2 = v_set1(a[k + 2]), x3 = v_set1(a[k + 3]);
                const T *b1 = b + job->b_row, *b2 = b1 + job->b_row, *b3 = b2 + job->b_row;
                for (size_t i = 0; i < vectors; i++) {
                    V sum = v_fma(x0, v_load(b + i * W), acc[i]);
                    sum = v_fma(x1, v_load(b1 + i * W), sum);
                    sum = v_fma(x2, v_load(b2 + i * W), sum);
                    acc[i] = v_fma(x3, v_load(b3 + i * W), sum);
                }
                b = b3 + job->b_row;
            }
            for (; k < k1; k++, b += job->b_row) {
                const V x = v_set1(a[k]);
                for (size_t i = 0; i < vectors; i++) {
                    acc[i] = v_fma(x, v_load(b + i * W), acc[i]);
                }
            }
            for (size_t i = 0; i < vectors; i++) {
                T *c = job->c + j0 + i * W;
                v_store(c, k0 == 0 ? acc[i] : v_add(v_load(c), acc[i]));
            }
        }
    }
}

/* Whole squares in registers, the edges one by one. */
static void
FN(transpose)(size_t rows, size_t columns, const T *src, size_t src_stride, T *dst, size_t dst_stride)
{
    const size_t whole_rows = rows - rows % IL_SIDE, whole_columns = columns - columns % IL_SIDE;
    for (size_t r = 0; r < whole_rows; r += IL_SIDE) {
        for (size_t c = 0; c < whole_columns; c += IL_SIDE) {
            v_transpose(src + r * src_stride + c, src_stride, dst + c * dst_stride + r, dst_stride);
        }
    }
    for (size_t c = 0; c < columns; c++) {
        for (size_t r = c < whole_columns ? whole_rows : 0; r < rows; r++) {
            dst[c * dst_stride + r] = src[r * src_stride + c];
        }
    }
}
