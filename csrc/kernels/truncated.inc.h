/*
 * truncated.inc.h - the truncated normal distribution by its quantile (NUMERICS 4.4).
 *
 * u is the lower tail's probability of the number fill_normal gives for the same bits, so infinite bounds
 * give exactly those numbers. P(Z <= z) - 1/2 is mass * (u - 1/2) + centre; the smaller tail of z is
 * made from the bound on its own side, so neither it nor the centre is cancelled.
 */

/* quantile of p in (0, 1/2), as a magnitude; q = 1/2 - p */
IL_INLINE V
FN(v_tail_quantile)(V p, V q)
{
#define IL_POLYNOMIAL(x, table) FN(v_polynomial)(x, table, (int)(sizeof(table) / sizeof(table)[0]))
    const V r = v_sqrt(v_sub(v_set1(0), FN(v_log)(p)));
    const V centre = v_fma(v_sub(v_set1(0), q), q, v_set1((T)0.180625)); /* 0.425^2 - q^2 */
    const V tail = v_sub(r, v_set1((T)1.5));
    const VM central = v_le(v_set1(0), centre);
    const V top = v_select(central, v_mul(q, IL_POLYNOMIAL(centre, FN(quantile_centre_top))),
                           IL_POLYNOMIAL(tail, FN(quantile_tail_top)));
    const V bottom = v_select(central, IL_POLYNOMIAL(centre, FN(quantile_centre_bottom)),
                              IL_POLYNOMIAL(tail, FN(quantile_tail_bottom)));
    const V slope = v_select(central, v_set1((T)2.5), v_set1((T)1.375));
    return v_fma(v_select(central, q, r), slope, v_div(top, bottom));
#undef IL_POLYNOMIAL
}

IL_INLINE V
FN(v_truncated_normal)(VI bits, const IL_SET(truncation) * law)
{
    const VI below_sign = vi_set1(~(U)0 >> 1), n = vi_and(bits, below_sign);
    const V sign = v_from_bits(bits);
    const V near = FN(v_probability)(n);                               /* of u and 1 - u the smaller */
    const V half = FN(v_probability)(vi_xor(n, below_sign));           /* |u - 1/2| */
    const V far = v_add(v_set1((T)0.5), half);
    const V s = v_fma(v_set1(law->mass), FN(v_with_sign)(half, sign), v_set1(law->centre));
    const VM same_side = v_le(v_set1(0), v_mul(s, FN(v_with_sign)(half, sign)));
    const V base = v_select(v_lt(s, v_set1(0)), v_set1(law->low_tail), v_set1(law->high_tail));
    const V p = v_fma(v_select(same_side, near, far), v_set1(law->mass), base);
    const V z = FN(v_with_sign)(FN(v_tail_quantile)(p, FN(v_abs)(s)), s);
    const V x = v_fma(z, v_set1(law->std), v_set1(law->mean));
    return v_max(v_set1(law->least), v_min(v_set1(law->most), x));
}

static void
FN(fill_truncated_normal)(il_stream s, uint64_t start, size_t n, const IL_SET(truncation) * law, T *out)
{
    uint64_t block = start / 4;
    size_t skip = (size_t)(start % 4);
    while (n > 0) {
        const size_t count = n < FN(chunk) - skip ? n : FN(chunk) - skip;
        U bits[FN(chunk)];
        T values[FN(chunk)];
        FN(draw)(s, block, bits);
        for (size_t i = 0; i < FN(chunk); i += W) {
            v_store(values + i, FN(v_truncated_normal)(vi_load(bits + i), law));
        }
        memcpy(out, values + skip, count * sizeof *out);
        out += count;
        n -= count;
        skip = 0;
        block += FN(chunk_blocks);
    }
}
