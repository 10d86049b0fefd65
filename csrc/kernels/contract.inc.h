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
    if (job->transposed) {
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
    } else if (job->transposed) {
        (packed ? wide_transposed_packed : wide_transposed_plain)(job);
    } else {
        (packed ? wide_packed : wide_plain)(job);
    }
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif

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
