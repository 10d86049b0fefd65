/*
 * loss.inc.h - output layer: softmax, the shared output delta, and the losses from logits.
 *
 * Sums over one row's outputs are chains, m ascending, in T: a row's bits depend on that row alone.
 * Needs math.inc.h and contract.inc.h.
 */

/* Vectors that go through softmax side by side: the sums of one alone would wait for each other. */
enum { softmax_most = 4 };

/*
 * Softmax over M in each lane of so many vectors, and log_sum unless NULL. Value m of vector i is at m * row +
 * i * stride; out may be z.
 */
IL_INLINE void
softmax_vectors(size_t M, size_t vectors, size_t row, size_t stride, const T *z, T *out, T *log_sum)
{
    V largest[softmax_most], sum[softmax_most];
    for (size_t i = 0; i < vectors; i++) {
        largest[i] = v_load(z + i * stride);
        sum[i] = v_set1(0);
        for (size_t m = 1; m < M; m++) {
            const V x = v_load(z + m * row + i * stride);
            largest[i] = v_select(v_lt(largest[i], x), x, largest[i]);
        }
    }
    for (size_t m = 0; m < M; m++) {
        const T *const from = z + m * row;
        V e[softmax_most];
        for (size_t i = 0; i < vectors; i++) {
            e[i] = v_exp(v_sub(v_load(from + i * stride), largest[i]));
        }
        for (size_t i = 0; i < vectors; i++) {
            v_store(out + m * row + i * stride, e[i]);
            sum[i] = v_add(sum[i], e[i]);
        }
    }
    for (size_t i = 0; i < vectors; i++) {
        for (size_t m = 0; m < M; m++) {
            T *const at = out + m * row + i * stride;
            v_store(at, v_div(v_load(at), sum[i]));
        }
        if (log_sum != NULL) {
            v_store(log_sum + i * W, v_add(largest[i], v_log(sum[i])));
        }
    }
}

/* The rows of so many vectors, turned into the lanes and back. */
IL_INLINE void
softmax_strip(size_t M, size_t vectors, const T *z, T *work, T *out, T *log_sum)
{
    const size_t rows = vectors * W;
    transpose(rows, M, z, M, work, rows);
    softmax_vectors(M, vectors, rows, W, work, work, log_sum);
    transpose(M, rows, work, rows, out, M);
}

/* One of fewer rows than a vector has lanes. */
static void
softmax_row(size_t M, const T *z, T *out, T *log_sum)
{
    T largest = z[0], sum = 0, log_of_sum;
    for (size_t m = 1; m < M; m++) {
        largest = z[m] > largest ? z[m] : largest;
    }
    for (size_t m = 0; m < M; m++) {
        out[m] = z[m] - largest;
    }
    array_exp(M, out, out);
    for (size_t m = 0; m < M; m++) {
        sum += out[m];
    }
    for (size_t m = 0; m < M; m++) {
        out[m] /= sum;
    }
    array_log(1, &sum, &log_of_sum);
    *log_sum = largest + log_of_sum;
}

static void
softmax(size_t B, size_t M, const void *logits, void *work, void *outputs, void *log_sums)
{
    const T *z = logits;
    T *out = outputs, *log_sum = log_sums;
    enum { STRIP = softmax_most };
    size_t b = 0;
    for (; b + STRIP * W <= B; b += STRIP * W) {
        softmax_strip(M, STRIP, z + b * M, work, out + b * M, log_sum + b);
    }
    for (; b + W <= B; b += W) {
        softmax_strip(M, 1, z + b * M, work, out + b * M, log_sum + b);
    }
    if (b < B && B >= W) { /* some rows twice, to the same bits */
        b = B - W;
        softmax_strip(M, 1, z + b * M, work, out + b * M, log_sum + b);
    } else {
        for (; b < B; b++) {
            softmax_row(M, z + b * M, out + b * M, log_sum + b);
        }
    }
}

static void
softmax_lanes(size_t B, size_t M, const void *logits, void *outputs)
{
    const T *z = logits;
    T *out = outputs;
    enum { STRIP = softmax_most };
    const size_t row = M * W;
    size_t b = 0;
    for (; b + STRIP <= B; b += STRIP) {
        softmax_vectors(M, STRIP, W, row, z + b * row, out + b * row, NULL);
    }
    for (; b < B; b++) {
        softmax_vectors(M, 1, W, row, z + b * row, out + b * row, NULL);
    }
}

static void
delta(size_t n, const void *outputs, const void *targets, double numerator, double count, void *deltas)
{
    const T *a = outputs, *y = targets;
    T *out = deltas;
    const V factor = v_set1((T)numerator / (T)count);
    size_t i = 0;
    for (; i + W <= n; i += W) {
        v_store(out + i, v_mul(v_sub(v_load(a + i), v_load(y + i)), factor));
    }
    if (i < n) {
        v_store_n(out + i, v_mul(v_sub(v_load_n(a + i, n - i), v_load_n(y + i, n - i)), factor), n - i);
    }
}

IL_INLINE V
v_binary_cross_entropy(V z, V y)
{
    const V sign_off = v_from_bits(vi_and(v_bits(z), vi_set1((U) ~(U)0 >> 1)));
    const V positive = v_select(v_lt(v_set1(0), z), z, v_set1(0));
    const V rest = v_log1p(v_exp(v_sub(v_set1(0), sign_off)));
    return v_add(v_sub(positive, v_mul(z, y)), rest);
}

static void
binary_cross_entropy(size_t n, const void *logits, const void *targets, void *terms)
{
    const T *z = logits, *y = targets;
    T *out = terms;
    size_t i = 0;
    for (; i + W <= n; i += W) {
        v_store(out + i, v_binary_cross_entropy(v_load(z + i), v_load(y + i)));
    }
    if (i < n) {
        v_store_n(out + i, v_binary_cross_entropy(v_load_n(z + i, n - i), v_load_n(y + i, n - i)), n - i);
    }
}

static void
cross_entropy(size_t B, size_t M, const void *logits, const void *targets, const void *log_sums, void *terms)
{
    const T *z = logits, *y = targets, *log_sum = log_sums;
    T *out = terms;
    for (size_t b = 0; b < B; b++) {
        T sum = 0;
        for (size_t m = 0; m < M; m++) {
            /* A class of no weight adds nothing, not 0 * inf where the difference overflows. */
            sum += y[b * M + m] != 0 ? y[b * M + m] * (log_sum[b] - z[b * M + m]) : 0;
        }
        out[b] = sum;
    }
}
