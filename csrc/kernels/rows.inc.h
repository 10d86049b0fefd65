/*
 * rows.inc.h - the contraction of a few rows with plain weights: B is read row by row, as memory is read fastest, and
 * the sums of a strip of columns stay in cache. A panel takes two vectors of each row, which may lie in another page.
 *
 * Up to 4 rows of A meet 4 rows of B at a time, or 3 where there are 4 of A: 12 fma with their 12 values of A in
 * registers, and at most 11 loads and stores.
 */
enum { FN(most_rows) = 4, FN(most_turns) = 4, FN(strip_vectors) = 4096 / (W * sizeof(T)) };

/* To sums[vectors][rows] what as many rows of B give as there are turns. Rows and turns are constants of each call. */
IL_INLINE void
FN(add_turns)(size_t rows, size_t turns, const T *a, size_t a_row, const T *b, size_t b_row, size_t vectors, V *sums)
{
    V x[FN(most_rows)][FN(most_turns)];
    for (size_t r = 0; r < rows; r++) {
        for (size_t k = 0; k < turns; k++) {
            x[r][k] = v_set1(a[r * a_row + k]);
        }
    }
    for (size_t i = 0; i < vectors; i++, b += W, sums += rows) {
        V y[FN(most_turns)];
        for (size_t k = 0; k < turns; k++) {
            y[k] = v_load(b + k * b_row);
        }
        for (size_t r = 0; r < rows; r++) { /* row after row: else gcc loads y anew for each */
            V sum = sums[r];
            for (size_t k = 0; k < turns; k++) {
                sum = v_fma(x[r][k], y[k], sum);
            }
            sums[r] = sum;
        }
    }
}

/* The block of k from k0 on, in a strip from column j0 on, of `rows` rows, a constant of each call, from `row` on. */
IL_INLINE void
FN(strip)(const IL_SET(contraction) * job, size_t row, size_t rows, size_t k0, size_t j0, size_t vectors)
{
    enum { PANEL = 2 * W };
    const size_t turns = rows < 4 ? 4 : 3;
    const size_t k1 = job->K - k0 < IL_BLOCK ? job->K : k0 + IL_BLOCK;
    const size_t piece = job->a_panel == PANEL ? IL_BLOCK : PANEL; /* so many values of A lie side by side */
    const int from_start = k0 == 0 && job->start != NULL;
    V sums[FN(strip_vectors) * FN(most_rows)];
    for (size_t i = 0; i < vectors; i++) {
        const V start = from_start ? v_load(job->start + j0 + i * W) : v_set1(0);
        for (size_t r = 0; r < rows; r++) {
            sums[i * rows + r] = start;
        }
    }
    const T *b = job->b + k0 * job->b_row + j0;
    for (size_t k = k0; k < k1; k += piece) {
        const T *a = job->a + row * job->a_row + k / PANEL * job->a_panel;
        size_t left = k1 - k < piece ? k1 - k : piece;
        for (; left >= turns; left -= turns, a += turns, b += turns * job->b_row) {
            FN(add_turns)(rows, turns, a, job->a_row, b, job->b_row, vectors, sums);
        }
        for (; left > 0; left--, a++, b += job->b_row) {
            FN(add_turns)(rows, 1, a, job->a_row, b, job->b_row, vectors, sums);
        }
    }
    T *c = job->c + j0 * job->rows + row * PANEL;
    for (size_t i = 0; i < vectors; i += 2, c += job->rows * PANEL) {
        for (size_t r = 0; r < rows; r++) {
            for (size_t half = 0; half < 2; half++) {
                T *to = c + r * PANEL + half * W;
                const V sum = sums[(i + half) * rows + r];
                v_store(to, k0 == 0 ? sum : v_add(v_load(to), sum));
            }
        }
    }
}

static void
FN(contract_rows)(const IL_SET(contraction) * job, size_t columns)
{
    enum { STRIP = FN(strip_vectors) * W };
    for (size_t j0 = 0; j0 < columns; j0 += STRIP) {
        const size_t vectors = (columns - j0 < STRIP ? columns - j0 : STRIP) / W;
        for (size_t k0 = 0; k0 < job->K; k0 += IL_BLOCK) {
            for (size_t row = 0, rows; row < job->rows; row += rows) {
                const size_t left = job->rows - row, half = (left + 1) / 2;
                rows = left <= 4 ? left : half < 4 ? half : 4; /* none left alone, which takes as long as two */
                switch (rows) {
                case 1: FN(strip)(job, row, 1, k0, j0, vectors); break;
                case 2: FN(strip)(job, row, 2, k0, j0, vectors); break;
                case 3: FN(strip)(job, row, 3, k0, j0, vectors); break;
                default: FN(strip)(job, row, 4, k0, j0, vectors); break;
                }
            }
        }
    }
}
