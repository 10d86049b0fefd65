/*
 * column.inc.h - the contraction where B is a single column: a layer of one unit, whose panels of one
 * vector would leave all lanes but the first idle. Lanes hold rows of C instead (NUMERICS 2.5), each the
 * chain of tile.inc.h. Here b_row is 1 and start one value.
 */

/* The first lane, the result of all. */
IL_INLINE void
FN(store_lane)(T *at, V x)
{
    T lanes[W];
    v_store(lanes, x);
    *at = lanes[0];
}

/* Vectors of one block's sums become c, or are added to it. */
IL_INLINE void
FN(store_blocks)(T *c, size_t vectors, const V *sums, int first)
{
    for (size_t i = 0; i < vectors; i++, c += W) {
        v_store(c, first ? sums[i] : v_add(v_load(c), sums[i]));
    }
}

/* C[r] .. of as many vectors of rows, 4 or 1: squares of A are turned, so that a vector holds one k of W rows. */
IL_INLINE void
FN(column_strip)(const il_contraction *job, size_t r, size_t vectors)
{
    enum { PANEL = 2 * W };
    const size_t rows = vectors * W, a_row = job->a_row;
    T turned[PANEL * 4 * W];
    for (size_t k0 = 0; k0 < job->K; k0 += IL_BLOCK) {
        const size_t k1 = job->K - k0 < IL_BLOCK ? job->K : k0 + IL_BLOCK;
        const V start = v_set1(k0 == 0 && job->start != NULL ? *(const T *)job->start : 0);
        V sum0 = start, sum1 = start, sum2 = start, sum3 = start;
        for (size_t k = k0; k < k1; k += PANEL) {
            const size_t columns = k1 - k < PANEL ? k1 - k : PANEL, whole = columns - columns % IL_SIDE;
            const T *a = (const T *)job->a + r * a_row + k / PANEL * job->a_panel;
            for (size_t j = 0; j < whole; j += IL_SIDE) {
                for (size_t i = 0; i < rows; i += IL_SIDE) {
                    v_transpose(a + i * a_row + j, a_row, turned + j * rows + i, rows);
                }
            }
            for (size_t j = whole; j < columns; j++) {
                for (size_t i = 0; i < rows; i++) {
                    turned[j * rows + i] = a[i * a_row + j];
                }
            }
            const T *x = turned;
            for (size_t j = 0; j < columns; j++, x += rows) {
                const V b = v_set1(((const T *)job->b)[k + j]);
                sum0 = v_fma(v_load(x), b, sum0);
                if (vectors == 4) {
                    sum1 = v_fma(v_load(x + W), b, sum1);
                    sum2 = v_fma(v_load(x + 2 * W), b, sum2);
                    sum3 = v_fma(v_load(x + 3 * W), b, sum3);
                }
            }
        }
        const V sums[4] = {sum0, sum1, sum2, sum3};
        FN(store_blocks)((T *)job->c + r, vectors, sums, k0 == 0);
    }
}

/* One C[r]: all lanes do the same. */
static void
FN(column_row)(const il_contraction *job, size_t r)
{
    enum { PANEL = 2 * W };
    T *c = (T *)job->c + r;
    for (size_t k0 = 0; k0 < job->K; k0 += IL_BLOCK) {
        const size_t k1 = job->K - k0 < IL_BLOCK ? job->K : k0 + IL_BLOCK;
        V sum = v_set1(k0 == 0 && job->start != NULL ? *(const T *)job->start : 0);
        for (size_t k = k0; k < k1; k++) {
            const T *a = (const T *)job->a + r * job->a_row + k / PANEL * job->a_panel + k % PANEL;
            sum = v_fma(v_set1(*a), v_set1(((const T *)job->b)[k]), sum);
        }
        FN(store_lane)(c, k0 == 0 ? sum : v_add(v_set1(*c), sum));
    }
}

