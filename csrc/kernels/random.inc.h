/*
 * random.inc.h - Philox4x32-10 streams: words, uniform, normal and truncated normal numbers (NUMERICS 4).
 *
 * Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3 (2011). Element i of a
 * stream is word i mod 4 of block i div 4, whatever slice is asked for. Blocks lie in the 64-bit lanes,
 * a 32-bit word in the low half of each; the high halves hold leftovers, which a product ignores.
 *
 * Everything here is frozen: another bit for some seed is another version of the format.
 */

#include <string.h>

enum {
    ways = 3, /* vectors of blocks at a time: one alone waits for its products */
    chunk_blocks = ways * IL_LANES_F64,
    chunk = 4 * chunk_blocks /* elements drawn at a time */
};

static const uint64_t lane_numbers[8] = {0, 1, 2, 3, 4, 5, 6, 7};

/* words[way][k]: word k of IL_LANES_F64 consecutive blocks; those of the ways follow each other from `block` */
IL_INLINE void
v_philox(il_stream s, uint32_t half, uint64_t block, vi_f64 (*words)[4])
{
    const vi_f64 m0 = vi_set1_f64(0xD2511F53u), m1 = vi_set1_f64(0xCD9E8D57u);
    for (int way = 0; way < ways; way++) {
        vi_f64 *c = words[way];
        c[0] = vi_add_f64(vi_set1_f64(block + (uint64_t)way * IL_LANES_F64), vi_load_f64(lane_numbers));
        c[1] = vi_srl_f64(c[0], 32);
        c[2] = vi_set1_f64(s.tensor);
        c[3] = vi_set1_f64(s.purpose | half << 23);
    }
    uint32_t k0 = (uint32_t)s.key, k1 = (uint32_t)(s.key >> 32);
    for (int round = 0; round < 10; round++) {
        for (int way = 0; way < ways; way++) {
            vi_f64 *c = words[way];
            const vi_f64 p0 = vi_mul32_f64(c[0], m0), p1 = vi_mul32_f64(c[2], m1);
            c[0] = vi_xor_f64(vi_xor_f64(vi_srl_f64(p1, 32), c[1]), vi_set1_f64(k0));
            c[1] = p1;
            c[2] = vi_xor_f64(vi_xor_f64(vi_srl_f64(p0, 32), c[3]), vi_set1_f64(k1));
            c[3] = p0;
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

/* out[chunk]: 32-bit words in element order */
IL_INLINE void
draw_words(il_stream s, uint32_t half, uint64_t block, uint32_t *out)
{
    vi_f64 words[ways][4];
    v_philox(s, half, block, words);
    for (int way = 0; way < ways; way++) {
        vi_store_blocks_f32(out + way * 4 * IL_LANES_F64, words[way]);
    }
}

/* out[chunk]: hi (float32) or hi:lo (float64) in element order */
IL_INLINE void
draw(il_stream s, uint64_t block, U *out)
{
#if IL_IS_F32
    draw_words(s, 0, block, out);
#else
    vi_f64 words[ways][4], low[ways][4];
    v_philox(s, 0, block, words);
    v_philox(s, 1, block, low);
    for (int way = 0; way < ways; way++) {
        for (int k = 0; k < 4; k++) {
            const vi_f64 below = vi_and_f64(low[way][k], vi_set1_f64(0xffffffffu));
            words[way][k] = vi_or_f64(vi_sll_f64(words[way][k], 32), below);
        }
        vi_store_blocks_f64(out + way * 4 * IL_LANES_F64, words[way]);
    }
#endif
}

/* ((bits >> 9) + 0.5) 2^-23 (float32) or ((bits >> 12) + 0.5) 2^-52, exactly: 1.fraction less 1, plus half */
IL_INLINE V
v_uniform(VI bits)
{
    const VI fraction = vi_srl(bits, IL_IS_F32 ? 9 : 12);
    const V above_one = v_from_bits(vi_or(fraction, v_bits(v_set1(1))));
    return v_sub(above_one, v_set1(IL_IS_F32 ? (T)(1 - 0x1p-24) : (T)(1 - 0x1p-53)));
}

/*
 * (n + 0.5) 2^-32 (float32) or 2^-64 of the integer n below the sign bit, rounded once: both halves of
 * n are put below the leading one of a power of two, whose removal leaves them exact, and then added.
 */
IL_INLINE V
v_probability(VI n)
{
#if IL_IS_F32
    enum { HALF = 16 };
    const T high_one = 0x1p7F, low_one = 0x1p-9F, half_unit = 0x1p-33F; /* ulps 2^-16 and 2^-32 */
#else
    enum { HALF = 32 };
    const T high_one = 0x1p20, low_one = 0x1p-12, half_unit = 0x1p-65; /* ulps 2^-32 and 2^-64 */
#endif
    const VI high = vi_or(vi_srl(n, HALF), v_bits(v_set1(high_one)));
    const VI low = vi_or(vi_and(n, vi_set1(((U)1 << HALF) - 1)), v_bits(v_set1(low_one)));
    const V high_part = v_sub(v_from_bits(high), v_set1(high_one));
    return v_add(high_part, v_sub(v_from_bits(low), v_set1(low_one - half_unit)));
}

/*
 * -quantile(p), p in (0, 1/2), in the two pieces of Wichura's AS 241 with functions of our own: a multiple of
 * q = 1/2 - p or of r = sqrt(-log p), plus a ratio of polynomials too small for its rounding to count
 * much. q comes from the caller, who can make it without cancellation.
 */
IL_INLINE V
v_quantile_centre(V q, VM *in_tail)
{
    const V centre = v_fma(v_sub(v_set1(0), q), q, v_set1((T)0.180625)); /* 0.425^2 - q^2 */
    const V top = v_mul(q, IL_POLYNOMIAL(centre, quantile_centre_top));
    *in_tail = v_lt(centre, v_set1(0));
    return v_fma(q, v_set1((T)2.5), v_div(top, IL_POLYNOMIAL(centre, quantile_centre_bottom)));
}

IL_INLINE V
v_quantile_root(V p)
{
    /* p is normal: at least 2^-33 of a mass that is no far tail, or 2^-65 in float64 */
    return v_sqrt(v_sub(v_set1(0), v_log_normal(p, v_set1(0))));
}

IL_INLINE V
v_quantile_tail(V r)
{
    const V tail = v_sub(r, v_set1((T)1.5));
    const V top = IL_POLYNOMIAL(tail, quantile_tail_top);
    return v_fma(r, v_set1((T)1.375), v_div(top, IL_POLYNOMIAL(tail, quantile_tail_bottom)));
}

static void
fill_words(il_stream s, uint32_t half, uint64_t start, size_t n, uint32_t *out)
{
    uint64_t block = start / 4;
    size_t skip = (size_t)(start % 4);
    while (n > 0) {
        const size_t count = n < chunk - skip ? n : chunk - skip;
        uint32_t words[chunk];
        const int whole = count == chunk;
        draw_words(s, half, block, whole ? out : words);
        if (!whole) {
            memcpy(out, words + skip, count * sizeof *out);
        }
        out += count;
        n -= count;
        skip = 0;
        block += chunk_blocks;
    }
}

/* ---- laws: the number at some bits ------------------------------------------------------- */

/* U(a, a + b) and N(a, b^2) */
typedef struct affine {
    T a, b;
} affine;

IL_INLINE V
uniform_part(VI bits, const void *law)
{
    const affine *l = law;
    return v_fma(v_uniform(bits), v_set1(l->b), v_set1(l->a));
}

/*
 * The sign is the top bit (set: negative); the rest n gives p = (n + 0.5) 2^-32 or 2^-64 in (0, 1/2). q is
 * made from the complement of n.
 */
IL_INLINE V
normal_part(VI bits, const void *law)
{
    (void)law;
    const VI below_sign = vi_set1(~(U)IL_SIGN);
    return v_probability(vi_xor(vi_and(bits, below_sign), below_sign));
}

IL_INLINE V
normal_centre(V q, VI bits, const void *law, VM *in_tail)
{
    const affine *l = law;
    const V z = v_with_sign(v_quantile_centre(q, in_tail), v_from_bits(bits));
    return v_fma(z, v_set1(l->b), v_set1(l->a));
}

IL_INLINE V
normal_root(VI bits, const void *law)
{
    (void)law;
    return v_quantile_root(v_probability(vi_and(bits, vi_set1(~(U)IL_SIGN))));
}

IL_INLINE V
normal_tail(V root, VI bits, const void *law)
{
    const affine *l = law;
    const V z = v_with_sign(v_quantile_tail(root), v_from_bits(bits));
    return v_fma(z, v_set1(l->b), v_set1(l->a));
}

/*
 * u - 1/2 is the number with the sign of the bits and magnitude q: so infinite bounds give a normal number.
 * s = P(Z <= z) - 1/2 is mass * (u - 1/2) + centre.
 */
IL_INLINE V
v_signed_half(VI bits)
{
    const VI below_sign = vi_set1(~(U)IL_SIGN);
    const V half = v_probability(vi_xor(vi_and(bits, below_sign), below_sign));
    return v_with_sign(half, v_from_bits(bits));
}

typedef struct cut { /* il_truncation, rounded */
    T mass, centre, low_tail, high_tail;
    T mean, std;
    T least, most;
} cut;

IL_INLINE V
v_truncated_of(V magnitude, V s, const cut *law)
{
    const V z = v_with_sign(magnitude, s);
    const V x = v_fma(z, v_set1(law->std), v_set1(law->mean));
    return v_max(v_set1(law->least), v_min(v_set1(law->most), x));
}

IL_INLINE V
truncated_part(VI bits, const void *law)
{
    const cut *l = law;
    return v_fma(v_set1(l->mass), v_signed_half(bits), v_set1(l->centre));
}

IL_INLINE V
truncated_centre(V s, VI bits, const void *law, VM *in_tail)
{
    const cut *l = law;
    (void)bits;
    return v_truncated_of(v_quantile_centre(v_abs(s), in_tail), s, l);
}

/* The smaller tail of z is counted from the bound on its own side, so that it is not cancelled. */
IL_INLINE V
truncated_root(VI bits, const void *law)
{
    const cut *l = law;
    const V smaller = v_probability(vi_and(bits, vi_set1(~(U)IL_SIGN))); /* of u and 1 - u */
    const V signed_half = v_signed_half(bits);
    const V s = truncated_part(bits, law);
    const VM same_side = v_le(v_set1(0), v_mul(s, signed_half));
    const V share = v_select(same_side, smaller, v_add(v_set1((T)0.5), v_abs(signed_half)));
    const V outside = v_select(v_lt(s, v_set1(0)), v_set1(l->low_tail), v_set1(l->high_tail));
    return v_quantile_root(v_fma(share, v_set1(l->mass), outside));
}

IL_INLINE V
truncated_tail(V root, VI bits, const void *law)
{
    return v_truncated_of(v_quantile_tail(root), truncated_part(bits, law), law);
}

/* ---- arrays ------------------------------------------------------------------------------ */

enum {
    batch = 960, /* elements whose words are drawn ahead, for the CPU to overlap them and f; a few whole chunks */
    word = 64    /* of those, in a word of `where` */
};

/*
 * out[i] = centre(part(b, law), b, law), b the bits of element start + i; tail(root(b, law), b, law) where the centre
 * says that it does not hold. Those are 15 % of a normal law, in most vectors one at least: gathered, they fill the
 * lanes of the tail. One after the other over the batch, because a CPU looks ahead some 60 instructions, and a chain
 * through all of them would leave it waiting. Without a centre the part is all.
 */
typedef V (*part_of_law)(VI bits, const void *law);
typedef V (*centre_of_law)(V part, VI bits, const void *law, VM *in_tail);
typedef V (*tail_of_law)(V root, VI bits, const void *law);

IL_INLINE void
fill(part_of_law part, centre_of_law centre, part_of_law root, tail_of_law tail, const void *law, il_stream s,
     uint64_t start, size_t n, T *out)
{
    uint64_t block = start / 4;
    size_t skip = (size_t)(start % 4);
    while (n > 0) {
        U bits[batch];
        T values[batch], roots[batch];
        uint16_t at[batch];
        const size_t count = n < batch - skip ? n : batch - skip;
        const int whole = count == batch;
        T *const target = whole ? out : values;
        const size_t end = skip + count;
        for (size_t i = 0; i < end; i += chunk) {
            for (size_t byte = 0; byte < chunk * sizeof(T); byte += IL_CACHE_LINE) {
                IL_WILL_WRITE((const char *)(target + i) + byte);
            }
            draw(s, block, bits + i);
            block += chunk_blocks;
        }
        for (size_t i = 0; i < end; i += W) {
            v_store(target + i, part(vi_load(bits + i), law));
        }
        size_t tails = 0;
        for (size_t first = 0; centre != NULL && first < end; first += word) {
            uint64_t where = 0;
            for (size_t i = 0; i < word && first + i < end; i += W) {
                VM in_tail;
                T *const here = target + first + i;
                v_store(here, centre(v_load(here), vi_load(bits + first + i), law, &in_tail));
                where |= (uint64_t)vm_bits(in_tail) << i;
            }
            for (; where != 0; where &= where - 1) {
                at[tails++] = (uint16_t)(first + il_lowest_bit(where));
            }
        }
        for (size_t i = 0; i < tails; i++) {
            bits[i] = bits[at[i]];
        }
        for (size_t i = 0; i < tails; i += W) {
            v_store(roots + i, root(vi_load(bits + i), law));
        }
        for (size_t i = 0; i < tails; i += W) {
            T lanes[W];
            v_store(lanes, tail(v_load(roots + i), vi_load(bits + i), law));
            for (size_t lane = 0; lane < W && i + lane < tails; lane++) {
                target[at[i + lane]] = lanes[lane];
            }
        }
        if (!whole) {
            memcpy(out, values + skip, count * sizeof *out);
        }
        out += count;
        n -= count;
        skip = 0;
    }
}

static void
fill_uniform(il_stream s, uint64_t start, size_t n, double low, double high, void *out)
{
    const affine law = {(T)low, (T)high - (T)low};
    fill(uniform_part, NULL, NULL, NULL, &law, s, start, n, out);
}

static void
fill_normal(il_stream s, uint64_t start, size_t n, double mean, double std, void *out)
{
    const affine law = {(T)mean, (T)std};
    fill(normal_part, normal_centre, normal_root, normal_tail, &law, s, start, n, out);
}

static void
fill_truncated_normal(il_stream s, uint64_t start, size_t n, const il_truncation *t, void *out)
{
    const cut law = {(T)t->mass, (T)t->centre, (T)t->low_tail, (T)t->high_tail,
                     (T)t->mean, (T)t->std,    (T)t->least,    (T)t->most};
    fill(truncated_part, truncated_centre, truncated_root, truncated_tail, &law, s, start, n, out);
}

#undef IL_POLYNOMIAL
#undef IL_SIGN
