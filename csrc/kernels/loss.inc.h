/*
 * loss.inc.h - output layer: softmax, the shared output delta, and the losses from logits.
 *
 * Sums over one row's outputs are chains, m ascending, in T: a row's bits depend on that row alone.
 * Needs math.inc.h.
 */

/* out = softmax(z) by rows, log_sum = log sum exp(z); shifted by the row's largest logit. */
static void
FN(softmax)(size_t B, size_t M, const T *z, T *out, T *log_sum)
{
    for (size_t b = 0; b < B; b++) {
        T largest = z[b * M];
        for (size_t m = 1; m < M; m++) {
            largest = z[b * M + m] > largest ? z[b * M + m] : largest;
        }
        for (size_t m = 0; m < M; m++) {
            out[b * M + m] = z[b * M + m] - largest;
        }
        log_sum[b] = largest;
    }
    FN(array_exp)(B * M, out, out);
    for (size_t b = 0; b < B; b++) {
        T sum = 0;
        for (size_t m = 0; m < M; m++) {
            sum += out[b * M + m];
        }
        for (size_t m = 0; m < M; m++) {
            out[b * M + m] /= sum;
        }
        T log_of_sum;
        FN(array_log)(1, &sum, &log_of_sum);
        log_sum[b] += log_of_sum;
    }
}

static void
FN(delta)(size_t n, const T *a, const T *y, T c, T *out)
{
    const V factor = v_set1(c);
    size_t i = 0;
    for (; i + W <= n; i += W) {
        v_store(out + i, v_mul(v_sub(v_load(a + i), v_load(y + i)), factor));
    }
    if (i < n) {
        v_store_n(out + i, v_mul(v_sub(v_load_n(a + i, n - i), v_load_n(y + i, n - i)), factor), n - i);
    }
}

IL_INLINE V
FN(v_binary_cross_entropy)(V z, V y)
{
    const V sign_off = v_from_bits(vi_and(v_bits(z), vi_set1((U)~(U)0 >> 1)));
    const V positive = v_select(v_lt(v_set1(0), z), z, v_set1(0));
    const V rest = FN(v_log1p)(FN(v_exp)(v_sub(v_set1(0), sign_off)));
    return v_add(v_sub(positive, v_mul(z, y)), rest);
}

static void
FN(binary_cross_entropy)(size_t n, const T *z, const T *y, T *out)
{
    size_t i = 0;
    for (; i + W <= n; i += W) {
        v_store(out + i, FN(v_binary_cross_entropy)(v_load(z + i), v_load(y + i)));
    }
    if (i < n) {
        v_store_n(out + i, FN(v_binary_cross_entropy)(v_load_n(z + i, n - i), v_load_n(y + i, n - i)), n - i);
    }
}

static void
FN(cross_entropy)(size_t B, size_t M, const T *z, const T *y, const T *log_sum, T *out)
{
    for (size_t b = 0; b < B; b++) {
        T sum = 0;
        for (size_t m = 0; m < M; m++) {
            /* A class of no weight adds nothing, not 0 * inf where the difference overflows. */
            sum += y[b * M + m] != 0 ? y[b * M + m] * (log_sum[b] - z[b * M + m]) : 0;
        }
        out[b] = sum;
    }
}