static void
FN(column_rows)(const il_contraction *job)
{
    const size_t rows = job->rows;
    size_t r = 0;
    for (; r + 4 * W <= rows; r += 4 * W) {
        FN(column_strip)(job, r, 4);
    }
    for (; r + W <= rows; r += W) {
        FN(column_strip)(job, r, 1);
    }
    if (r < rows && rows >= W) { /* some rows twice, to the same bits */
        FN(column_strip)(job, rows - W, 1);
    } else {
        for (; r < rows; r++) {
            FN(column_row)(job, r);
        }
    }
}

/*
 * `count` vectors of C[n] = start + sum over k of A[k][n] b[k], k from k0 to k1, from row n on; unless they are whole,
 * the last has fewer than W rows. With the first rows the sum of b.
 */
IL_INLINE void
FN(column_vectors)(const il_contraction *job, size_t n, size_t count, int whole, size_t k0, size_t k1)
{
    enum { PANEL = 2 * W };
    const size_t last = (count - 1) * W, rows = whole ? W : job->rows - n - last;
    const T *at[4];
    for (size_t i = 0; i < 4; i++) {
        const size_t row = n + (i < count ? i : 0) * W;
        at[i] = (const T *)job->a + row / PANEL * job->a_panel + row % PANEL + k0 * job->a_row;
    }
    const V start = v_set1(k0 == 0 && job->start != NULL ? *(const T *)job->start : 0);
    V c0 = start, c1 = start, c2 = start, c3 = start, sum = v_set1(0);
    for (size_t k = k0; k < k1; k++) {
        const size_t to = (k - k0) * job->a_row;
        const V b = v_set1(((const T *)job->b)[k]);
        const V edge = whole ? v_load(at[count - 1] + to) : v_load_n(at[count - 1] + to, rows);
        c0 = v_fma(count == 1 ? edge : v_load(at[0] + to), b, c0);
        if (count > 1) {
            c1 = v_fma(count == 2 ? edge : v_load(at[1] + to), b, c1);
        }
        if (count > 2) {
            c2 = v_fma(count == 3 ? edge : v_load(at[2] + to), b, c2);
        }
        if (count > 3) {
            c3 = v_fma(edge, b, c3);
        }
        sum = v_add(sum, b); /* fma(1, b, sum) */
    }
    const V sums[4] = {c0, c1, c2, c3};
    FN(store_blocks)((T *)job->c + n, count, sums, k0 == 0); /* lanes without a row hold the start */
    if (n == 0 && job->sums != NULL) {
        FN(store_blocks)(job->sums, 1, &sum, k0 == 0); /* the same in all lanes */
    }
}

static void
FN(column_transposed)(const il_contraction *job)
{
    for (size_t k0 = 0; k0 < job->K; k0 += IL_BLOCK) {
        const size_t k1 = job->K - k0 < IL_BLOCK ? job->K : k0 + IL_BLOCK;
        for (size_t n = 0; n < job->rows; n += 4 * W) {
            const size_t left = job->rows - n;
            switch ((left + W - 1) / W * 2 + (left % W == 0)) {
            case 2: FN(column_vectors)(job, n, 1, 0, k0, k1); break;
            case 3: FN(column_vectors)(job, n, 1, 1, k0, k1); break;
            case 4: FN(column_vectors)(job, n, 2, 0, k0, k1); break;
            case 5: FN(column_vectors)(job, n, 2, 1, k0, k1); break;
            case 6: FN(column_vectors)(job, n, 3, 0, k0, k1); break;
            case 7: FN(column_vectors)(job, n, 3, 1, k0, k1); break;
            case 8: FN(column_vectors)(job, n, 4, 0, k0, k1); break;
            default: FN(column_vectors)(job, n, 4, 1, k0, k1); break;
            }
        }
    }
}

static void
FN(contract_column)(const il_contraction *job)
{
    if (job->transposed) {
        FN(column_transposed)(job);
    } else {
        FN(column_rows)(job);
    }
}
