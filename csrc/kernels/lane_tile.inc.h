/*
 * lane_tile.inc.h - one register tile of the contraction with nets in the lanes: ROWS rows by COLS
 * columns of vectors, k from k0 to k1. Template: expects ROWS (1..4, or 8), COLS (1..3) and the precision's
 * names; undefines ROWS and COLS. The chain of each lane is that of tile.inc.h.
 */
#if ROWS == 1
#define EACH_ROW(DO) DO(0)
#elif ROWS == 2
#define EACH_ROW(DO) DO(0) DO(1)
#elif ROWS == 3
#define EACH_ROW(DO) DO(0) DO(1) DO(2)
#elif ROWS == 4
#define EACH_ROW(DO) DO(0) DO(1) DO(2) DO(3)
#elif ROWS == 8
#define EACH_ROW(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7)
#endif
#if COLS > 1
#define SECOND(code) code
#else
#define SECOND(code)
#endif
#if COLS > 2
#define THIRD(code) code
#else
#define THIRD(code)
#endif
/* code(column) for each column */
#define EACH_COLUMN(code) code(0) SECOND(code(1)) THIRD(code(2))

#define DECLARE(r)                                                                                                     \
    V acc##r##0 = s0;                                                                                                  \
    SECOND(V acc##r##1 = s1;)                                                                                          \
    THIRD(V acc##r##2 = s2;)
#define STEP(r)                                                                                                        \
    {                                                                                                                  \
        const V x = shared ? v_set1(a[r * a_row]) : v_load(a + r * a_row);                                             \
        acc##r##0 = v_fma(x, b0, acc##r##0);                                                                           \
        SECOND(acc##r##1 = v_fma(x, b1, acc##r##1);)                                                                   \
        THIRD(acc##r##2 = v_fma(x, b2, acc##r##2);)                                                                    \
    }
#define PUT(p, x) v_store(p, first ? x : v_add(v_load(p), x));
#define STORE(r)                                                                                                       \
    PUT(c + r * c_row, acc##r##0)                                                                                      \
    SECOND(PUT(c + r * c_row + W, acc##r##1))                                                                          \
    THIRD(PUT(c + r * c_row + 2 * W, acc##r##2))
#define START(j) const V s##j = first && start != NULL ? v_load(start + (column + j) * W) : v_set1(0);
#define LOAD_B(j) const V b##j = v_load(b + j * b_column);
#define START_SUM(j) V sum##j = v_set1(0);
#define ADD_SUM(j) sum##j = v_add(sum##j, b##j); /* fma(1, b, sum) */
#define STORE_SUM(j) PUT((T *)job->sums + (column + j) * W, sum##j)

/* Tiles from `row` on while there are rows enough, with the sums a single one; returns the row behind them. */
static inline size_t
LANE_TILE(ROWS, COLS)(const il_lane_contraction *job, size_t row, size_t column, size_t k0, size_t k1, int shared,
                      int with_sums)
{
    const size_t unit = shared ? 1 : W;
    const size_t a_row = job->a_row * unit, a_k = job->a_k * unit;
    const size_t b_k = job->b_k * W, b_column = job->b_column * W, c_row = job->c_row * W;
    const T *a_first = (const T *)job->a + row * a_row + k0 * a_k;
    const T *b_first = (const T *)job->b + k0 * b_k + column * b_column;
    const T *start = job->start;
    T *c = (T *)job->c + row * c_row + column * W;
    const int first = k0 == 0;
    (void)b_column; /* one column needs none */
    EACH_COLUMN(START)
    do {
        const T *a = a_first, *b = b_first;
        EACH_ROW(DECLARE)
        EACH_COLUMN(START_SUM)
        for (size_t k = k0; k < k1; k++) {
            EACH_COLUMN(LOAD_B)
            EACH_ROW(STEP)
            if (with_sums) {
                EACH_COLUMN(ADD_SUM)
            }
            a += a_k;
            b += b_k;
        }
        EACH_ROW(STORE)
        if (with_sums) {
            EACH_COLUMN(STORE_SUM)
        }
        a_first += ROWS * a_row;
        c += ROWS * c_row;
        row += ROWS;
    } while (!with_sums && job->rows - row >= ROWS);
    return row;
}

#undef EACH_ROW
#undef SECOND
#undef THIRD
#undef EACH_COLUMN
#undef DECLARE
#undef STEP
#undef PUT
#undef STORE
#undef START
#undef LOAD_B
#undef START_SUM
#undef ADD_SUM
#undef STORE_SUM
#undef ROWS
#undef COLS
