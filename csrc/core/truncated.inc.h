/* truncated.inc.h - one precision of truncated.c. Expects T, P and NEXT (nextafter of T). */
#define FN(name) IL_CAT2(IL_CAT2(name, _), P)
#define TRUNCATION IL_CAT3(il, truncation, P)

/* The least and the largest T strictly between the bounds; the bounds where there is none. */
static void
FN(limits)(TRUNCATION *t, double low, double high)
{
    const T lowest = (T)low, highest = (T)high, infinite = (T)INFINITY;
    t->least = (double)lowest > low ? lowest : NEXT(lowest, infinite);
    t->most = (double)highest < high ? highest : NEXT(highest, -infinite);
    if (t->least > t->most) {
        t->least = lowest;
        t->most = highest;
    }
}

static void
FN(fill_far_tail)(const il_kernels *kernels, il_stream s, uint64_t start, size_t n, const TRUNCATION *t, double mean,
                  double std, const far_tail *tail, T *out)
{
    double x[CHUNK];
    while (n > 0) {
        const size_t count = n < CHUNK ? n : CHUNK;
        kernels->f64.fill_uniform(s, start, count, 0, 1, x);
        far_tail_quantiles(kernels, tail, count, x);
        for (size_t i = 0; i < count; i++) {
            const T value = (T)(mean + std * x[i]);
            out[i] = value < t->least ? t->least : value > t->most ? t->most : value;
        }
        out += count;
        n -= count;
        start += count;
    }
}

void
IL_CAT2(il_truncated_fill_, P)(const il_kernels *kernels, il_stream s, uint64_t start, size_t n, double mean,
                               double std, double low, double high, T *out)
{
    TRUNCATION t = {.mean = (T)mean, .std = (T)std};
    FN(limits)(&t, mean + std * low, mean + std * high);
    if (low >= IL_FAR_TAIL || high <= -IL_FAR_TAIL) {
        const far_tail tail = far_tail_of(kernels, low, high);
        FN(fill_far_tail)(kernels, s, start, n, &t, mean, std, &tail, out);
        return;
    }
    const double below = il_normal_tail(kernels, -low), above = il_normal_tail(kernels, high);
    const double left = il_normal_centre(kernels, low), right = il_normal_centre(kernels, high);
    /* By the tails where both bounds are on one side, else by the centre: neither cancels. */
    t.mass = (T)(low > 0 ? il_normal_tail(kernels, low) - above
                         : high < 0 ? il_normal_tail(kernels, -high) - below : right - left);
    t.centre = (T)(0.5 * (left + right));
    t.low_tail = (T)below;
    t.high_tail = (T)above;
    kernels->P.fill_truncated_normal(s, start, n, &t, out);
}

#undef FN
#undef TRUNCATION
