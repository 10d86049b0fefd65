/*
 * tile.inc.h - one register tile of the contraction: ROWS rows by COLS vectors, k from k0 to k1.
 * Template: expects ROWS (1..8), COLS (1 or 2), SUM (1: also the column sums of B, as the chain of a
 * row of ones), TILE(rows) and the precision's names; undefines ROWS.
 *
 * The accumulators are named one by one, not kept in an array: gcc leaves an array in memory and
 * stores all of it in every turn of the k loop. One accumulator an output, k ascending, is the
 * format (NUMERICS 2.1), so the tile can only widen over outputs.
 */
#if ROWS == 1
#define EACH_ROW(DO) DO(0)
#elif ROWS == 2
#define EACH_ROW(DO) DO(0) DO(1)
#elif ROWS == 3
#define EACH_ROW(DO) DO(0) DO(1) DO(2)
#elif ROWS == 4
#define EACH_ROW(DO) DO(0) DO(1) DO(2) DO(3)
#elif ROWS == 5
#define EACH_ROW(DO) DO(0) DO(1) DO(2) DO(3) DO(4)
#elif ROWS == 6
#define EACH_ROW(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5)
#elif ROWS == 7
#define EACH_ROW(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6)
#elif ROWS == 8
#define EACH_ROW(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7)
#endif

#if COLS == 2
#define SECOND(code) code
#else
#define SECOND(code)
#endif

#if SUM
#define WITH_SUM(code) code
#else
#define WITH_SUM(code)
#endif

#define DECLARE(r)                                                                                 \
    V acc##r##0 = s0;                                                                              \
    SECOND(V acc##r##1 = s1;)
#define STEP(r)                                                                                    \
    {                                                                                              \
        const V x = v_set1(a[r * row_stride]);                                                     \
        acc##r##0 = v_fma(x, b0, acc##r##0);                                                       \
        SECOND(acc##r##1 = v_fma(x, b1, acc##r##1);)                                               \
    }
#define STORE(r)                                                                                   \
    v_store(c + r * COLS * W, acc##r##0);                                                          \
    SECOND(v_store(c + r * COLS * W + W, acc##r##1);)
#define ADD_STORE(r)                                                                               \
    v_store(c + r * COLS * W, v_add(v_load(c + r * COLS * W), acc##r##0));                         \
    SECOND(v_store(c + r * COLS * W + W, v_add(v_load(c + r * COLS * W + W), acc##r##1));)

static inline void
TILE(ROWS)(const IL_SET(contraction) * job, size_t row, size_t k0, size_t k1)
{
    const ptrdiff_t row_stride = job->row_stride;
    const ptrdiff_t k_stride = job->k_stride;
    const ptrdiff_t b_stride = job->b_stride;
    const ptrdiff_t jumps = (ptrdiff_t)(k0 / job->segment) * job->segment_jump;
    const T *a = job->a + (ptrdiff_t)row * row_stride + (ptrdiff_t)k0 * k_stride + jumps;
    const T *b = job->b + (ptrdiff_t)k0 * b_stride;
    T *c = job->c + row * COLS * W;
    const int from_start = k0 == 0 && job->start != NULL;
    const V s0 = from_start ? v_load(job->start) : v_set1(0);
    SECOND(const V s1 = from_start ? v_load(job->start + W) : v_set1(0);)

    EACH_ROW(DECLARE)
    WITH_SUM(V sum0 = v_set1(0);)
    WITH_SUM(SECOND(V sum1 = v_set1(0);))
    for (size_t left = k1 - k0; left > 0;) {
        const size_t run = left < job->segment ? left : job->segment;
        for (size_t k = 0; k < run; k++) {
            const V b0 = v_load(b);
            SECOND(const V b1 = v_load(b + W);)
            EACH_ROW(STEP)
            WITH_SUM(sum0 = v_add(sum0, b0);) /* fma(1, b, sum) */
            WITH_SUM(SECOND(sum1 = v_add(sum1, b1);))
            a += k_stride;
            b += b_stride;
        }
        left -= run;
        a += job->segment_jump;
    }
    if (k0 == 0) {
        EACH_ROW(STORE)
        WITH_SUM(v_store(job->sums, sum0);)
        WITH_SUM(SECOND(v_store(job->sums + W, sum1);))
    } else {
        EACH_ROW(ADD_STORE)
        WITH_SUM(v_store(job->sums, v_add(v_load(job->sums), sum0));)
        WITH_SUM(SECOND(v_store(job->sums + W, v_add(v_load(job->sums + W), sum1));))
    }
}

#undef EACH_ROW
#undef SECOND
#undef WITH_SUM
#undef DECLARE
#undef STEP
#undef STORE
#undef ADD_STORE
#undef ROWS
