/*
 * coefficients.inc.h - minimax coefficients of math.inc.h and random.inc.h, constant term first.
 *
 * The output of tests/golden/coefficients.py, where each is defined. Expects T and IL_IS_F32.
 */
#if IL_IS_F32
/* error 2^-30.4 */
static const T expm1_kernel[] = {
    0x1.000000p-1F, 0x1.555554p-3F, 0x1.5554fap-5F, 0x1.1112bap-7F, 0x1.6d3e02p-10F, 0x1.9ec930p-13F,
};
/* error 2^-25.4 */
static const T rough_expm1_kernel[] = {
    0x1.fffffep-2F, 0x1.5554b8p-3F, 0x1.5556aap-5F, 0x1.122b40p-7F, 0x1.6c0744p-10F,
};
/* error 2^-26.0 */
static const T tanh_kernel[] = {
    -0x1.5554d6p-2F,
    0x1.10e9f0p-3F,
    -0x1.b28af4p-5F,
    0x1.1a74dap-6F,
};
/* error 2^-27.1 */
static const T log1p_kernel[] = {
    -0x1.000000p-1F, 0x1.555506p-2F,  -0x1.ffff00p-3F, 0x1.99d06cp-3F,  -0x1.559e3ep-3F,
    0x1.1ecde0p-3F,  -0x1.f2b90cp-4F, 0x1.1ea2fep-3F,  -0x1.09329cp-3F,
};
/* error 2^-29.2 */
static const T erf_kernel[] = {
    0x1.06eba8p-3F, -0x1.81273ep-2F, 0x1.ce2ce6p-4F, -0x1.b7f71ap-6F, 0x1.53f224p-8F, -0x1.a3516ap-11F, 0x1.47722ep-14F,
};
/* error 2^-30.4 */
static const T log_erfc_kernel[] = {
    -0x1.575b32p+1F,  -0x1.bc5628p-1F, -0x1.ca013ap-6F,  0x1.780872p-8F,
    -0x1.1d93ccp-10F, 0x1.860f4ap-13F, -0x1.98dc82p-17F,
};
/* error 2^-27.3 */
static const T sin_kernel[] = {
    -0x1.55554cp-3F,
    0x1.110edap-7F,
    -0x1.9f70e8p-13F,
    0x1.5dc80cp-19F,
};
/* error 2^-27.4 */
static const T arctan_kernel[] = {
    -0x1.555512p-2F, 0x1.997b04p-3F, -0x1.22497cp-3F, 0x1.9ff9aep-4F, -0x1.a3d718p-5F,
};
/* error 2^-25.0 */
static const T tanh_shrink_kernel[] = {
    0x1.555556p-2F, -0x1.11117cp-3F, 0x1.ba3142p-5F,  -0x1.670fdep-6F,
    0x1.24b3d0p-7F, -0x1.cfe2f0p-9F, 0x1.2fa9b4p-10F, -0x1.b4de66p-13F,
};
/* error 2^-26.4 */
static const T quantile_centre_top[] = {
    0x1.c63648p-1F, 0x1.f90688p+2F, -0x1.09a8a2p+5F, -0x1.82e06cp+7F, -0x1.a6a1b8p+4F,
};
static const T quantile_centre_bottom[] = {
    0x1.000000p+0F,
    0x1.45e858p+4F,
    0x1.c04dbep+6F,
    0x1.26a870p+7F,
};
/* error 2^-25.0 */
static const T quantile_tail_top[] = {
    -0x1.9f4c00p-1F,
    -0x1.56a9b6p-2F,
    0x1.ba438cp-6F,
    0x1.ecaa2ep-8F,
};
static const T quantile_tail_bottom[] = {
    0x1.000000p+0F,
    0x1.b5ecfep-1F,
    0x1.5e21dcp-3F,
    0x1.b12750p-11F,
};
#else
/* error 2^-61.1 */
static const T expm1_kernel[] = {
    0x1.0000000000000p-1,  0x1.5555555555559p-3,  0x1.5555555555559p-5,  0x1.111111110f71ep-7,
    0x1.6c16c16c1615ep-10, 0x1.a01a01af72ba6p-13, 0x1.a01a01a080f21p-16, 0x1.71ddf9deb628fp-19,
    0x1.27e4f53c52d6dp-22, 0x1.af5ba5c520447p-26, 0x1.1f3c19f0b9652p-29,
};
/* error 2^-58.3 */
static const T tanh_kernel[] = {
    -0x1.5555555555537p-2, 0x1.111111110e2bfp-3,   -0x1.ba1ba1b70b476p-5, 0x1.664f47b4ebc1fp-6,   -0x1.226e1641d751dp-7,
    0x1.d6cdfa282dc2fp-9,  -0x1.7d492fbaf6653p-10, 0x1.31d1dc336ee7ap-11, -0x1.c8d7782475e6cp-13, 0x1.dc881b3eddea7p-15,
};
/* error 2^-58.5 */
static const T atanh_kernel[] = {
    0x1.5555555555593p-1, 0x1.999999997f9f8p-2, 0x1.249249422a479p-2, 0x1.c71c51d7cc459p-3,
    0x1.746649b06621cp-3, 0x1.39a0956d5637dp-3, 0x1.2f1180fa03869p-3,
};
/* error 2^-56.0 */
static const T erf_kernel[] = {
    0x1.06eba8214db68p-3,  -0x1.812746b03799dp-2,  0x1.ce2f21a03f8b8p-4,  -0x1.b82ce311a973bp-6,
    0x1.565bcceed81c1p-8,  -0x1.c02daeb68e083p-11, 0x1.f9a296a5cc705p-14, -0x1.f4c82de72e2b6p-17,
    0x1.b96b4a47bcb6cp-20, -0x1.5b8c0e9b75549p-23, 0x1.d3dac4e20434cp-27, -0x1.a234635742776p-31,
};
/* error 2^-61.3 */
static const T log_erfc_kernel[] = {
    -0x1.c966f3b9c2636p+1,  -0x1.d1f8993331719p-1,  -0x1.024a6acb60435p-6,  0x1.6cf1d6e1a24e1p-9,
    -0x1.f42b673ff23f6p-12, 0x1.4363e4e96ea19p-14,  -0x1.7c833596ee128p-17, 0x1.7a04af91977ffp-20,
    -0x1.e5055a19d5db3p-24, -0x1.096c3ec2301e0p-27, 0x1.b77a743979f5ap-28,  -0x1.0b259778b97abp-29,
    0x1.d5acec426ed82p-32,  -0x1.56d52ea4e4d0cp-34, 0x1.5411157c3aabdp-36,  0x1.b99865f3380d7p-44,
    -0x1.7a6e1f999f7dap-41, -0x1.db775e2e70afbp-42, -0x1.985f3bd544333p-44, 0x1.54b530ca70defp-47,
};
/* error 2^-61.6 */
static const T sin_kernel[] = {
    -0x1.5555555555555p-3,  0x1.11111111110c8p-7,  -0x1.a01a01a014d6ep-13, 0x1.71de3a52a0a15p-19,
    -0x1.ae6454d468324p-26, 0x1.6123cd02dbb18p-33, -0x1.ae4382eb58851p-41, 0x1.8832741e24bd8p-49,
};
/* error 2^-62.0 */
static const T arctan_kernel[] = {
    -0x1.5555555555552p-2, 0x1.99999999990d6p-3,  -0x1.2492492453656p-3, 0x1.c71c71aaeff2bp-4,  -0x1.745d138f54408p-4,
    0x1.3b1360b0d47eap-4,  -0x1.110c712635115p-4, 0x1.e182d7dc46ad4p-5,  -0x1.ac72b34081090p-5, 0x1.77fc37665c962p-5,
    -0x1.301d66f4ca113p-5, 0x1.83a98601607fcp-6,  -0x1.123dbbfe9776cp-7,
};
/* error 2^-54.0 */
static const T tanh_shrink_kernel[] = {
    0x1.5555555555555p-2,  -0x1.1111111110fd9p-3,  0x1.ba1ba1ba03dd1p-5,  -0x1.664f487d02eedp-6,
    0x1.226e34a351c0ep-7,  -0x1.d6d3b3fc8eef5p-9,  0x1.7da1ebfa442d8p-10, -0x1.354ad8c1fefc3p-11,
    0x1.f4d0a210c089bp-13, -0x1.934469faa4224p-14, 0x1.3e0057f2fb406p-15, -0x1.d897e2db4ffa3p-17,
    0x1.34469f60d70d9p-18, -0x1.3d62211f5412bp-20, 0x1.b7fa4463deee5p-23, -0x1.2a1bd5c8ff6aep-26,
};
/* error 2^-53.3 */
static const T quantile_centre_top[] = {
    0x1.c63647a7bbdd5p-1,   0x1.b5bba3ab5f0a5p+4,   0x1.fb3ed1f74331ep+7,   0x1.ec66323534de5p+7,
    -0x1.bc884c858a125p+12, -0x1.e46f4b0826e79p+14, -0x1.2befbd6a80fd8p+15, -0x1.49e8779d39eebp+13,
};
static const T quantile_centre_bottom[] = {
    0x1.0000000000000p+0,  0x1.5281a15a0dc5dp+5,  0x1.5797c7a51a517p+9,  0x1.5122e234075f0p+12,
    0x1.4b76d08c1706ep+14, 0x1.331755305b707p+15, 0x1.c0e377bd72c6cp+14, 0x1.46a71f9a09a5ap+12,
};
/* error 2^-54.6 */
static const T quantile_tail_top[] = {
    -0x1.9f4c0c25334e3p-1, -0x1.609ff756b9b38p+0, -0x1.b85598a9ce076p-1, -0x1.d905292440a93p-3, -0x1.080323b7faaacp-6,
    0x1.2581a7e031658p-8,  0x1.ebddc34ff5fbbp-11, 0x1.ef916c1a110f2p-15, 0x1.2a23b3d62a518p-20,
};
static const T quantile_tail_bottom[] = {
    0x1.0000000000000p+0, 0x1.120b06d462e19p+1, 0x1.d56fd74dc3a9bp+0,  0x1.9d1ae043c9310p-1,
    0x1.8d75939af90efp-3, 0x1.9640dfc72b2bep-6, 0x1.81473530c023ep-10, 0x1.dabfe21c631f0p-16,
};
#endif
