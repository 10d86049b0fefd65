/* units.inc.h - one precision of units.c. Expects T and P. */

/* Squares of a value, and of what it differs by from the first unit's, onto a unit's sums. */
#define ADD(m, value, first)                                       \
    do {                                                           \
        const double x = (double)(value), d = x - (double)(first); \
        size[m] += x * x;                                          \
        apart[m] += d * d;                                         \
    } while (0)

/* w [N][M], b [M], v [M][K] -> sums [M] each; row by row, as the weights lie. */
static void
IL_CAT2(unit_squares_, P)(size_t N, size_t M, size_t K, const T *restrict w, const T *restrict b,
                          const T *restrict v, double *restrict size, double *restrict apart)
{
    for (size_t m = 0; m < M; m++) {
        size[m] = 0;
        apart[m] = 0;
        ADD(m, b[m], b[0]);
        for (size_t k = 0; k < K; k++) {
            ADD(m, v[m * K + k], v[k]);
        }
    }
    for (size_t n = 0; n < N; n++, w += M) {
        const T first = w[0];
        for (size_t m = 0; m < M; m++) {
            ADD(m, w[m], first);
        }
    }
}

#undef ADD
