/*
 * contract.inc.h - the one contraction behind forward, backward and gradient: register tiles over a
 * panel. See NUMERICS 2 for the chain it must keep; the naive loop with fma is its test oracle.
 *
 * The gradient of the bias is the column sums of the delta: a row of ones that rides along with the
 * first rows of the weight's gradient, so that its chain does not run alone.
 */
/*
 * Few k, as from the plane to a first layer or from one output back: B stays in registers and C is written row by row.
 * A tile would take longer to begin and end (2-64-1 in training 1.03 to 1.04 times as long, inference from 3 inputs
 * 1.05).
 */

IL_INLINE int
is_short(const il_contraction *job)
{
    return !job->transposed && job->K <= (2 * W < 4 ? 2 * W : 4);
}

/* cols vectors a row, 1 or 2, and K are constants of each call. */
IL_INLINE void
short_rows(const il_contraction *job, size_t cols, size_t K)
{
    V start[2], b[4][2];
    for (size_t j = 0; j < cols; j++) {
        start[j] = job->start != NULL ? v_load((const T *)job->start + j * W) : v_set1(0);
        for (size_t k = 0; k < K; k++) {
            b[k][j] = v_load((const T *)job->b + k * job->b_row + j * W);
        }
    }
    const size_t c_row = job->half ? 2 * W : cols * W;
    const T *a = job->a;
    T *c = job->c;
    for (size_t r = 0; r < job->rows; r++, a += job->a_row, c += c_row) {
        V sum[2] = {start[0], start[cols - 1]};
        for (size_t k = 0; k < K; k++) {
            const V x = v_set1(a[k]);
            for (size_t j = 0; j < cols; j++) {
                sum[j] = v_fma(x, b[k][j], sum[j]);
            }
        }
        for (size_t j = 0; j < cols; j++) {
            v_store(c + j * W, sum[j]);
        }
        if (job->half) {
            v_store(c + W, v_set1(0));
        }
    }
}

IL_INLINE void
short_panel(const il_contraction *job, size_t cols)
{
    switch (job->K) {
    case 1: short_rows(job, cols, 1); break;
    case 2: short_rows(job, cols, 2); break;
    case 3: short_rows(job, cols, 3); break;
    default: short_rows(job, cols, 4); break;
    }
}

#if defined(__GNUC__) && !defined(__clang__) /* -fschedule-insns would load ahead more than registers hold */
#pragma GCC push_options
#pragma GCC optimize("no-schedule-insns")
#endif

#define COLS 1
#define TRANSPOSED 0
#define NAME(name) IL_CAT2(narrow_, name)
#include "panel.inc.h"
#define COLS 1
#define TRANSPOSED 1
#define NAME(name) IL_CAT2(narrow_transposed_, name)
#include "panel.inc.h"
#define COLS 2
#define TRANSPOSED 0
#define NAME(name) IL_CAT2(wide_, name)
#include "panel.inc.h"
#define COLS 2
#define TRANSPOSED 1
#define NAME(name) IL_CAT2(wide_transposed_, name)
#include "panel.inc.h"

static void
contract_narrow(const il_contraction *job)
{
    if (is_short(job)) {
        short_panel(job, 1);
    } else if (job->transposed) {
        narrow_transposed_plain(job);
    } else {
        narrow_plain(job);
    }
}

static void
contract_wide(const il_contraction *job)
{
    const int packed = job->b_row == 2 * W;
    if (job->half) {
        contract_narrow(job);
    } else if (is_short(job)) {
        short_panel(job, 2);
    } else if (job->transposed) {
        (packed ? wide_transposed_packed : wide_transposed_plain)(job);
    } else {
        (packed ? wide_packed : wide_plain)(job);
    }
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif

/* To sums[vectors] what `turns` rows of B give, a constant of each call. */
IL_INLINE void
add_turns(size_t turns, const T *a, const T *b, size_t b_row, size_t vectors, V *sums)
{
    for (size_t i = 0; i < vectors; i++) {
        V sum = sums[i];
        for (size_t k = 0; k < turns; k++) {
            sum = v_fma(v_set1(a[k]), v_load(b + k * b_row + i * W), sum);
        }
        sums[i] = sum;
    }
}

/* Each row of B goes by in the order of memory, and the sums of 4 KiB of its columns stay in cache. */
static void
contract_row(const il_contraction *job, size_t columns)
{
    enum { TURNS = 4, STRIP = 4096 / sizeof(T) };
    for (size_t j = 0; j < columns; j += STRIP) {
        const size_t vectors = (columns - j < STRIP ? columns - j : STRIP) / W;
        T *c = (T *)job->c + j;
        for (size_t k0 = 0; k0 < job->K; k0 += IL_BLOCK) {
            V sums[STRIP / W];
            for (size_t i = 0; i < vectors; i++) {
                sums[i] = k0 == 0 && job->start != NULL ? v_load((const T *)job->start + j + i * W) : v_set1(0);
            }
            const T *a = (const T *)job->a + k0, *b = (const T *)job->b + k0 * job->b_row + j;
            size_t left = job->K - k0 < IL_BLOCK ? job->K - k0 : IL_BLOCK;
            for (; left >= TURNS; left -= TURNS, a += TURNS, b += TURNS * job->b_row) {
                add_turns(TURNS, a, b, job->b_row, vectors, sums);
            }
            for (; left > 0; left--, a++, b += job->b_row) {
                add_turns(1, a, b, job->b_row, vectors, sums);
            }
            for (size_t i = 0; i < vectors; i++) {
                v_store(c + i * W, k0 == 0 ? sums[i] : v_add(v_load(c + i * W), sums[i]));
            }
        }
    }
}

/* Whole squares in registers, the edges one by one. */
static void
transpose(size_t rows, size_t columns, const void *src, size_t src_stride, void *dst, size_t dst_stride)
{
    const T *from = src;
    T *to = dst;
    const size_t whole_rows = rows - rows % IL_SIDE, whole_columns = columns - columns % IL_SIDE;
    for (size_t r = 0; r < whole_rows; r += IL_SIDE) {
        for (size_t c = 0; c < whole_columns; c += IL_SIDE) {
            v_transpose(from + r * src_stride + c, src_stride, to + c * dst_stride + r, dst_stride);
        }
    }
    for (size_t c = 0; c < columns; c++) {
        for (size_t r = c < whole_columns ? whole_rows : 0; r < rows; r++) {
            to[c * dst_stride + r] = from[r * src_stride + c];
        }
    }
}
