/* precision_names.h - the vector vocabulary's names, bound to the precision P in force. */
#define VN(name) IL_CAT2(IL_CAT2(name, _), P)
#define v_load VN(v_load)
#define v_store VN(v_store)
#define v_load_n VN(v_load_n)       /* first n < W lanes; the others +0 */
#define v_store_n VN(v_store_n)     /* first n < W lanes */
#define v_transpose VN(v_transpose) /* src rows of IL_SIDE to dst columns; src may not be dst */
#define v_set1 VN(v_set1)
#define v_add VN(v_add)
#define v_sub VN(v_sub)
#define v_mul VN(v_mul)
#define v_div VN(v_div)
#define v_sqrt VN(v_sqrt)
#define v_fma VN(v_fma) /* a * b + c, rounded once */
#define v_max VN(v_max) /* a > b ? a : b */
#define v_min VN(v_min) /* a < b ? a : b */
#define v_lt VN(v_lt)   /* false on NaN */
#define v_le VN(v_le)
#define v_eq VN(v_eq)
#define vm_and VN(vm_and)
#define vm_or VN(vm_or)
#define vm_bits VN(vm_bits)
#define v_select VN(v_select) /* m ? a : b */
#define v_bits VN(v_bits)
#define v_from_bits VN(v_from_bits)
#define vi_load VN(vi_load)
#define vi_store VN(vi_store)
#define vi_set1 VN(vi_set1)
#define vi_and VN(vi_and)
#define vi_or VN(vi_or)
#define vi_xor VN(vi_xor)
#define vi_add VN(vi_add)
#define vi_sub VN(vi_sub)
#define vi_sll VN(vi_sll) /* by a constant */
#define vi_srl VN(vi_srl)
