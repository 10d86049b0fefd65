/* test_layout.inc.h - one precision of test_layout.c. Expects T and P. */
#define TY(name) IL_CAT3(layout, name, P)

enum { TY(most_rows) = 9, TY(most_M) = 70, TY(room) = TY(most_rows) * (TY(most_M) + 2 * IL_MOST_LANES) };
enum { TY(samples) = 40, TY(most_N) = 5 };
static T TY(plain)[TY(room)], TY(panels)[TY(room)], TY(again)[TY(room)];
static T TY(lanes)[TY(samples) * TY(most_N) * IL_MOST_LANES], TY(targets)[TY(samples) * TY(most_N) * IL_MOST_LANES];

/* No two alike, and none is what an array holds before. */
static void
TY(number)(size_t n, T *x)
{
    for (size_t i = 0; i < n; i++) {
        x[i] = (T)(i + 1) / 8;
    }
}

static void
TY(wipe)(size_t n, T *x)
{
    for (size_t i = 0; i < n; i++) {
        x[i] = -1;
    }
}

/* Rows into panels of w and back; every place of the panels holds its value, or what it held. */
static void
TY(pack)(const il_kernel_set *k, size_t rows, size_t M, size_t w)
{
    const size_t columns = (M + w - 1) / w * w, less = rows / 2;
    TY(wipe)(TY(room), TY(panels));
    k->pack(rows, M, w, TY(plain), TY(panels));
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < columns; c++) {
            const T want = c < M ? TY(plain)[r * M + c] : -1;
            CHECK_BITS(&want, &TY(panels)[(c / w * rows + r) * w + c % w], sizeof want);
        }
    }
    CHECK(TY(panels)[rows * columns] == -1);
    TY(wipe)(TY(room), TY(again));
    k->unpack(rows, M, w, TY(panels), rows * w, TY(again));
    CHECK_BITS(TY(plain), TY(again), rows * M * sizeof(T));
    CHECK(TY(again)[rows * M] == -1);
    TY(wipe)(TY(room), TY(again)); /* only some rows, from the second on */
    k->unpack(less, M, w, TY(panels) + (rows > less) * w, rows * w, TY(again));
    CHECK_BITS(TY(plain) + (rows > less) * M, TY(again), less * M * sizeof(T));
    CHECK(TY(again)[less * M] == -1);
}

static void
TY(lane)(const il_kernel_set *k, size_t n)
{
    const size_t W = k->lanes, all = n * W;
    TY(wipe)(all + 1, TY(lanes));
    k->to_lanes(n, TY(plain), TY(lanes));
    CHECK(TY(lanes)[all] == -1);
    for (size_t lane = 0; lane < W; lane++) {
        k->from_lane(n, TY(lanes), lane, TY(again));
        CHECK_BITS(TY(plain), TY(again), n * sizeof(T));
        k->to_lane(n, TY(plain) + lane, lane, TY(lanes));
    }
    for (size_t i = 0; i < all; i++) {
        CHECK(TY(lanes)[i] == TY(plain)[i / W + i % W]);
    }
    k->to_lane(n, NULL, W - 1, TY(lanes));
    for (size_t i = 0; i < all; i++) {
        const T want = i % W == W - 1 ? 0 : TY(plain)[i / W + i % W];
        CHECK_BITS(&want, &TY(lanes)[i], sizeof want);
    }
    CHECK(TY(lanes)[all] == -1);
}

/* Some samples of each lane's own order. */
static void
TY(gather)(const il_kernel_set *k, size_t count, size_t N, size_t M)
{
    enum { FIRST = 3 };
    const size_t W = k->lanes;
    size_t order[TY(samples) * IL_MOST_LANES];
    for (size_t i = 0; i < TY(samples) * W; i++) {
        order[i] = (7 * i + i / TY(samples)) % TY(samples);
    }
    const T *const x = TY(plain), *const y = TY(plain) + 100;
    const il_lane_batch batch = {.count = count,
                                 .order = order + FIRST,
                                 .stride = TY(samples),
                                 .N = N,
                                 .M = M,
                                 .x = x,
                                 .y = y,
                                 .inputs = TY(lanes),
                                 .targets = TY(targets)};
    k->gather_lanes(&batch);
    for (size_t i = 0; i < count; i++) {
        for (size_t lane = 0; lane < W; lane++) {
            const size_t sample = order[lane * TY(samples) + FIRST + i];
            for (size_t n = 0; n < N; n++) {
                CHECK(TY(lanes)[(i * N + n) * W + lane] == x[sample * N + n]);
            }
            for (size_t m = 0; m < M; m++) {
                CHECK(TY(targets)[(i * M + m) * W + lane] == y[sample * M + m]);
            }
        }
    }
}

/* Doubles are rounded to nearest, ties to even; values become doubles exactly. */
static void
TY(doubles)(const il_kernel_set *k, size_t n)
{
    double x[70];
    T rounded[70];
    for (size_t i = 0; i < n; i++) {
        x[i] = 1 + (double)i / 3 + (double)i * 0x1p-24;
    }
    TY(wipe)(n + 1, TY(again));
    k->from_doubles(n, x, TY(again));
    CHECK(TY(again)[n] == -1);
    for (size_t i = 0; i < n; i++) {
        rounded[i] = (T)x[i];
    }
    CHECK_BITS(rounded, TY(again), n * sizeof(T));
    x[n] = -1;
    k->to_doubles(n, rounded, x);
    CHECK(x[n] == -1);
    for (size_t i = 0; i < n; i++) {
        CHECK(x[i] == (double)rounded[i]);
    }
}

static void
IL_CAT3(test, layout, P)(const il_kernel_set *k)
{
    TY(number)(TY(room), TY(plain));
    for (size_t rows = 1; rows <= TY(most_rows); rows++) {
        for (size_t M = 1; M <= TY(most_M); M++) {
            const size_t widths[] = {1, k->lanes, 2 * k->lanes};
            for (size_t i = M == 1 ? 0 : 1; i < 3; i++) { /* columns are a layer of one unit */
                TY(pack)(k, rows, M, widths[i]);
            }
        }
    }
    for (size_t n = 1; n < 69; n++) {
        TY(lane)(k, n);
        TY(doubles)(k, n);
    }
    for (size_t N = 1; N <= TY(most_N); N++) {
        TY(gather)(k, 1, N, 1);
        TY(gather)(k, 2, N, 3);
        TY(gather)(k, TY(samples) - 3, N, 1 + N % 2);
    }
}

#undef TY
