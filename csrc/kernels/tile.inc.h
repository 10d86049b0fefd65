/*
 * tile.inc.h - one register tile of the contraction: ROWS rows by COLS vectors, k from k0 to k1.
 * Template: expects ROWS (1..8, 12 or 14), COLS (1 or 2), TRANSPOSED (1: of A'), SUM (1: also the column sums of B,
 * as the chain of a row of ones), TILE(rows) and the precision's names; undefines ROWS.
 *
 * The accumulators are named one by one, not kept in an array: gcc leaves an array in memory and
 * stores all of it in every turn of the k loop. One accumulator an output, k ascending, is the
 * format (NUMERICS 2.1), so the tile can only widen over outputs.
 *
 * k goes in runs over a panel of A, of a length that the compiler knows, four turns of the loop in one:
 * a turn of 6 x 2 vectors is then 21.5 instructions, and 20 of them are fma, broadcast or load. A core
 * that runs a second thread on its other half fetches only about 3.5 a cycle for this one, where 12 fma
 * take 6 cycles: there the loop's own instructions cost a sixth of the speed. A turn of 14 x 2 vectors has 49, of
 * which 44 are of use, in a loop of its own. clang keeps addresses of A' in memory when asked for four turns.
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
#elif ROWS == 12
#define EACH_ROW(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
#elif ROWS == 14
#define EACH_ROW(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11) DO(12) DO(13)
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

/* Rows from 8 on are counted from a pointer of their own: 16 general registers do not hold 13 offsets. */
#if TRANSPOSED
#define PLACE(r) const size_t at##r = r + (first + r) / PANEL * to_next;
#else
#define PLACE(r) const size_t at##r = r % 8 * a_row;
#endif
#define FORWARD(n)                                                                                                     \
    {                                                                                                                  \
        const size_t by = n;                                                                                           \
        a += by;                                                                                                       \
        a8 += by;                                                                                                      \
    }
#define DECLARE(r)                                                                                                     \
    V acc##r##0 = s0;                                                                                                  \
    SECOND(V acc##r##1 = s1;)
#define STEP(r)                                                                                                        \
    {                                                                                                                  \
        const V x = v_set1((r < 8 ? a : a8)[at##r]);                                                                   \
        acc##r##0 = v_fma(x, b0, acc##r##0);                                                                           \
        SECOND(acc##r##1 = v_fma(x, b1, acc##r##1);)                                                                   \
    }
#define TURN                                                                                                           \
    {                                                                                                                  \
        const V b0 = v_load(b);                                                                                        \
        SECOND(const V b1 = v_load(b + W);)                                                                            \
        EACH_ROW(STEP)                                                                                                 \
        WITH_SUM(sum0 = v_add(sum0, b0);) /* fma(1, b, sum) */                                                         \
        WITH_SUM(SECOND(sum1 = v_add(sum1, b1);))                                                                      \
        FORWARD(TRANSPOSED ? a_row : 1)                                                                                \
        b += b_row;                                                                                                    \
    }
#define STORE(r)                                                                                                       \
    v_store(c + r * c_row, acc##r##0);                                                                                 \
    SECOND(v_store(c + r * c_row + W, acc##r##1);)
#define STORE_ZERO(r) v_store(c + r * 2 * W + W, v_set1(0));
#define ADD_STORE(r)                                                                                                   \
    v_store(c + r * c_row, v_add(v_load(c + r * c_row), acc##r##0));                                                   \
    SECOND(v_store(c + r * c_row + W, v_add(v_load(c + r * c_row + W), acc##r##1));)

IL_INLINE void
TILE(ROWS)(const il_contraction *job, size_t b_row, size_t row, size_t k0, size_t k1)
{
#if defined(__clang__)
    enum { PANEL = 2 * W, TURNS = TRANSPOSED || ROWS > 8 ? 1 : 4 };
#else
    enum { PANEL = 2 * W, TURNS = ROWS > 8 ? 1 : 4 };
#endif
    const size_t a_row = job->a_row, to_next = job->a_panel - PANEL;
#if TRANSPOSED
    const size_t first = row % PANEL;
    const T *a = (const T *)job->a + k0 * a_row + row / PANEL * job->a_panel + first;
#else
    const T *a = (const T *)job->a + row * a_row + k0 / PANEL * job->a_panel;
#endif
    const T *a8 = ROWS > 8 ? a + 8 * a_row : a;
    const T *b = (const T *)job->b + k0 * b_row;
    const size_t c_row = COLS == 2 || job->half ? 2 * W : W;
    T *c = (T *)job->c + row * c_row;
    const int from_start = k0 == 0 && job->start != NULL;
    const V s0 = from_start ? v_load(job->start) : v_set1(0);
    SECOND(const V s1 = from_start ? v_load((const T *)job->start + W) : v_set1(0);)

    EACH_ROW(PLACE)
    EACH_ROW(DECLARE)
    WITH_SUM(V sum0 = v_set1(0);)
    WITH_SUM(SECOND(V sum1 = v_set1(0);))
    size_t left = k1 - k0;
    for (; left >= PANEL; left -= PANEL) {
#pragma GCC unroll TURNS
        for (size_t k = 0; k < PANEL; k++) {
            TURN
        }
        FORWARD(TRANSPOSED ? 0 : to_next)
    }
#pragma GCC unroll 1
    for (; left > 0; left--) { /* gcc would unroll it 15 times */
        TURN
    }
    if (k0 == 0) {
        EACH_ROW(STORE)
        WITH_SUM(v_store(job->sums, sum0);)
        WITH_SUM(SECOND(v_store((T *)job->sums + W, sum1);))
#if COLS == 1
        if (job->half) {
            EACH_ROW(STORE_ZERO)
            WITH_SUM(v_store((T *)job->sums + W, v_set1(0));)
        }
#endif
    } else {
        EACH_ROW(ADD_STORE)
        WITH_SUM(v_store(job->sums, v_add(v_load(job->sums), sum0));)
        WITH_SUM(SECOND(v_store((T *)job->sums + W, v_add(v_load((T *)job->sums + W), sum1));))
    }
}

#undef EACH_ROW
#undef SECOND
#undef WITH_SUM
#undef PLACE
#undef FORWARD
#undef DECLARE
#undef STEP
#undef TURN
#undef STORE
#undef STORE_ZERO
#undef ADD_STORE
#undef ROWS
