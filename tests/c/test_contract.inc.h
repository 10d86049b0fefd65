/* test_contract.inc.h - one precision of test_contract.c. Expects T, P and FMA. */
#define TC(name) IL_CAT3(test, name, P)
#define CONTRACTION IL_CAT3(il, contraction, P)
#define SET IL_CAT3(il, kernel_set, P)

/* NUMERICS 2, word for word: this loop is the specification. */
static T
TC(chain)(const CONTRACTION *job, size_t r, size_t j)
{
    T total = 0;
    for (size_t k0 = 0; k0 < job->K; k0 += IL_BLOCK) {
        T acc = k0 == 0 && job->start != NULL ? job->start[j] : 0;
        for (size_t k = k0; k < job->K && k < k0 + IL_BLOCK; k++) {
            const ptrdiff_t at = (ptrdiff_t)r * job->row_stride + (ptrdiff_t)k * job->k_stride
                                 + (ptrdiff_t)(k / job->segment) * job->segment_jump;
            acc = FMA(job->a[at], job->b[(ptrdiff_t)k * job->b_stride + (ptrdiff_t)j], acc);
        }
        total = k0 == 0 ? acc : total + acc;
    }
    return total;
}

enum { TC(most) = 24 * 640 };
static T TC(a)[TC(most) * 2], TC(b)[640 * 64], TC(c)[24 * 64], TC(start)[64], TC(sums)[64];

static void
TC(one)(const SET *k, int wide, size_t rows, size_t K, int layout, int with_start)
{
    const size_t w = wide ? 2 * k->lanes : k->lanes;
    CONTRACTION job = {.rows = rows,
                       .K = K,
                       .a = TC(a),
                       .b = TC(b),
                       .b_stride = (ptrdiff_t)w + (layout == 0 ? 3 : 0),
                       .start = with_start ? TC(start) : NULL,
                       .c = TC(c),
                       .sums = with_start ? NULL : TC(sums)};
    if (layout == 0) { /* plain rows */
        job.row_stride = (ptrdiff_t)K;
        job.k_stride = 1;
        job.segment = K;
    } else if (layout == 1) { /* its transpose */
        job.row_stride = 1;
        job.k_stride = (ptrdiff_t)rows;
        job.segment = K + 5;
        job.segment_jump = 1000; /* never reached */
    } else { /* panels of 8 columns */
        job.row_stride = 8;
        job.k_stride = 1;
        job.segment = 8;
        job.segment_jump = (ptrdiff_t)(rows - 1) * 8;
    }
    (wide ? k->contract_wide : k->contract_narrow)(&job);
    if (job.sums != NULL) { /* a row of ones */
        const T one = 1;
        CONTRACTION ones = job;
        ones.a = &one;
        ones.row_stride = ones.k_stride = ones.segment_jump = 0;
        for (size_t j = 0; j < w; j++) {
            const T want = TC(chain)(&ones, 0, j);
            CHECK_BITS(&want, &TC(sums)[j], sizeof want);
        }
    }
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < w; j++) {
            const T want = TC(chain)(&job, r, j);
            CHECK_BITS(&want, &TC(c)[r * w + j], sizeof want);
        }
    }
}

static void
TC(table)(const SET *k, int thorough)
{
    static const size_t lengths[] = {1, 2, 3, 7, 8, 9, 16, 31, 255, 256, 257, 512, 600};
    for (size_t i = 0; i < sizeof TC(a) / sizeof TC(a)[0]; i++) {
        TC(a)[i] = (T)sin(0.7 * (double)i) * (T)exp(3 * cos(1.3 * (double)i));
    }
    for (size_t i = 0; i < sizeof TC(b) / sizeof TC(b)[0]; i++) {
        TC(b)[i] = (T)cos(0.9 * (double)i + 0.1);
    }
    for (size_t i = 0; i < sizeof TC(start) / sizeof TC(start)[0]; i++) {
        TC(start)[i] = (T)(0.1 * (double)i - 1);
    }
    for (size_t rows = 1; rows <= (thorough ? 20 : 7); rows++) {
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            for (int layout = 0; layout < 3; layout++) {
                TC(one)(k, 0, rows, lengths[i], layout, layout != 1);
                TC(one)(k, 1, rows, lengths[i], layout, layout != 2);
            }
        }
    }
}

#undef TC
#undef CONTRACTION
#undef SET
