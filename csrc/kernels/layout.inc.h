/*
 * layout.inc.h - values from one layout into another: plain rows and panels, plain values and lanes, values and
 * doubles. No arithmetic but the rounding of doubles.
 */

/* ---- panels ------------------------------------------------------------------------------ */

static void
pack(size_t rows, size_t M, size_t w, const void *plain, void *panels)
{
    const T *from = plain;
    T *to = panels;
    if (M == 1) { /* not `rows` calls of memcpy */
        for (size_t r = 0; r < rows; r++) {
            to[r * w] = from[r];
        }
        return;
    }
    for (size_t c0 = 0; c0 < M; c0 += w, to += rows * w) {
        const size_t columns = M - c0 < w ? M - c0 : w;
        for (size_t r = 0; r < rows; r++) {
            il_copy(to + r * w, from + r * M + c0, columns * sizeof(T));
        }
    }
}

static void
unpack(size_t rows, size_t M, size_t w, const void *panels, size_t stride, void *plain)
{
    const T *from = panels;
    T *to = plain;
    if (M == 1) {
        for (size_t r = 0; r < rows; r++) {
            to[r] = from[r * w];
        }
        return;
    }
    for (size_t c0 = 0; c0 < M; c0 += w, from += stride) {
        const size_t columns = M - c0 < w ? M - c0 : w;
        for (size_t r = 0; r < rows; r++) {
            il_copy(to + r * M + c0, from + r * w, columns * sizeof(T));
        }
    }
}

/* ---- lanes ------------------------------------------------------------------------------- */

static void
to_lane(size_t n, const void *x, size_t lane, void *out)
{
    const T *from = x;
    T *to = (T *)out + lane;
    for (size_t i = 0; i < n; i++) {
        to[i * W] = from != NULL ? from[i] : 0;
    }
}

static void
from_lane(size_t n, const void *x, size_t lane, void *out)
{
    const T *from = (const T *)x + lane;
    T *to = out;
    for (size_t i = 0; i < n; i++) {
        to[i] = from[i * W];
    }
}

static void
to_lanes(size_t n, const void *x, void *out)
{
    const T *from = x;
    T *to = out;
    for (size_t i = 0; i < n; i++) {
        v_store(to + i * W, v_set1(from[i]));
    }
}

static void
gather_lanes(const il_lane_batch *batch)
{
    const size_t N = batch->N, M = batch->M, stride = batch->stride;
    const size_t *order = batch->order;
    const T *x = batch->x, *y = batch->y;
    T *inputs = batch->inputs, *targets = batch->targets;
    for (size_t i = 0; i < batch->count; i++, inputs += N * W, targets += M * W) {
        for (size_t lane = 0; lane < W; lane++) {
            const size_t sample = order[lane * stride + i];
            for (size_t n = 0; n < N; n++) {
                inputs[n * W + lane] = x[sample * N + n];
            }
            for (size_t m = 0; m < M; m++) {
                targets[m * W + lane] = y[sample * M + m];
            }
        }
    }
}

/* ---- doubles ----------------------------------------------------------------------------- */

static void
to_doubles(size_t n, const void *x, double *out)
{
    const T *from = x;
    for (size_t i = 0; i < n; i++) {
        out[i] = (double)from[i];
    }
}

static void
from_doubles(size_t n, const double *x, void *out)
{
    T *to = out;
    for (size_t i = 0; i < n; i++) {
        to[i] = (T)x[i];
    }
}
