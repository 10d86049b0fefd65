/*
 * test_math.inc.h - one precision of test_math.c. Expects T, P, U, SOFT_FMA, HARD_FMA; WIDE, a type at
 * least 11 bits wider, and L(name), libm's function for it; FRACTION_BITS; LEAST_EXPONENT, log2 of the
 * least subnormal; EXP_BOUND and LOG_BOUND in ulp; DIFFERENCE_BITS and DIFFERENCE_ERROR, the step (as a
 * power of 2) and the error of a central difference in WIDE.
 */
#define FN(name) IL_CAT2(IL_CAT2(name, _), P)

static T
FN(of_bits)(U bits)
{
    T x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static U
FN(bits_of)(T x)
{
    U bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* A table's results have the scalar table's bits, payloads of NaN apart (NUMERICS 1). If not, says whose. Returns
 * the number of the first that differs, or n. */
static size_t
FN(check_table)(const il_kernels *table, size_t n, const T *got, const T *wanted)
{
    size_t i = 0;
    while (i < n && (FN(bits_of)(got[i]) == FN(bits_of)(wanted[i]) || (isnan(got[i]) && isnan(wanted[i])))) {
        i++;
    }
    if (i < n) {
        fprintf(stderr, "  table %s, number %zu: %a for %a\n", table->name, i, (double)got[i], (double)wanted[i]);
    }
    CHECK(i == n);
    return i;
}

static WIDE
FN(exact_sigmoid)(WIDE x)
{
    return x < 0 ? L(exp)(x) / (1 + L(exp)(x)) : 1 / (1 + L(exp)(-x));
}

/* sin is held at +-2^13, and cos is its slope. */
static WIDE
FN(held_sin)(WIDE x)
{
    return L(sin)(x > 8192 ? 8192 : x < -8192 ? -8192 : x);
}

static WIDE
FN(held_cos)(WIDE x)
{
    return L(fabs)(x) > 8192 ? 0 : L(cos)(x);
}

enum { FN(functions) = 10 };

static const struct {
    const char *name;
    WIDE (*exact)(WIDE);
    double bound;  /* ulp */
    T low, high;   /* where points are drawn evenly, besides all bit patterns */
    T least, most; /* of the results */
    int odd;
} FN(specs)[FN(functions)] = {
    {"exp", L(exp), EXP_BOUND, -20, 20, 0, (T)HUGE_VAL, 0},
    {"expm1", L(expm1), 2.0, -3, 3, -1, (T)HUGE_VAL, 0},
    {"log", L(log), LOG_BOUND, 0, 4, (T)-HUGE_VAL, (T)HUGE_VAL, 0},
    {"log1p", L(log1p), 2.0, -1, 4, (T)-HUGE_VAL, (T)HUGE_VAL, 0},
    {"tanh", L(tanh), 2.0, -10, 10, -1, 1, 1},
    {"sigmoid", FN(exact_sigmoid), 2.0, -10, 10, 0, 1, 0},
    {"erf", L(erf), 2.0, -4, 4, -1, 1, 1},
    {"sin", FN(held_sin), 2.0, -8192, 8192, -1, 1, 1},
    {"cos", FN(held_cos), 2.0, -8192, 8192, -1, 1, 0},
    {"arctan", L(atan), 2.0, -4, 4, (T)-1.57079632679489661923L, (T)1.57079632679489661923L, 1},
};

/* A function of a table, in the order of the list above: out[i] = f(x[i]). */
static void
FN(apply)(const il_kernel_set *k, size_t which, size_t n, const T *x, T *out)
{
    switch (which) {
    case 0: k->exp(n, x, out); break;
    case 1: k->expm1(n, x, out); break;
    case 2: k->log(n, x, out); break;
    case 3: k->log1p(n, x, out); break;
    case 4: k->tanh(n, x, out); break;
    case 5: k->sigmoid(n, x, out); break;
    case 6: k->erf(n, x, out); break;
    case 7: k->activate((il_activation){IL_SIN, 0}, n, x, out); break;
    case 8: k->slope((il_activation){IL_SIN, 0}, n, x, x, out); break;
    default: k->activate((il_activation){IL_ARCTAN, 0}, n, x, out); break;
    }
}

/* |got - exact| in units in the last place of a T; 0 where both are NaN or the same infinity. The exact
 * value is libm's in WIDE: its own error, a few ulp of WIDE, is below 2^-8 of these units. */
static double
FN(ulps)(T got, WIDE exact)
{
    const T nearest = (T)exact;
    if ((WIDE)got == exact || (isnan(got) && isnan(nearest))) {
        return 0.0;
    }
    if (isnan(got) || isnan(nearest) || isinf(got) || isinf(nearest)) {
        return got == nearest ? 0.0 : HUGE_VAL;
    }
    int exponent = LEAST_EXPONENT;
    if (L(fabs)(exact) >= L(ldexp)(1, LEAST_EXPONENT + FRACTION_BITS)) {
        exponent = L(ilogb)(exact) - FRACTION_BITS;
    }
    return (double)L(ldexp)(L(fabs)((WIDE)got - exact), -exponent);
}

enum { FN(batch) = 4096 };

typedef struct FN(error) {
    double ulps;
    T x;
} FN(error);

/*
 * One batch of x through one function of every table (the soft one only if told: it takes 30 times as long):
 * the same bits, near the exact value, with its sign. Raises *worst.
 */
static void
FN(check_batch)(size_t which, const T *x, int soft, FN(error) * worst)
{
    static T reference[FN(batch)], opposite[FN(batch)], other[FN(batch)];
    FN(apply)(il_kernels_scalar.P, which, FN(batch), x, reference);
    for (size_t i = 0; i < tables_here; i++) {
        if (soft || tables[i] != &il_kernels_soft) {
            FN(apply)(tables[i]->P, which, FN(batch), x, other);
            FN(check_table)(tables[i], FN(batch), other, reference);
        }
    }
    FN(error) largest = {0};
    int inside = 1, signs = 1;
    for (size_t i = 0; i < FN(batch); i++) {
        const WIDE exact = FN(specs)[which].exact((WIDE)x[i]);
        const double ulps = FN(ulps)(reference[i], exact);
        if (ulps > largest.ulps) {
            largest = (FN(error)){ulps, x[i]};
        }
        inside &=
            isnan(reference[i]) || (reference[i] >= FN(specs)[which].least && reference[i] <= FN(specs)[which].most);
        signs &= isnan(reference[i]) || !signbit(reference[i]) == !signbit(exact);
        other[i] = -x[i];
    }
    CHECK(inside);
    CHECK(signs); /* of zeros too */
    CHECK(largest.ulps <= FN(specs)[which].bound);
    *worst = largest.ulps > worst->ulps ? largest : *worst;
    if (FN(specs)[which].odd) {
        int odd = 1;
        FN(apply)(il_kernels_scalar.P, which, FN(batch), other, opposite);
        for (size_t i = 0; i < FN(batch); i++) {
            odd &= FN(bits_of)(opposite[i]) == FN(bits_of)(-reference[i]) || isnan(x[i]);
        }
        CHECK(odd);
    }
}

static void
FN(print_error)(size_t which, FN(error) worst)
{
    printf("  %s %-8s %.4f ulp at most, at %a\n", IL_NAME(P), FN(specs)[which].name, worst.ulps, (double)worst.x);
}

static void
FN(test_accuracy)(void)
{
    static T x[FN(batch)];
    for (size_t which = 0; which < FN(functions); which++) {
        const T low = FN(specs)[which].low, high = FN(specs)[which].high;
        FN(error) worst = {0};
        for (size_t batch = 0; batch < batches; batch++) {
            for (size_t i = 0; i < FN(batch); i++) {
                const uint64_t r = next_random();
                const T u = (T)(r >> 11) * (T)0x1p-53;
                x[i] = i % 4 == 0 ? FN(of_bits)((U)r) : low + (high - low) * u;
            }
            FN(check_batch)(which, x, 1, &worst);
        }
        FN(print_error)(which, worst);
    }
}

/* Zeros, subnormals, ends of the range, infinities and NaN, each in every lane. */
static void
FN(test_special_values)(void)
{
    const T inf = (T)HUGE_VAL, tiny = FN(of_bits)(1), most = FN(of_bits)(FN(bits_of)(inf) - 1);
    const T least_normal = FN(of_bits)((U)1 << FRACTION_BITS);
    const T points[] = {0,
                        -(T)0,
                        tiny,
                        -tiny,
                        least_normal,
                        -least_normal,
                        least_normal - tiny,
                        most,
                        -most,
                        inf,
                        -inf,
                        inf - inf,
                        1,
                        -1,
                        (T)0.5,
                        -(T)0.5,
                        2,
                        -2,
                        (T)100,
                        (T)-100,
                        (T)700,
                        (T)-700,
                        (T)-103.5,
                        (T)88.7,
                        (T)709.7,
                        (T)-745.1};
    static T x[FN(batch)];
    for (size_t which = 0; which < FN(functions); which++) {
        FN(error) worst = {0};
        for (size_t shift = 0; shift < 16; shift++) {
            for (size_t i = 0; i < FN(batch); i++) {
                x[i] = points[(i + shift) % (sizeof points / sizeof points[0])];
            }
            FN(check_batch)(which, x, 1, &worst);
        }
    }
}

/* The tail of an array: n elements are written, with the bits of the long array. */
static void
FN(test_lengths)(void)
{
    static T x[64], whole[64], part[64];
    for (size_t i = 0; i < 64; i++) {
        x[i] = (T)i / 16 - 1;
    }
    for (size_t table = 0; table < tables_here; table++) {
        for (size_t which = 0; which < FN(functions); which++) {
            FN(apply)(tables[table]->P, which, 64, x, whole);
            for (size_t n = 0; n < 50; n++) {
                for (size_t i = 0; i < 64; i++) {
                    part[i] = 7;
                }
                FN(apply)(tables[table]->P, which, n, x, part);
                CHECK_BITS(part, whole, n * sizeof *part);
                CHECK(part[n] == 7);
            }
        }
    }
}

/* ---- software fma ------------------------------------------------------------------------ */

/* A finite number whose exponent is within `span` of the middle of the range at `centre`, or anything. */
static T
FN(random_operand)(int centre, int span)
{
    const U fraction_mask = ((U)1 << FRACTION_BITS) - 1;
    const uint64_t r = next_random(), choice = next_random();
    U fraction = (U)r & fraction_mask;
    if (choice % 4 == 0) { /* few bits, or nearly all ones: ties and carries */
        fraction &= (U)r >> 3 & (U)r >> 5 & fraction_mask;
        fraction ^= choice & 4 ? fraction_mask : 0;
    }
    const int limit = (1 << (8 * (int)sizeof(T) - 1 - FRACTION_BITS)) - 2;
    int field = centre + (int)(choice >> 8 & 0xffff) % (2 * span + 1) - span;
    field = field < 0 ? 0 : field > limit ? limit : field;
    const U sign = (U)(choice >> 32 & 1) << (8 * sizeof(T) - 1);
    return FN(of_bits)(sign | (U)field << FRACTION_BITS | fraction);
}

static void
FN(test_soft_fma)(void)
{
    const int middle = (1 << (8 * (int)sizeof(T) - 2 - FRACTION_BITS)) - 1;
    const T inf = (T)HUGE_VAL;
    for (size_t batch = 0; batch < 10 * batches; batch++) {
        int same = 1;
        for (size_t i = 0; i < FN(batch); i++) {
            T a, b, c;
            const unsigned kind = (unsigned)(next_random() % 6);
            if (kind == 0) { /* any bits */
                a = FN(of_bits)((U)next_random());
                b = FN(of_bits)((U)next_random());
                c = FN(of_bits)((U)next_random());
            } else if (kind == 1) { /* subnormal products */
                a = FN(random_operand)(middle / 2, middle / 2);
                b = FN(random_operand)(middle / 2 - FRACTION_BITS, FRACTION_BITS);
                c = FN(random_operand)(0, 2 * FRACTION_BITS);
            } else if (kind == 2) { /* around overflow */
                a = FN(random_operand)(middle + middle / 2, 4);
                b = FN(random_operand)(middle + middle / 2, 4);
                c = FN(random_operand)(2 * middle, 4);
            } else { /* c close to -a b, or a few exponents away */
                const int far = kind == 5 ? 2 * FRACTION_BITS + 4 : 2;
                a = FN(random_operand)(middle, kind == 4 ? middle / 2 : 3);
                b = FN(random_operand)(middle, kind == 4 ? middle / 2 : 3);
                const T product = -(a * b);
                c = FN(of_bits)(FN(bits_of)(product) + (U)(next_random() % 5) - 2);
                if (isfinite(c) && kind != 3) {
                    c = (T)L(ldexp)((WIDE)c, (int)(next_random() % (unsigned)(2 * far + 1)) - far);
                }
            }
            const T soft = SOFT_FMA(a, b, c), hard = HARD_FMA(a, b, c);
            same &= FN(bits_of)(soft) == FN(bits_of)(hard) || (isnan(soft) && isnan(hard));
        }
        CHECK(same);
    }
    const T tiny = FN(of_bits)(1), most = FN(of_bits)(FN(bits_of)(inf) - 1);
    const T specials[] = {0,         -(T)0, 1,     -1,   inf,   -inf,
                          inf - inf, tiny,  -tiny, most, -most, FN(of_bits)((U)1 << FRACTION_BITS)};
    enum { COUNT = sizeof specials / sizeof specials[0] };
    for (size_t i = 0; i < (size_t)COUNT * COUNT * COUNT; i++) {
        const T a = specials[i % COUNT], b = specials[i / COUNT % COUNT], c = specials[i / COUNT / COUNT];
        const T soft = SOFT_FMA(a, b, c), hard = HARD_FMA(a, b, c);
        CHECK(FN(bits_of)(soft) == FN(bits_of)(hard) || (isnan(soft) && isnan(hard)));
    }
}

/* ---- activations ------------------------------------------------------------------------- */

static WIDE
FN(exact_relu6)(WIDE z)
{
    return z > 6 ? 6 : z > 0 ? z : 0;
}

/* By its series where the difference would lose the bits of a T. */
static WIDE
FN(exact_tanh_shrink)(WIDE z)
{
    const WIDE q = z * z;
    const WIDE series = 1 / (WIDE)3 - q * (2 / (WIDE)15 - q * (17 / (WIDE)315 - q * 62 / (WIDE)2835));
    return L(fabs)(z) < (WIDE)0.001L ? z * q * series : z - L(tanh)(z);
}

/* PyTorch's definitions, slowly. */
static WIDE
FN(exact_activation)(il_activation g, WIDE z)
{
    const WIDE root_half = L(sqrt)((WIDE)0.5), pi = L(acos)((WIDE)-1), p = (WIDE)(T)g.parameter;
    const WIDE selu_scale = (WIDE)1.0507009873554804934193349852946L;
    const WIDE selu_alpha = (WIDE)1.6732632423543772848170429916717L;
    switch (g.kind) {
    case IL_IDENTITY: return z;
    case IL_TANH: return L(tanh)(z);
    case IL_SIGMOID: return FN(exact_sigmoid)(z);
    case IL_RELU: return z > 0 ? z : 0;
    case IL_LEAKY_RELU: return z > 0 ? z : p * z;
    case IL_ELU: return z > 0 ? z : p * L(expm1)(z);
    case IL_SELU: return selu_scale * (z > 0 ? z : selu_alpha * L(expm1)(z));
    case IL_GELU: return z * L(erfc)(-z * root_half) / 2;
    case IL_GELU_TANH: return z / 2 * (1 + L(tanh)(L(sqrt)(2 / pi) * (z + (WIDE)0.044715L * z * z * z)));
    case IL_SILU: return z * FN(exact_sigmoid)(z);
    case IL_SOFTPLUS: return z > 0 ? z + L(log1p)(L(exp)(-z)) : L(log1p)(L(exp)(z));
    case IL_SOFTSIGN: return z / (1 + L(fabs)(z));
    case IL_HARD_TANH: return z > 1 ? 1 : z < -1 ? -1 : z;
    case IL_ERF: return L(erf)(z);
    case IL_MISH: return z * L(tanh)(z > 0 ? z + L(log1p)(L(exp)(-z)) : L(log1p)(L(exp)(z)));
    case IL_RELU6: return FN(exact_relu6)(z);
    case IL_HARD_SIGMOID: return FN(exact_relu6)(z + 3) / 6;
    case IL_HARD_SWISH: return z * FN(exact_relu6)(z + 3) / 6;
    case IL_CELU: return z > 0 ? z : p * L(expm1)(z / p);
    case IL_LOG_SIGMOID: return z < 0 ? z - L(log1p)(L(exp)(z)) : -L(log1p)(L(exp)(-z));
    case IL_SOFT_SHRINK: return z > p ? z - p : z < -p ? z + p : 0;
    case IL_HARD_SHRINK: return L(fabs)(z) > p ? z : 0;
    case IL_TANH_SHRINK: return FN(exact_tanh_shrink)(z);
    case IL_SQUARED_RELU: return z > 0 ? z * z : 0;
    case IL_EXPONENTIAL: return L(exp)(z);
    case IL_ARCTAN: return L(atan)(z);
    case IL_LECUN_TANH: return (WIDE)1.7159L * L(tanh)(2 * z / 3);
    case IL_SIN: return L(sin)(z > 8192 ? 8192 : z < -8192 ? -8192 : z);
    case IL_ACTIVATION_COUNT: break;
    }
    return 0;
}

static WIDE
FN(exact_slope)(il_activation g, WIDE z)
{
    /* Derivatives by hand only where a difference would be useless; else central differences in WIDE. */
    switch (g.kind) {
    case IL_RELU:
    case IL_LEAKY_RELU: return z > 0 ? 1 : (WIDE)(T)g.parameter;
    case IL_HARD_TANH: return L(fabs)(z) < 1;
    case IL_RELU6: return z > 0 && z < 6;
    case IL_HARD_SIGMOID: return L(fabs)(z) < 3 ? 1 / (WIDE)6 : 0;
    case IL_SOFT_SHRINK:
    case IL_HARD_SHRINK: return L(fabs)(z) > (WIDE)(T)g.parameter;
    case IL_CELU: return z > 0 ? 1 : L(exp)(z / (WIDE)(T)g.parameter); /* these are steep */
    case IL_SQUARED_RELU: return z > 0 ? 2 * z : 0;
    case IL_EXPONENTIAL: return L(exp)(z);
    default: break;
    }
    const WIDE h = L(ldexp)(1, -DIFFERENCE_BITS);
    return (FN(exact_activation)(g, z + h) - FN(exact_activation)(g, z - h)) / (2 * h);
}

static void
FN(activations_of)(const il_kernel_set *k, il_activation g, size_t n, const T *z, T *out)
{
    /* out[0..3n-1]: g, g', upstream * g' */
    k->activate(g, n, z, out);
    k->slope(g, n, z, out, out + n);
    k->derive(g, n, z, out, z, out + 2 * n);
}

/* Of functions without a bound of their slope, relative. */
static double
FN(allowed)(il_activation g, T z, WIDE exact)
{
    const double size = isinf(il_activation_max_slope(g)) ? fabs((double)exact) : fabs((double)z);
    return 2.0 * ldexp(1.0, -FRACTION_BITS) * (1.0 + size);
}

/*
 * One activation of at most a batch of z in every table (soft: as above): the same bits, the value near the
 * exact one where z is finite, NaN of NaN. out: that of activations_of().
 */
static void
FN(check_activation)(il_activation g, size_t n, const T *z, int soft, T *out)
{
    static T other[3 * FN(batch)];
    FN(activations_of)(il_kernels_scalar.P, g, n, z, out);
    for (size_t i = 0; i < tables_here; i++) {
        if (soft || tables[i] != &il_kernels_soft) {
            FN(activations_of)(tables[i]->P, g, n, z, other);
            const size_t differs = FN(check_table)(tables[i], 3 * n, other, out);
            holds_at(differs == 3 * n, g, (double)z[differs % n]);
        }
    }
    size_t value_right = 0, slope_finite = 0, product_right = 0; /* how many, until the first that is wrong */
    for (size_t i = 0; i < n; i++) {
        const T slope = out[n + i], product = z[i] * slope;
        if (isnan(z[i])) {
            value_right += value_right == i && isnan(out[i]);
            slope_finite += slope_finite == i;
            product_right += product_right == i;
            continue;
        }
        int right = 1;
        if (isfinite(z[i])) { /* the limits have a test of their own */
            const WIDE exact = FN(exact_activation)(g, (WIDE)z[i]);
            right = out[i] == (T)exact || fabs((double)((WIDE)out[i] - exact)) <= FN(allowed)(g, z[i], exact);
        }
        value_right += value_right == i && right;
        right = isfinite(slope) || isinf(il_activation_max_slope(g));
        slope_finite += slope_finite == i && right;
        right = out[2 * n + i] == product || (isnan(out[2 * n + i]) && isnan(product)); /* inf * 0 */
        product_right += product_right == i && right;
    }
    CHECK_AT(g, z[value_right % n], value_right == n);
    CHECK_AT(g, z[slope_finite % n], slope_finite == n);
    CHECK_AT(g, z[product_right % n], product_right == n);
}

static void
FN(test_activations)(void)
{
    enum { N = 1001 };
    static T z[N], out[3 * N];
    for (size_t i = 0; i < N; i++) {
        z[i] = (T)(((double)i - 500.25) / 40); /* kinks at -1, 0, 1 are not among them */
    }
    for (size_t which = 0; which < ACTIVATIONS; which++) {
        const il_activation g = activation(which);
        FN(check_activation)(g, N, z, 1, out);
        size_t slope_right = 0; /* as above */
        for (size_t i = 0; i < N; i++) {
            const WIDE slope = FN(exact_slope)(g, (WIDE)z[i]);
            const double allowed = FN(allowed)(g, z[i], slope);
            const int right = fabs((double)((WIDE)out[N + i] - slope)) <= 2.0 * allowed + DIFFERENCE_ERROR;
            slope_right += slope_right == i && right;
        }
        CHECK_AT(g, z[slope_right % N], slope_right == N);
    }
}

typedef struct FN(limits) {
    WIDE right, left, right_slope, left_slope;
} FN(limits);

/* At z and -z, a number or infinity far out. */
static FN(limits) FN(limits_of)(il_activation g, WIDE z)
{
    const WIDE p = (WIDE)g.parameter, right_angle = (WIDE)1.57079632679489661923L, end = L(sin)(8192);
    const WIDE scale = (WIDE)1.0507009873554804934193349852946L;
    switch (g.kind) {
    case IL_IDENTITY:
    case IL_HARD_SHRINK:
    case IL_TANH_SHRINK: return (FN(limits)){z, -z, 1, 1};
    case IL_TANH:
    case IL_SOFTSIGN:
    case IL_HARD_TANH:
    case IL_ERF: return (FN(limits)){1, -1, 0, 0};
    case IL_SIGMOID:
    case IL_HARD_SIGMOID: return (FN(limits)){1, 0, 0, 0};
    case IL_RELU:
    case IL_GELU:
    case IL_GELU_TANH:
    case IL_SILU:
    case IL_SOFTPLUS:
    case IL_MISH:
    case IL_HARD_SWISH: return (FN(limits)){z, 0, 1, 0};
    case IL_LEAKY_RELU: return (FN(limits)){z, p == 0 ? 0 : -p * z, 1, p};
    case IL_ELU:
    case IL_CELU: return (FN(limits)){z, -p, 1, 0};
    case IL_SELU: return (FN(limits)){scale * z, (T)-1.7580993408473768599402175208123, scale, 0};
    case IL_RELU6: return (FN(limits)){6, 0, 0, 0};
    case IL_LOG_SIGMOID: return (FN(limits)){0, -z, 0, 1};
    case IL_SOFT_SHRINK: return (FN(limits)){z - p, p - z, 1, 1};
    case IL_SQUARED_RELU: return (FN(limits)){z * z, 0, 2 * z, 0};
    case IL_EXPONENTIAL: return (FN(limits)){(WIDE)HUGE_VAL, 0, (WIDE)HUGE_VAL, 0};
    case IL_ARCTAN: return (FN(limits)){right_angle, -right_angle, 0, 0};
    case IL_LECUN_TANH: return (FN(limits)){(WIDE)1.7159L, -(WIDE)1.7159L, 0, 0};
    case IL_SIN: return (FN(limits)){end, -end, 0, 0};
    case IL_ACTIVATION_COUNT: break;
    }
    return (FN(limits)){0, 0, 0, 0};
}

/* |got - exact| is a few units of a number of size 1, or got the nearest T. */
static int
FN(is_slope)(T got, WIDE exact)
{
    return got == (T)exact || fabs((double)((WIDE)got - exact)) <= 4.0 * ldexp(1.0, -FRACTION_BITS);
}

/* At +-huge and +-inf: the limit, never NaN; NaN stays; at 0 what PyTorch gives. */
static void
FN(test_activation_limits)(void)
{
    const T inf = (T)HUGE_VAL, most = FN(of_bits)(FN(bits_of)(inf) - 1);
    const T far[] = {most, inf, (T)1e30};
    for (size_t which = 0; which < ACTIVATIONS; which++) {
        const il_activation g = activation(which);
        for (size_t i = 0; i < sizeof far / sizeof far[0]; i++) {
            const T z[3] = {far[i], -far[i], inf - inf};
            T out[9];
            FN(activations_of)(il_kernels_scalar.P, g, 3, z, out);
            const FN(limits) limits = FN(limits_of)(g, (WIDE)far[i]);
            CHECK_AT(g, z[0], FN(ulps)(out[0], limits.right) <= 1.0);
            CHECK_AT(g, z[1], FN(ulps)(out[1], limits.left) <= 1.0);
            const int tail = g.kind == IL_SOFTSIGN || g.kind == IL_ARCTAN; /* never quite flat */
            CHECK_AT(g, z[0], tail ? out[3] >= 0 && out[3] < (T)1e-12 : out[3] == (T)limits.right_slope);
            CHECK_AT(g, z[1], FN(is_slope)(out[4], limits.left_slope));
            CHECK_AT(g, z[2], isnan(out[2]));
            CHECK_AT(g, z[2], isnan(out[5]) || g.kind == IL_IDENTITY);
        }
        const T zero[2] = {0, -(T)0};
        T out[6];
        FN(activations_of)(il_kernels_scalar.P, g, 2, zero, out);
        CHECK_AT(g, 0, FN(ulps)(out[0], FN(exact_activation)(g, 0)) <= 1.0 && out[0] == out[1]);
        CHECK_AT(g, 0, out[2] == out[3]);
        if (g.kind == IL_RELU || g.kind == IL_LEAKY_RELU || g.kind == IL_ELU) {
            CHECK_AT(g, 0, out[2] == (T)g.parameter); /* the left side's */
        }
    }
}

#undef FN
