/*
 * reduce.inc.h - reductions in double over 8 virtual lanes, the elementwise sum, and the finite check.
 *
 * Plain C: the lanes are independent, so the compiler may use what vectors it has without changing a
 * bit (no -ffast-math, no contraction).
 */
static void
FN(sum)(size_t n, const T *x, double lanes[IL_SUM_LANES])
{
    for (size_t i = 0; i < n; i++) {
        lanes[i % IL_SUM_LANES] += (double)x[i];
    }
}

static void
FN(sum_squares)(size_t n, const T *x, double lanes[IL_SUM_LANES])
{
    for (size_t i = 0; i < n; i++) {
        lanes[i % IL_SUM_LANES] += (double)x[i] * (double)x[i];
    }
}

static void
FN(sum_squared_deviations)(size_t n, const T *x, double mean, double lanes[IL_SUM_LANES])
{
    for (size_t i = 0; i < n; i++) {
        const double d = (double)x[i] - mean;
        lanes[i % IL_SUM_LANES] += d * d;
    }
}

static void
FN(sum_squared_differences)(size_t n, const T *x, const T *y, double lanes[IL_SUM_LANES])
{
    for (size_t i = 0; i < n; i++) {
        const double d = (double)x[i] - (double)y[i];
        lanes[i % IL_SUM_LANES] += d * d;
    }
}

static void
FN(add)(size_t n, const T *x, T *out)
{
    for (size_t i = 0; i < n; i++) {
        out[i] += x[i];
    }
}

/* An all-ones exponent is NaN or infinity; integers, so that no flag or comparison can be optimized. */
static int
FN(all_finite)(size_t n, const T *x)
{
    const U exponent = IL_IS_F32 ? (U)0x7f800000u : (U)0x7ff0000000000000u;
    U bad = 0;
    for (size_t i = 0; i < n; i++) {
        U bits;
        memcpy(&bits, x + i, sizeof bits);
        bad |= (U)((bits & exponent) == exponent);
    }
    return bad == 0;
}
