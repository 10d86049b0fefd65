/*
 * reduce.inc.h - reductions in double over 8 virtual lanes, the elementwise sum, and the finite check.
 *
 * Plain C: the lanes are independent, so the compiler may use what vectors it has without changing a
 * bit (no -ffast-math, no contraction).
 */
/* What is summed; a constant in each caller, so that nothing of the choice is left in the loop. */
enum { of_values, of_squares, of_deviations, of_differences };

IL_INLINE double
sum_term(int what, T x, T y, double mean)
{
    const double d = what == of_deviations    ? (double)x - mean
                     : what == of_differences ? (double)x - (double)y
                                              : (double)x;
    return what == of_values ? d : d * d;
}

/* Eight at a time through local lanes: that is what lets the compiler keep them in registers. */
IL_INLINE void
sum_terms(int what, size_t n, const T *x, const T *y, double mean, double lanes[IL_SUM_LANES])
{
    double l[IL_SUM_LANES];
    memcpy(l, lanes, sizeof l);
    size_t i = 0;
    for (; i + IL_SUM_LANES <= n; i += IL_SUM_LANES) {
        for (size_t j = 0; j < IL_SUM_LANES; j++) {
            l[j] += sum_term(what, x[i + j], y[i + j], mean);
        }
    }
    for (size_t j = 0; i + j < n; j++) {
        l[j] += sum_term(what, x[i + j], y[i + j], mean);
    }
    memcpy(lanes, l, sizeof l);
}

static void
sum(size_t n, const void *x, double lanes[IL_SUM_LANES])
{
    sum_terms(of_values, n, x, x, 0, lanes);
}

static void
sum_squares(size_t n, const void *x, double lanes[IL_SUM_LANES])
{
    sum_terms(of_squares, n, x, x, 0, lanes);
}

static void
sum_squared_deviations(size_t n, const void *x, double mean, double lanes[IL_SUM_LANES])
{
    sum_terms(of_deviations, n, x, x, mean, lanes);
}

static void
sum_squared_differences(size_t n, const void *x, const void *y, double lanes[IL_SUM_LANES])
{
    sum_terms(of_differences, n, x, y, 0, lanes);
}

/* Two chains in one loop; of two loops in one gcc 12 makes vectors for one only. */
static void
sum_squares_of_both(size_t n, const void *x, const void *y, double x_lanes[IL_SUM_LANES], double y_lanes[IL_SUM_LANES])
{
    const T *const from[2] = {x, y};
    double l[2][IL_SUM_LANES];
    memcpy(l[0], x_lanes, sizeof l[0]);
    memcpy(l[1], y_lanes, sizeof l[1]);
    const size_t whole = n - n % IL_SUM_LANES;
    for (size_t i = 0; i < whole; i += IL_SUM_LANES) {
        for (size_t c = 0; c < 2; c++) {
            for (size_t j = 0; j < IL_SUM_LANES; j++) {
                l[c][j] += sum_term(of_squares, from[c][i + j], 0, 0);
            }
        }
    }
    memcpy(x_lanes, l[0], sizeof l[0]);
    memcpy(y_lanes, l[1], sizeof l[1]);
    sum_squares(n - whole, from[0] + whole, x_lanes);
    sum_squares(n - whole, from[1] + whole, y_lanes);
}

/* Up to so many units at a time, whose sums stay in registers over the rows. */
enum { units_at_once = 16 };

IL_INLINE void
some_unit_squares(size_t rows, size_t count, size_t stride, const T *x, const T *first, double *size, double *distance)
{
    double s[units_at_once], d[units_at_once];
    memcpy(s, size, count * sizeof *s);
    memcpy(d, distance, count * sizeof *d);
    for (size_t r = 0; r < rows; r++, x += stride, first += stride) {
        const double from = (double)*first;
        for (size_t j = 0; j < count; j++) {
            const double value = (double)x[j], difference = value - from;
            s[j] += value * value;
            d[j] += difference * difference;
        }
    }
    memcpy(size, s, count * sizeof *s);
    memcpy(distance, d, count * sizeof *d);
}

static void
unit_squares(size_t rows, size_t M, size_t stride, const void *x, const void *first, double *size, double *distance)
{
    const T *p = x;
    size_t m = 0;
    for (; m + units_at_once <= M; m += units_at_once) {
        some_unit_squares(rows, units_at_once, stride, p + m, first, size + m, distance + m);
    }
    some_unit_squares(rows, M - m, stride, p + m, first, size + m, distance + m);
}

IL_INLINE uint64_t
is_below(T x, double limit)
{
    const double value = (double)x;
    return (value < 0 ? -value : value) < limit;
}

static size_t
count_below(size_t n, const void *x, double limit)
{
    const T *p = x;
    uint64_t counts[IL_SUM_LANES] = {0};
    size_t i = 0, count = 0;
    for (; i + IL_SUM_LANES <= n; i += IL_SUM_LANES) {
        for (size_t j = 0; j < IL_SUM_LANES; j++) {
            counts[j] += is_below(p[i + j], limit);
        }
    }
    for (size_t j = 0; j < IL_SUM_LANES; j++) {
        count += (size_t)counts[j];
    }
    for (; i < n; i++) {
        count += (size_t)is_below(p[i], limit);
    }
    return count;
}

static void
add(size_t n, const void *terms, void *sums)
{
    const T *x = terms;
    T *out = sums;
    for (size_t i = 0; i < n; i++) {
        out[i] += x[i];
    }
}

/* x - x is 0 but where x is NaN or infinite. */
static int
all_finite(size_t n, const void *values)
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
