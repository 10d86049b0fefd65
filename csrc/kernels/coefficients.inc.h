/*
 * coefficients.inc.h - minimax coefficients of math.inc.h and random.inc.h, constant term first: the
 * output of tests/golden/coefficients.py, which says what each approximates. Expects T, FN, IL_IS_F32.
 */
#if IL_IS_F32
/* error 2^-30.4 */
static const T FN(expm1_kernel)[] = {
    0x1.000000p-1F, 0x1.555554p-3F, 0x1.5554fap-5F, 0x1.1112bap-7F, 0x1.6d3e02p-10F,
    0x1.9ec932p-13F,
};
/* error 2^-26.0 */
static const T FN(tanh_kernel)[] = {
    -0x1.5554d6p-2F, 0x1.10e9f0p-3F, -0x1.b28af4p-5F, 0x1.1a74dap-6F,
};
/* error 2^-26.9 */
static const T FN(log1p_kernel)[] = {
    -0x1.000000p-1F, 0x1.555506p-2F, -0x1.ffff00p-3F, 0x1.99d06cp-3F, -0x1.559e3ep-3F,
    0x1.1ed3a0p-3F, -0x1.f2e764p-4F, 0x1.1e84a0p-3F, -0x1.0879d8p-3F,
};
/* error 2^-29.4 */
static const T FN(erf_kernel)[] = {
    0x1.06eba8p-3F, -0x1.81273ep-2F, 0x1.ce2ce6p-4F, -0x1.b7f71ap-6F, 0x1.53f224p-8F,
    -0x1.a3515ep-11F, 0x1.4771fcp-14F,
};
/* error 2^-30.4 */
static const T FN(log_erfc_kernel)[] = {
    -0x1.575b32p+1F, -0x1.bc5628p-1F, -0x1.ca013ap-6F, 0x1.780872p-8F, -0x1.1d93ccp-10F,
    0x1.860e4cp-13F, -0x1.98d252p-17F,
};
/* error 2^-25.0 */
static const T FN(quantile_centre_top)[] = {
    0x1.b18d92p+1F, 0x1.d68340p+5F, 0x1.edf706p+7F, 0x1.5dc4aap+7F, -0x1.a6a1b8p+4F,
};
static const T FN(quantile_centre_bottom)[] = {
    0x1.000000p+0F, 0x1.45e858p+4F, 0x1.c04dbep+6F, 0x1.26a870p+7F,
};
/* error 2^-24.5 */
static const T FN(quantile_tail_top)[] = {
    0x1.405a00p+0F, 0x1.65d77cp+1F, 0x1.8972fap+0F, 0x1.e1ba9ap-3F, -0x1.1ab210p-15F,
};
static const T FN(quantile_tail_bottom)[] = {
    0x1.000000p+0F, 0x1.b24fa2p-1F, 0x1.537520p-3F,
};
#else
/* error 2^-59.8 */
static const T FN(expm1_kernel)[] = {
    0x1.0000000000000p-1, 0x1.5555555555559p-3, 0x1.5555555555559p-5, 0x1.111111110f71ep-7,
    0x1.6c16c16c1615ep-10, 0x1.a01a01af56851p-13, 0x1.a01a018374707p-16, 0x1.71ddfa4c868f3p-19,
    0x1.27e5880738485p-22, 0x1.af5addf33df67p-26, 0x1.1dd169729b05dp-29,
};
/* error 2^-58.3 */
static const T FN(tanh_kernel)[] = {
    -0x1.5555555555537p-2, 0x1.111111110e2bfp-3, -0x1.ba1ba1b70b476p-5, 0x1.664f47b4ebc1fp-6,
    -0x1.226e1641d751dp-7, 0x1.d6cdfa282cef7p-9, -0x1.7d492fbacfb8cp-10, 0x1.31d1dc30d8022p-11,
    -0x1.c8d777fded097p-13, 0x1.dc881a6ca0831p-15,
};
/* error 2^-58.5 */
static const T FN(atanh_kernel)[] = {
    0x1.5555555555593p-1, 0x1.999999997f9f8p-2, 0x1.249249422a479p-2, 0x1.c71c51d7cc459p-3,
    0x1.746649b06621cp-3, 0x1.39a0956d56368p-3, 0x1.2f1180fa03a09p-3,
};
/* error 2^-56.0 */
static const T FN(erf_kernel)[] = {
    0x1.06eba8214db68p-3, -0x1.812746b03799dp-2, 0x1.ce2f21a03f8b8p-4, -0x1.b82ce311a973bp-6,
    0x1.565bcceed81c1p-8, -0x1.c02daeb68e06bp-11, 0x1.f9a296a5cc196p-14, -0x1.f4c82de723d78p-17,
    0x1.b96b4a470bef8p-20, -0x1.5b8c0e94c0380p-23, 0x1.d3dac49d2decbp-27, -0x1.a23462364339cp-31,
};
/* error 2^-63.2 */
static const T FN(log_erfc_kernel)[] = {
    -0x1.20dd75dd0a07dp+0, -0x1.45f2f38977b7cp-1, -0x1.a4f8223d6bbccp-4, 0x1.39925d776f6dep-6,
    0x1.82aad6c6ba42ep-13, -0x1.b118f2477d70fp-10, 0x1.158ff7b51e664p-11, 0x1.53cff7f85e698p-15,
    -0x1.01a5a306b83d0p-13, 0x1.2a847294d71dep-14, -0x1.c5ebcc2d81b2dp-16, 0x1.0473070611602p-17,
    -0x1.d55cfc8c63d2fp-20, 0x1.4ed7836cd4f83p-22, -0x1.773720ba16e05p-25, 0x1.4340f4f04bff2p-28,
    -0x1.9c838cf06cb94p-32, 0x1.6de5eb500784fp-36, -0x1.908d6a1070e8fp-41, 0x1.94439bd161c4ap-47,
};
/* error 2^-53.2 */
static const T FN(quantile_centre_top)[] = {
    0x1.b18d91e9eef75p+1, 0x1.0a48794db47cfp+7, 0x1.ece593cd494c1p+10, 0x1.ad1d3389de0a3p+13,
    0x1.66c37b1e6b865p+15, 0x1.06c157ba6892bp+16, 0x1.052c98424e7afp+15, 0x1.39a1bf8d48815p+11,
};
static const T FN(quantile_centre_bottom)[] = {
    0x1.0000000000000p+0, 0x1.5281a15a0dc5dp+5, 0x1.5797c7a51a517p+9, 0x1.5122e234075f0p+12,
    0x1.4b76d08c1706ep+14, 0x1.331755305b707p+15, 0x1.c0e377bd72c6cp+14, 0x1.46a71f9a09a5ap+12,
};
/* error 2^-53.6 */
static const T FN(quantile_tail_top)[] = {
    0x1.4059f9ed66531p+0, 0x1.1b007cfd7c939p+2, 0x1.79ed1ddccb4aep+2, 0x1.01adc7654338ep+2,
    0x1.8f7e8125c3e3bp+0, 0x1.6bf526f349a00p-2, 0x1.7ae4bbd7e6fd8p-5, 0x1.8f6b443c10508p-9,
    0x1.315a9ca3bfac1p-14,
};
static const T FN(quantile_tail_bottom)[] = {
    0x1.0000000000000p+0, 0x1.12ec8d77d44d5p+1, 0x1.db04bbc20bafep+0, 0x1.ab5d9619eac18p-1,
    0x1.b044fd647ac1ep-3, 0x1.e72d46ff82e2fp-6, 0x1.105dde054b32ap-9, 0x1.afcd92f514a8bp-15,
    0x1.044491c1fa22bp-35,
};
#endif
