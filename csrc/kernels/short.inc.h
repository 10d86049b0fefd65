/*
 * short.inc.h - the contraction over a panel of B with few rows, as from the plane to a first layer or from one output
 * back: B stays in registers and C is written row by row, where a tile would take longer to begin and end.
 */
/* Does a row of A lie in one piece, and B in registers? */
IL_INLINE int
FN(is_short)(const il_contraction *job)
{
    return !job->transposed && job->K <= (2 * W < 4 ? 2 * W : 4);
}

/* cols vectors a row, 1 or 2, and K are constants of each call. */
IL_INLINE void
FN(short_rows)(const il_contraction *job, size_t cols, size_t K)
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
FN(short_panel)(const il_contraction *job, size_t cols)
{
    switch (job->K) {
    case 1: FN(short_rows)(job, cols, 1); break;
    case 2: FN(short_rows)(job, cols, 2); break;
    case 3: FN(short_rows)(job, cols, 3); break;
    default: FN(short_rows)(job, cols, 4); break;
    }
}
