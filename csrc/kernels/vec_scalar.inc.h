/* vec_scalar.inc.h - one precision of vec_scalar.h. Expects T, P, U, IL_FMA, IL_SQRT. */
#define VN(name) IL_CAT2(IL_CAT2(name, _), P)

static inline T VN(v_load)(const T *p) { return *p; }
static inline void VN(v_store)(T *p, T x) { *p = x; }
static inline T VN(v_load_n)(const T *p, size_t n) { return n > 0 ? *p : 0; }
static inline void
VN(v_store_n)(T *p, T x, size_t n)
{
    if (n > 0) {
        *p = x;
    }
}
static inline void
VN(v_transpose)(const T *src, size_t src_stride, T *dst, size_t dst_stride)
{
    (void)src_stride;
    (void)dst_stride;
    *dst = *src;
}
static inline T VN(v_set1)(T x) { return x; }
static inline T VN(v_add)(T a, T b) { return a + b; }
static inline T VN(v_sub)(T a, T b) { return a - b; }
static inline T VN(v_mul)(T a, T b) { return a * b; }
static inline T VN(v_div)(T a, T b) { return a / b; }
static inline T VN(v_sqrt)(T a) { return IL_SQRT(a); }
static inline T VN(v_fma)(T a, T b, T c) { return IL_FMA(a, b, c); }
/* The second operand where either is NaN: x86's MAX and MIN. */
static inline T VN(v_max)(T a, T b) { return a > b ? a : b; }
static inline T VN(v_min)(T a, T b) { return a < b ? a : b; }
static inline int VN(v_lt)(T a, T b) { return a < b; }
static inline int VN(v_le)(T a, T b) { return a <= b; }
static inline int VN(v_eq)(T a, T b) { return a == b; }
static inline int VN(vm_and)(int a, int b) { return a & b; }
static inline int VN(vm_or)(int a, int b) { return a | b; }
static inline unsigned VN(vm_bits)(int m) { return (unsigned)m; }
static inline T VN(v_select)(int m, T a, T b) { return m ? a : b; }
static inline U
VN(v_bits)(T x)
{
    U u;
    memcpy(&u, &x, sizeof u);
    return u;
}
static inline T
VN(v_from_bits)(U u)
{
    T x;
    memcpy(&x, &u, sizeof x);
    return x;
}
static inline U VN(vi_load)(const U *p) { return *p; }
static inline void VN(vi_store)(U *p, U x) { *p = x; }
static inline U VN(vi_set1)(U x) { return x; }
static inline U VN(vi_and)(U a, U b) { return a & b; }
static inline U VN(vi_or)(U a, U b) { return a | b; }
static inline U VN(vi_xor)(U a, U b) { return a ^ b; }
static inline U VN(vi_add)(U a, U b) { return a + b; }
static inline U VN(vi_sub)(U a, U b) { return a - b; }
static inline U VN(vi_sll)(U a, int n) { return a << n; }
static inline U VN(vi_srl)(U a, int n) { return a >> n; }

#undef VN
