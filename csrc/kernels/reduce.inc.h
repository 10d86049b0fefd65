/*
 * reduce.inc.h - reductions in double over 8 virtual lanes, the elementwise sum, and the finite check.
 *
 * Plain C: the lanes are independent, so the compiler may use what vectors it has without changing a
 * bit (no -ffast-math, no contraction).
 */
/* What is summed; a constant in each caller, so that nothing of the choice is left in the loop. */
enum { FN(of_values), FN(of_squares), FN(of_deviations), FN(of_differences) };

IL_INLINE double
FN(sum_term)(int what, T x, T y, double mean)
{
    const double d = what == FN(of_deviations)    ? (double)x - mean
                     : what == FN(of_differences) ? (double)x - (double)y
                                                  : (double)x;
    return what == FN(of_values) ? d : d * d;
}

/* Eight at a time through local lanes: that is what lets the compiler keep them in registers. */
IL_INLINE void
FN(sum_terms)(int what, size_t n, const T *x, const T *y, double mean, double lanes[IL_SUM_LANES])
{
    double l[IL_SUM_LANES];
    memcpy(l, lanes, sizeof l);
    size_t i = 0;
    for (; i + IL_SUM_LANES <= n; i += IL_SUM_LANES) {
        for (size_t j = 0; j < IL_SUM_LANES; j++) {
            l[j] += FN(sum_term)(what, x[i + j], y[i + j], mean);
        }
    }
    for (size_t j = 0; i + j < n; j++) {
        l[j] += FN(sum_term)(what, x[i + j], y[i + j], mean);
    }
    memcpy(lanes, l, sizeof l);
}

static void
FN(sum)(size_t n, const void *x, double lanes[IL_SUM_LANES])
{
    FN(sum_terms)(FN(of_values), n, x, x, 0, lanes);
}

static void
FN(sum_squares)(size_t n, const void *x, double lanes[IL_SUM_LANES])
{
    FN(sum_terms)(FN(of_squares), n, x, x, 0, lanes);
}

static void
FN(sum_squared_deviations)(size_t n, const void *x, double mean, double lanes[IL_SUM_LANES])
{
    FN(sum_terms)(FN(of_deviations), n, x, x, mean, lanes);
}

static void
FN(sum_squared_differences)(size_t n, const void *x, const void *y, double lanes[IL_SUM_LANES])
{
    FN(sum_terms)(FN(of_differences), n, x, y, 0, lanes);
}

static void
FN(add)(size_t n, const void *terms, void *sums)
{
    const T *x = terms;
    T *out = sums;
    for (size_t i = 0; i < n; i++) {
        out[i] += x[i];
    }
}

/* x - x is 0 but where x is NaN or infinite. */
static int
FN(all_finite)(size_t n, const void *values)
{
    const T *x = values;
    const V zero = v_set1(0);
    VM first = v_eq(zero, zero), second = first;
    size_t i = 0;
    for (; i + 2 * W <= n; i += 2 * W) {
        const V p = v_load(x + i), q = v_load(x + i + W);
        first = vm_and(first, v_eq(v_sub(p, p), zero));
        second = vm_and(second, v_eq(v_sub(q, q), zero));
    }
    for (; i < n; i += W) {
        const V p = n - i < W ? v_load_n(x + i, n - i) : v_load(x + i);
        first = vm_and(first, v_eq(v_sub(p, p), zero));
    }
    return vm_bits(vm_and(first, second)) == vm_bits(v_eq(zero, zero));
}
