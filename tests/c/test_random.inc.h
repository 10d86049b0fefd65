/* test_random.inc.h - one precision of test_random.c. Expects T, P, U, BITS (drawn for one element). */
#define FN(name) IL_CAT2(IL_CAT2(name, _), P)

/* The bits of one element, from the definition. */
static U
FN(element_bits)(il_stream s, uint64_t i)
{
#if BITS == 32
    return slow_word(s, 0, i);
#else
    return (U)slow_word(s, 0, i) << 32 | slow_word(s, 1, i);
#endif
}

/* NUMERICS 4.3 word for word; the long double holds it exactly. */
static long double
FN(exact_uniform)(U bits)
{
    const int fraction = BITS == 32 ? 23 : 52;
    return ((long double)(bits >> (BITS == 32 ? 9 : 12)) + 0.5L) * ldexpl(1.0L, -fraction);
}

/* NUMERICS 4.4: p of the bits below the sign. */
static long double
FN(exact_probability)(U bits)
{
    const U n = bits & (((U)1 << (BITS - 1)) - 1);
    return ((long double)n + 0.5L) * ldexpl(1.0L, -BITS);
}

/* How far z is from -quantile(p), in ulp of z, to first order: (p(z) - p) / density(z). */
static double
FN(normal_error)(T z, U bits)
{
    const U complement = ~bits & (((U)1 << (BITS - 1)) - 1);
    const long double q = ((long double)complement + 0.5L) * ldexpl(1.0L, -BITS);
    const long double x = fabsl((long double)z), root_half = sqrtl(0.5L);
    const long double density = expl(-x * x / 2) / sqrtl(2 * acosl(-1.0L));
    /* By the middle or by the tail, whichever does not cancel. */
    const long double excess =
        q < 0.25L ? erfl(x * root_half) / 2 - q : FN(exact_probability)(bits) - erfcl(x * root_half) / 2;
    return (double)fabsl(excess / density / ldexpl(1.0L, ilogb((double)x) - (BITS == 32 ? 23 : 52)));
}

enum { FN(length) = 1 << 16 };
static T FN(long_draw)[FN(length)], FN(other_draw)[FN(length)];

/* Each table against the definition: the bits of uniforms, the distance of normals, the sign. */
static void
FN(test_values)(void)
{
    const il_stream s = {0x0123456789abcdefu, 7, 1u << 24};
    const il_kernel_set *k = il_kernels_scalar.P;
    k->fill_uniform(s, 5, FN(length), 0, 1, FN(long_draw));
    int exact = 1, inside = 1;
    for (size_t i = 0; i < FN(length); i++) {
        const T u = FN(long_draw)[i];
        exact &= (long double)u == FN(exact_uniform)(FN(element_bits)(s, 5 + i));
        inside &= u > 0 && u < 1;
    }
    CHECK(exact);
    CHECK(inside);

    k->fill_normal(s, 5, FN(length), 0, 1, FN(long_draw));
    double worst = 0.0;
    int sign_right = 1;
    for (size_t i = 0; i < FN(length); i++) {
        const U bits = FN(element_bits)(s, 5 + i);
        worst = fmax(worst, FN(normal_error)(FN(long_draw)[i], bits));
        sign_right &= (signbit(FN(long_draw)[i]) != 0) == (bits >> (BITS - 1) != 0);
    }
    printf("  normal, %d bits: %.3f ulp at most\n", BITS, worst);
    CHECK(worst <= 4.0);
    CHECK(sign_right);
}

static void
FN(test_tables_and_slices)(void)
{
    const il_stream s = {42, 3, 0};
    il_kernels_scalar.P->fill_normal(s, 0, 4096, 0, 1, FN(long_draw));
    const char *name;
    for (size_t isa = 0; (name = il_isa_available(isa)) != NULL; isa++) {
        const il_kernel_set *k = il_kernels_find(name)->P;
        for (size_t start = 0; start < 40; start++) {
            for (size_t n = 0; n < 90; n++) {
                FN(other_draw)[n] = 9;
                k->fill_normal(s, start, n, 0, 1, FN(other_draw));
                CHECK_BITS(FN(other_draw), FN(long_draw) + start, n * sizeof(T));
                CHECK(FN(other_draw)[n] == 9);
            }
        }
        k->fill_normal(s, 0, 4096, 0, 1, FN(other_draw));
        CHECK_BITS(FN(other_draw), FN(long_draw), 4096 * sizeof(T));
        /* A block index beyond 32 bits: its high word counts. */
        T far[5], again[5];
        k->fill_uniform(s, (uint64_t)1 << 40, 5, -2, 3, far);
        il_kernels_scalar.P->fill_uniform(s, ((uint64_t)1 << 40) + 3, 2, -2, 3, again);
        CHECK_BITS(far + 3, again, 2 * sizeof(T));
        k->fill_uniform(s, 0, 5, -2, 3, again);
        CHECK(memcmp(far, again, sizeof far) != 0);
    }
    /* Scale and shift are one fma. */
    il_kernels_scalar.P->fill_normal(s, 0, 4096, 0.25, 3, FN(other_draw));
    int same = 1;
    for (size_t i = 0; i < 4096; i++) {
        same &= FN(other_draw)[i] == FMA(FN(long_draw)[i], 3, (T)0.25);
    }
    CHECK(same);
}

/* Moments of 2^16 draws within 5 standard errors, and no draw out of the possible range. */
static void
FN(test_moments)(void)
{
    const il_stream s = {2024, 0, 0};
    il_kernels_scalar.P->fill_normal(s, 0, FN(length), 0, 1, FN(long_draw));
    double mean = 0.0, square = 0.0, fourth = 0.0, most = 0.0;
    for (size_t i = 0; i < FN(length); i++) {
        const double z = (double)FN(long_draw)[i];
        mean += z / FN(length);
        square += z * z / FN(length);
        fourth += z * z * z * z / FN(length);
        most = fmax(most, fabs(z));
    }
    const double error = 1.0 / sqrt((double)FN(length));
    CHECK(fabs(mean) < 5 * error);
    CHECK(fabs(square - 1) < 5 * sqrt(2.0) * error);
    CHECK(fabs(fourth - 3) < 5 * sqrt(96.0) * error);
    CHECK(most > 3.5 && most < (BITS == 32 ? 6.4 : 9.2));
}

#undef FN
