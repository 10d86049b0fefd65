/* initialize.inc.h - one precision of initialize.c: laws of an element. Expects T and P. */
static void
IL_CAT2(fill_elements_, P)(const il_kernels *kernels, const il_scheme *law, il_stream s, size_t n_in, size_t n_out,
                           uint64_t start, size_t count, T *out)
{
    switch (law->kind) {
    case IL_SCHEME_NORMAL:
    case IL_SCHEME_SPARSE: kernels->P.fill_normal(s, start, count, (T)law->a, (T)law->b, out); break;
    case IL_SCHEME_UNIFORM: kernels->P.fill_uniform(s, start, count, (T)law->a, (T)law->b, out); break;
    case IL_SCHEME_TRUNCATED_NORMAL:
        IL_CAT2(il_truncated_fill_, P)(kernels, s, start, count, law->a, law->b, law->low, law->high, out);
        break;
    default:
        for (size_t i = 0; i < count; i++) {
            out[i] = (T)fixed_element(law, n_in, n_out, start + i);
        }
    }
}
