/* test_contract.inc.h - one precision of test_contract.c. Expects T, P and FMA. */
#define TC(name) IL_CAT3(test, name, P)

/* NUMERICS 2, word for word: this loop is the specification. */
static T
TC(chain)(const il_contraction *job, size_t panel, size_t r, size_t j)
{
    T total = 0;
    for (size_t k0 = 0; k0 < job->K; k0 += IL_BLOCK) {
        T acc = k0 == 0 && job->start != NULL ? ((const T *)job->start)[j] : 0;
        for (size_t k = k0; k < job->K && k < k0 + IL_BLOCK; k++) {
            const size_t i = job->transposed ? k : r, column = job->transposed ? r : k;
            const size_t at = i * job->a_row + column / panel * job->a_panel + column % panel;
            acc = FMA(((const T *)job->a)[at], ((const T *)job->b)[k * job->b_row + j], acc);
        }
        total = k0 == 0 ? acc : total + acc;
    }
    return total;
}

static T TC(a)[72 * 640], TC(b)[600 * (ROW + 3)];
static T TC(c)[10 * ROW], TC(start)[ROW], TC(sums)[64];

static void
TC(one)(const il_kernel_set *k, enum width width_of_b, size_t rows, size_t K, int transposed, int panels,
        int with_start)
{
    const size_t panel = 2 * k->lanes;
    const size_t w = width_of_b == COLUMN ? 1 : width_of_b == NARROW ? k->lanes : panel;
    const size_t wanted = width_of_b == HALF ? k->lanes : w;
    const size_t height = transposed ? K : rows, width = transposed ? rows : K;
    il_contraction job = {.rows = rows,
                          .K = K,
                          .transposed = transposed,
                          .half = width_of_b == HALF,
                          .a = TC(a),
                          .a_row = panels ? panel : width,
                          .a_panel = panels ? height * panel : panel,
                          .b = TC(b),
                          .b_row = w + (panels || width_of_b == COLUMN ? 0 : 3),
                          .start = with_start ? TC(start) : NULL,
                          .c = TC(c),
                          .sums = transposed ? TC(sums) : NULL};
    memset(TC(c), 1, sizeof TC(c));
    memset(TC(sums), 1, sizeof TC(sums));
    (width_of_b == COLUMN ? k->contract_column : width_of_b == NARROW ? k->contract_narrow : k->contract_wide)(&job);
    if (job.sums != NULL) { /* a row of ones */
        const T one = 1;
        il_contraction ones = job;
        ones.a = &one;
        ones.a_row = ones.a_panel = 0;
        ones.start = NULL;
        for (size_t j = 0; j < w; j++) {
            const T want = j < wanted ? TC(chain)(&ones, panel, 0, j) : 0;
            CHECK_BITS(&want, &TC(sums)[j], sizeof want);
        }
    }
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < w; j++) {
            const T want = j < wanted ? TC(chain)(&job, panel, r, j) : 0;
            CHECK_BITS(&want, &TC(c)[r * w + j], sizeof want);
        }
    }
    const size_t end = width_of_b == COLUMN && transposed ? (rows + k->lanes - 1) / k->lanes * k->lanes : rows * w;
    const T start = with_start ? *TC(start) : 0;
    for (size_t i = rows * w; i < end; i++) {
        CHECK_BITS(&start, &TC(c)[i], sizeof start);
    }
    const char untouched[sizeof(T)] = {1, 1, 1, 1};
    CHECK_BITS(untouched, &TC(c)[end], 4);
}

/* One row through several panels of plain weights. */
static void
TC(row)(const il_kernel_set *k, size_t columns, size_t K, int with_start)
{
    const size_t panel = 2 * k->lanes;
    const il_contraction job = {.rows = 1,
                                .K = K,
                                .a = TC(a),
                                .a_row = K,
                                .a_panel = panel,
                                .b = TC(b),
                                .b_row = columns + 3,
                                .start = with_start ? TC(start) : NULL,
                                .c = TC(c)};
    memset(TC(c), 1, sizeof TC(c));
    k->contract_row(&job, columns);
    for (size_t j = 0; j < columns; j++) {
        const T want = TC(chain)(&job, panel, 0, j);
        CHECK_BITS(&want, &TC(c)[j], sizeof want);
    }
    const char untouched[sizeof(T)] = {1, 1, 1, 1};
    CHECK_BITS(untouched, &TC(c)[columns], 4);
}

/* Every edge of the squares: the matrix turned, and nothing beside it. */
static void
TC(transpose)(const il_kernel_set *k, size_t rows, size_t columns)
{
    const size_t src_stride = columns + 1, dst_stride = rows + 2;
    memset(TC(c), 0, sizeof TC(c));
    k->transpose(rows, columns, TC(a), src_stride, TC(c), dst_stride);
    for (size_t c = 0; c < columns; c++) {
        for (size_t r = 0; r < dst_stride; r++) {
            const T want = r < rows ? TC(a)[r * src_stride + c] : 0;
            CHECK_BITS(&want, &TC(c)[c * dst_stride + r], sizeof want);
        }
    }
}

static void
TC(table)(const il_kernel_set *k, int thorough)
{
    static const size_t lengths[] = {1, 2, 3, 4, 5, 7, 8, 9, 16, 31, 255, 256, 257, 512, 600};
    for (size_t i = 0; i < sizeof TC(a) / sizeof TC(a)[0]; i++) {
        TC(a)[i] = (T)sin(0.7 * (double)i) * (T)exp(3 * cos(1.3 * (double)i));
    }
    for (size_t i = 0; i < sizeof TC(b) / sizeof TC(b)[0]; i++) {
        TC(b)[i] = (T)cos(0.9 * (double)i + 0.1);
    }
    for (size_t i = 0; i < sizeof TC(start) / sizeof TC(start)[0]; i++) {
        TC(start)[i] = (T)(0.1 * (double)i - 1);
    }
    const size_t panel = 2 * k->lanes;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        TC(row)(k, (1 + lengths[i] % 3) * panel, lengths[i], i & 1);
    }
    TC(row)(k, ROW / panel * panel, 7, 1); /* more than a strip */
    for (size_t rows = 1; rows <= 33; rows += 1 + rows / 8) {
        for (size_t columns = 1; columns <= 33; columns += 1 + columns / 8) {
            TC(transpose)(k, rows, columns);
        }
    }
    /* Each tile alone and after others, and more rows of A' than a panel has. */
    for (size_t rows = 1; rows <= (thorough ? 36 : 7); rows += rows < 20 ? 1 : 8) {
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            for (int form = 0; form < 32; form++) {
                TC(one)(k, (enum width)(form / 8), rows, lengths[i], form & 1, form >> 1 & 1, form >> 2 & 1);
            }
        }
    }
    for (size_t rows = 21; rows <= (thorough ? 150 : 0); rows++) { /* columns go in longer strips */
        for (int form = 0; form < 8; form++) {
            TC(one)(k, COLUMN, rows, rows % 16 == 1 ? IL_BLOCK + 1 : 1 + rows % 37, form & 1, form >> 1 & 1, form >> 2);
        }
    }
}

#undef TC
