/*
 * engine.inc.h - the bodies of engine_api.inc.h for one precision. Expects T, P and engine_names.h.
 */
/* n values filled up to whole units. */
static size_t
EN(whole)(size_t n, size_t unit)
{
    return n > SIZE_MAX - unit ? SIZE_MAX : (n + unit - 1) / unit * unit;
}

static size_t
EN(panel_count)(size_t columns, size_t w)
{
    return columns / w + (columns % w != 0);
}

/* NULL stays NULL: an optimizer without that state, or an arena that counts. */
static T *
EN(at)(T *array, size_t offset)
{
    return array != NULL ? array + offset : NULL;
}

/* Are the last two layers of this net in training one of the kernels' shallow nets? */
static int
EN(is_shallow)(const il_net *net, size_t W)
{
    const size_t top = net->layers - 1;
    return top > 0 && net->widths[top + 1] == 1 && net->widths[top] <= IL_SHALLOW_PANELS * 2 * W &&
           il_activation_is_shallow(net->activations[top - 1].kind);
}

/* Parameters, gradients and state of all layers, each side by side. */
static void
EN(carve_parameters)(EN(engine) * e, const il_optimizer *optimizer, il_arena *arena)
{
    e->parameters = il_arena_take(arena, e->count, sizeof(T));
    e->gradient = il_arena_take(arena, e->count, sizeof(T));
    for (size_t s = 0; s < 2; s++) {
        const int kept = optimizer != NULL && il_optimizer_keeps(optimizer, s);
        e->state[s] = kept ? il_arena_take(arena, e->count, sizeof(T)) : NULL;
    }
    for (size_t l = 0; e->layers != NULL && l < e->L; l++) {
        EN(layer) *y = &e->layers[l];
        y->weights = EN(at)(e->parameters, y->weights_at);
        y->bias = EN(at)(e->parameters, y->bias_at);
        y->gradient = EN(at)(e->gradient, y->weights_at);
        y->bias_gradient = EN(at)(e->gradient, y->bias_at);
        for (size_t s = 0; s < 2; s++) {
            y->state[s] = EN(at)(e->state[s], y->weights_at);
            y->bias_state[s] = EN(at)(e->state[s], y->bias_at);
        }
        if (y->column && l > 0) {
            y->transposed = y->weights;
        }
    }
}

/* Where the part of the parameters begins whose gradient the shallow net takes; it reaches to the end. */
static size_t
EN(shallow_from)(const EN(engine) * e)
{
    const EN(layer) *hidden = &e->layers[e->L - 2];
    return e->shallow.inputs > 0 ? hidden->weights_at : hidden->bias_at;
}

/* Where that gradient goes: laid out as the parameters, which a chunk has room for. */
static void
EN(set_shallow_gradient)(EN(engine) * e, T *gradient)
{
    const EN(layer) *hidden = &e->layers[e->L - 2], *top = hidden + 1;
    const size_t from = EN(shallow_from)(e);
    e->shallow.gradient = gradient;
    e->shallow.bias_gradient = gradient + (hidden->bias_at - from);
    e->shallow.top_gradient = gradient + (top->weights_at - from);
    e->shallow.top_bias_gradient = gradient + (top->bias_at - from);
}

/* The arrays of the last two layers as the kernels' shallow net. */
static void
EN(set_shallow)(EN(engine) * e)
{
    const EN(layer) *hidden = &e->layers[e->L - 2], *top = hidden + 1;
    e->shallow = (SHALLOW){.inputs = e->L == 2 && hidden->N <= IL_SHALLOW_INPUTS ? hidden->N : 0,
                           .units = hidden->M,
                           .activation = hidden->activation,
                           .weights = hidden->weights,
                           .bias = hidden->bias,
                           .top_weights = top->weights,
                           .top_bias = top->bias,
                           .z = hidden->z,
                           .a = hidden->a,
                           .out = top->z,
                           .delta = top->d,
                           .d = hidden->d};
}

/* Counts the arrays of an engine (arena base NULL) or hands them out. */
static void
EN(carve)(EN(engine) * e, const il_net *net, unsigned passes, const il_optimizer *optimizer, il_arena *arena)
{
    const size_t W = e->k->lanes;
    /* Not for who keeps z, and reads all deltas: those of a shallow net of inputs never leave the registers. */
    const int shallow = passes == IL_BACKWARD && EN(is_shallow)(net, W);
    const size_t R = shallow ? EN(whole)(e->rows, IL_SHALLOW_STRIP * W) : e->rows;
    size_t widest = 1, bytes = 0;
    EN(layer) *layers = il_arena_take(arena, e->L, sizeof *layers);
    for (size_t l = 0; l < e->L; l++) {
        /* Field by field: to clear a layer first would take a tiny net a tenth of its row. */
        EN(layer) counted, *y = layers != NULL ? &layers[l] : &counted;
        y->N = net->widths[l];
        y->M = net->widths[l + 1];
        y->activation = net->activations[l];
        y->column = y->M == 1 && l + 1 == e->L;
        if (y->column) {
            y->w = 1;
            y->contract = e->k->contract_column;
        } else if (y->M <= W) {
            y->w = W;
            y->contract = e->k->contract_narrow;
        } else {
            y->w = 2 * W;
            y->contract = e->k->contract_wide;
        }
        y->panels = EN(panel_count)(y->M, y->w);
        y->pieces = EN(panel_count)(y->N, IL_CHUNK) * y->panels;
        widest = y->M > widest ? y->M : widest;
        const size_t columns = y->panels * y->w;
        if (columns < y->M || y->N > SIZE_MAX / columns || R > SIZE_MAX / columns) {
            arena->overflow = 1;
            return;
        }
        if (passes & IL_BACKWARD) {
            y->panel_step = y->N * y->w;
            y->row_step = y->w;
            const size_t weights = y->column ? EN(whole)(y->N, 2 * W) : y->N * columns;
            y->weights_at = bytes / sizeof(T);
            arena->overflow |= !il_size_add(&bytes, weights, sizeof(T));
            y->bias_at = bytes / sizeof(T);
            arena->overflow |= !il_size_add(&bytes, columns, sizeof(T));
        } else {
            y->panel_step = y->w;
            y->row_step = y->M;
            y->weights = (T *)net->parameters + net->weight_offset[l];
            y->bias = (T *)net->parameters + net->bias_offset[l];
        }
        if (!y->column) { /* else those of the logits */
            y->z = il_arena_take(arena, R * columns, sizeof(T));
            const int apart = (passes & IL_KEEP_Z) || il_activation_needs_z(y->activation.kind);
            y->a = apart ? il_arena_take(arena, R * columns, sizeof(T)) : y->z;
        }
        y->d = y->transposed = NULL;
        if (passes & IL_BACKWARD) {
            y->d = il_arena_take(arena, R * columns, sizeof(T));
            if (l > 0 && !y->column) {
                const size_t below = y->N <= W ? W : 2 * W;
                const size_t padded = EN(panel_count)(y->N, below) * below;
                if (y->M > SIZE_MAX / padded) {
                    arena->overflow = 1;
                    return;
                }
                y->transposed = il_arena_take(arena, y->M * padded, sizeof(T));
            }
        }
    }
    e->layers = layers;
    const size_t M = net->widths[e->L];
    const size_t work_rows = R > IL_SUM_LANES ? R : IL_SUM_LANES;
    if (work_rows > SIZE_MAX / widest) {
        arena->overflow = 1;
        return;
    }
    e->logits = il_arena_take(arena, R * M, sizeof(T));
    e->outputs = e->loss == IL_MSE ? e->logits : il_arena_take(arena, R * M, sizeof(T));
    e->work = il_arena_take(arena, work_rows * widest, sizeof(T));
    e->log_sum = il_arena_take(arena, R, sizeof(T));
    e->chunk = e->sums = NULL;
    if (passes & IL_BACKWARD) { /* inference of one row has not the time to clear them */
        const size_t threads = il_team_size(e->team);
        e->chunk = il_arena_take(arena, threads * IL_CHUNK * 2 * W, sizeof(T));
        e->sums = il_arena_take(arena, threads * 2 * W, sizeof(T));
    }
    e->shallow.units = e->shallow.inputs = 0;
    e->delta = e->work;
    if (passes & IL_BACKWARD) {
        e->count = bytes / sizeof(T);
        EN(carve_parameters)(e, optimizer, arena);
    }
    if (layers != NULL && layers[e->L - 1].column) {
        EN(layer) *top = &layers[e->L - 1];
        top->z = top->a = e->logits;
        e->delta = top->d;
        if (shallow) {
            EN(set_shallow)(e);
        }
    }
}

/* Plain rows [rows][M] into panels [panels][rows][w]; padding columns are left as they are. */
static void
EN(pack)(size_t rows, size_t M, size_t w, const T *plain, T *panels)
{
    if (M == 1) { /* not `rows` calls of memcpy */
        for (size_t r = 0; r < rows; r++) {
            panels[r * w] = plain[r];
        }
        return;
    }
    for (size_t c0 = 0; c0 < M; c0 += w, panels += rows * w) {
        const size_t columns = M - c0 < w ? M - c0 : w;
        for (size_t r = 0; r < rows; r++) {
            il_copy(panels + r * w, plain + r * M + c0, columns * sizeof(T));
        }
    }
}

void
EN(unpack)(size_t rows, size_t M, size_t w, const T *panels, size_t step, T *plain)
{
    if (M == 1) {
        for (size_t r = 0; r < rows; r++) {
            plain[r] = panels[r * w];
        }
        return;
    }
    for (size_t c0 = 0; c0 < M; c0 += w, panels += step) {
        const size_t columns = M - c0 < w ? M - c0 : w;
        for (size_t r = 0; r < rows; r++) {
            il_copy(plain + r * M + c0, panels + r * w, columns * sizeof(T));
        }
    }
}

/* Rows n0..n1-1 of panel p of the weights into the transposed copy. */
static void
EN(refresh_transposed)(const EN(engine) * e, size_t l, size_t p, size_t n0, size_t n1)
{
    const EN(layer) *y = &e->layers[l];
    if (y->transposed == NULL || y->transposed == y->weights) {
        return;
    }
    const size_t below = e->layers[l - 1].w;
    const size_t columns = y->M - p * y->w < y->w ? y->M - p * y->w : y->w;
    for (size_t n = n0; n < n1;) {
        const size_t q = n / below, end = (q + 1) * below < n1 ? (q + 1) * below : n1;
        const T *src = y->weights + p * y->panel_step + n * y->w;
        T *dst = y->transposed + (q * y->M + p * y->w) * below + n % below;
        e->k->transpose(end - n, columns, src, y->w, dst, below);
        n = end;
    }
}

/* The net's parameters into the engine's panels. */
static void
EN(load)(EN(engine) * e, const il_net *net)
{
    for (size_t l = 0; l < e->L; l++) {
        EN(layer) *y = &e->layers[l];
        EN(pack)(y->N, y->M, y->w, (const T *)net->parameters + net->weight_offset[l], y->weights);
        EN(pack)(1, y->M, y->w, (const T *)net->parameters + net->bias_offset[l], y->bias);
        for (size_t p = 0; p < y->panels; p++) {
            EN(refresh_transposed)(e, l, p, 0, y->N);
        }
    }
}

void
EN(load_state)(EN(engine) * e, const il_net *net)
{
    for (size_t l = 0; l < e->L; l++) {
        EN(layer) *y = &e->layers[l];
        for (size_t s = 0; s < 2; s++) {
            if (y->state[s] != NULL) {
                EN(pack)(y->N, y->M, y->w, (const T *)net->slots[s] + net->weight_offset[l], y->state[s]);
                EN(pack)(1, y->M, y->w, (const T *)net->slots[s] + net->bias_offset[l], y->bias_state[s]);
            }
        }
    }
}

void
EN(unpack_weights)(const EN(layer) * y, const T *panels, T *plain)
{
    EN(unpack)(y->N, y->M, y->w, panels, y->N * y->w, plain);
}

void
EN(unpack_bias)(const EN(layer) * y, const T *panels, T *plain)
{
    EN(unpack)(1, y->M, y->w, panels, y->w, plain);
}

void
EN(save)(const EN(engine) * e, il_net *net)
{
    for (size_t l = 0; l < e->L; l++) {
        const EN(layer) *y = &e->layers[l];
        EN(unpack_weights)(y, y->weights, (T *)net->parameters + net->weight_offset[l]);
        EN(unpack_bias)(y, y->bias, (T *)net->parameters + net->bias_offset[l]);
        for (size_t s = 0; s < 2; s++) {
            if (y->state[s] != NULL) {
                EN(unpack_weights)(y, y->state[s], (T *)net->slots[s] + net->weight_offset[l]);
                EN(unpack_bias)(y, y->bias_state[s], (T *)net->slots[s] + net->bias_offset[l]);
            }
        }
    }
}

il_status
EN(create)(EN(engine) * e, const il_net *net, const SET *k, size_t rows, unsigned passes,
           const il_optimizer *optimizer, il_team *team)
{
    e->k = k;
    e->L = net->layers;
    e->loss = net->loss;
    e->rows = rows;
    e->team = team;
    e->block = NULL;
    il_arena arena = {.base = NULL};
    if (!(passes & IL_BACKWARD)) { /* training needs its memory zeroed, and more of it */
        arena = (il_arena){.base = e->own, .capacity = sizeof e->own, .as_it_comes = 1};
    }
    EN(carve)(e, net, passes, optimizer, &arena);
    if (!il_arena_fits(&arena)) {
        e->block = il_arena_allocate(&arena);
        if (e->block == NULL) {
            return IL_ERROR_MEMORY;
        }
        EN(carve)(e, net, passes, optimizer, &arena);
    }
    if (passes & IL_BACKWARD) {
        EN(load)(e, net);
    }
    return IL_OK;
}

void
EN(destroy)(EN(engine) * e)
{
    il_release(e->block);
}

/* One pass of a layer over R samples. */
typedef struct EN(pass) {
    const EN(engine) * e;
    size_t l, R;
    const T *x; /* [R][N] of the first layer */
    const UPDATE *update;
    int add; /* to what gradients there are */
} EN(pass);

/* The parts of a pass, by the team where they are worth it. */
IL_INLINE void
EN(share)(EN(pass) * pass, il_work work)
{
    const EN(layer) *y = &pass->e->layers[pass->l];
    il_team_run(pass->R * y->N * y->M < IL_TEAM_WORTH ? NULL : pass->e->team, work, pass);
}

/* Has panel p of a layer no more columns than the half of it? */
static int
EN(is_half)(const EN(engine) * e, const EN(layer) * y, size_t p)
{
    return (p + 1) * y->w >= y->M + e->k->lanes;
}

/* The layer's inputs as the left side of a product. */
static void
EN(set_inputs)(CONTRACTION * job, const EN(pass) * pass)
{
    const EN(layer) *y = &pass->e->layers[pass->l];
    if (pass->l == 0) {
        job->a = pass->x;
        job->a_row = y->N;
        job->a_panel = 2 * pass->e->k->lanes;
    } else {
        const EN(layer) *below = y - 1;
        job->a = below->a;
        job->a_row = below->w;
        job->a_panel = pass->R * below->w;
    }
}

/* z = a_below W + b of one layer, and a. */
static void
EN(activate_panels)(void *context, il_part part)
{
    const EN(pass) *pass = context;
    const EN(engine) *e = pass->e;
    const size_t l = pass->l, R = pass->R;
    const EN(layer) *y = &e->layers[l];
    size_t begin, end;
    il_share(y->panels, part, &begin, &end);
    CONTRACTION job = {.rows = R, .K = y->N, .b_row = y->row_step};
    EN(set_inputs)(&job, pass);
    for (size_t p = begin; p < end; p++) {
        job.b = y->weights + p * y->panel_step;
        job.start = y->bias + p * y->w;
        job.c = y->z + p * R * y->w;
        job.half = EN(is_half)(e, y, p);
        y->contract(&job);
        if (l + 1 < e->L) {
            e->k->activate(y->activation, R * y->w, job.c, y->a + p * R * y->w);
        }
    }
}

void
EN(redirect_outputs)(EN(engine) * e, T *out)
{
    e->logits = e->logits == e->outputs ? out : e->logits;
    e->outputs = out;
    EN(layer) *top = &e->layers[e->L - 1];
    if (top->column) {
        top->z = top->a = e->logits;
    }
}

void
EN(forward)(EN(engine) * e, size_t R, const T *x)
{
    if (e->shallow.inputs > 0 && e->layers[0].panels == 1) {
        e->k->shallow_forward(&e->shallow, R, x);
    } else {
        for (size_t l = 0; l < e->L; l++) {
            EN(pass) pass = {.e = e, .l = l, .R = R, .x = x};
            EN(share)(&pass, EN(activate_panels));
        }
    }
    const EN(layer) *top = &e->layers[e->L - 1];
    const il_activation sigmoid = {IL_SIGMOID, 0};
    if (top->z != e->logits) {
        EN(unpack)(R, top->M, top->w, top->z, R * top->w, e->logits);
    }
    switch (e->loss) {
    case IL_BINARY_CROSS_ENTROPY: e->k->activate(sigmoid, R * top->M, e->logits, e->outputs); break;
    case IL_CROSS_ENTROPY: e->k->softmax(R, top->M, e->logits, e->work, e->outputs, e->log_sum); break;
    default: break; /* outputs are the logits */
    }
}

void
EN(add_loss)(EN(engine) * e, size_t R, const T *y, double lanes[IL_SUM_LANES])
{
    const size_t M = e->layers[e->L - 1].M;
    switch (e->loss) {
    case IL_BINARY_CROSS_ENTROPY:
        e->k->binary_cross_entropy(R * M, e->logits, y, e->work);
        e->k->sum(R * M, e->work, lanes);
        break;
    case IL_CROSS_ENTROPY:
        e->k->cross_entropy(R, M, e->logits, y, e->log_sum, e->work);
        e->k->sum(R, e->work, lanes);
        break;
    default: e->k->sum_squared_differences(R * M, e->outputs, y, lanes);
    }
}

double
EN(loss_count)(const EN(engine) * e, size_t B)
{
    const size_t M = e->loss == IL_CROSS_ENTROPY ? 1 : e->layers[e->L - 1].M;
    return (double)B * (double)M;
}

void
EN(output_delta)(EN(engine) * e, size_t R, const T *y, size_t B)
{
    const EN(layer) *top = &e->layers[e->L - 1];
    const T numerator = e->loss == IL_MSE ? 2 : 1;
    const T c = numerator / (T)EN(loss_count)(e, B);
    e->k->delta(R * top->M, e->outputs, y, c, e->delta);
    if (top->d != e->delta) {
        EN(pack)(R, top->M, top->w, e->delta, top->d);
    }
}

/* d of the layer below from d of this one, by the weights before their update. */
static void
EN(backward_panels)(void *context, il_part part)
{
    const EN(pass) *pass = context;
    const EN(engine) *e = pass->e;
    const size_t R = pass->R;
    const EN(layer) *y = &e->layers[pass->l], *below = y - 1;
    size_t begin, end;
    il_share(below->panels, part, &begin, &end);
    CONTRACTION job = {.rows = R,
                       .K = y->M,
                       .a = y->d,
                       .a_row = y->w,
                       .a_panel = R * y->w,
                       .b_row = below->w};
    for (size_t q = begin; q < end; q++) {
        const size_t at = q * R * below->w;
        job.b = y->transposed + q * y->M * below->w;
        job.c = below->d + at;
        job.half = EN(is_half)(e, below, q);
        below->contract(&job);
        e->k->derive(below->activation, R * below->w, below->z + at, below->a + at, job.c, job.c);
    }
}

/* Rows n0..n1-1 of panel p: a piece of a layer's weights and gradient. */
typedef struct EN(piece) {
    size_t p, n0, n1;
} EN(piece);

/* All panels of some rows, then of the next: the samples' columns stay in cache. */
static EN(piece)
EN(piece_at)(const EN(layer) * y, size_t index)
{
    size_t p = index, n0 = 0;
    for (; p >= y->panels; p -= y->panels) { /* a few times; a division takes as long, and for the first piece too */
        n0 += IL_CHUNK;
    }
    return (EN(piece)){p, n0, y->N - n0 < IL_CHUNK ? y->N : n0 + IL_CHUNK};
}

/* Gradient of a piece into out [n1 - n0][w]; with the first rows that of the bias, into sums [w]. */
static void
EN(weight_gradient)(const EN(pass) * pass, EN(piece) piece, T *out, T *sums)
{
    const size_t R = pass->R;
    const EN(layer) *y = &pass->e->layers[pass->l];
    CONTRACTION job = {.rows = piece.n1 - piece.n0,
                       .K = R,
                       .transposed = 1,
                       .b = y->d + piece.p * R * y->w,
                       .b_row = y->w,
                       .c = out,
                       .half = EN(is_half)(pass->e, y, piece.p),
                       .sums = piece.n0 == 0 ? sums : NULL};
    EN(set_inputs)(&job, pass);
    job.a += piece.n0 / (2 * pass->e->k->lanes) * job.a_panel;
    y->contract(&job);
}

/* `bias` for the bias gradient of a layer; NULL where the pass over a shallow net has taken that. */
static T *
EN(unless_taken)(const EN(engine) * e, size_t l, T *bias)
{
    return e->shallow.units > 0 && l + 2 == e->L ? NULL : bias;
}

/* Where a thread keeps a piece of gradient that is on its way into a sum or an update. */
static T *
EN(own_chunk)(const EN(engine) * e, il_part part)
{
    return e->chunk + part.member * IL_CHUNK * 2 * e->k->lanes;
}

static T *
EN(own_sums)(const EN(engine) * e, il_part part)
{
    return e->sums + part.member * 2 * e->k->lanes;
}

static void
EN(store_pieces)(void *context, il_part part)
{
    const EN(pass) *pass = context;
    const EN(engine) *e = pass->e;
    const EN(layer) *y = &e->layers[pass->l];
    T *const chunk = EN(own_chunk)(e, part), *const sums = EN(unless_taken)(e, pass->l, EN(own_sums)(e, part));
    size_t begin, end;
    il_share(y->pieces, part, &begin, &end);
    for (size_t i = begin; i < end; i++) {
        const EN(piece) piece = EN(piece_at)(y, i);
        T *const out = y->gradient + (piece.p * y->N + piece.n0) * y->w;
        T *const bias = EN(unless_taken)(e, pass->l, y->bias_gradient + piece.p * y->w);
        EN(weight_gradient)(pass, piece, pass->add ? chunk : out, pass->add ? sums : bias);
        if (pass->add) {
            e->k->add((piece.n1 - piece.n0) * y->w, chunk, out);
            if (piece.n0 == 0 && sums != NULL) {
                e->k->add(y->w, sums, bias);
            }
        }
    }
}

/* The gradient of a shallow net; returns how many layers are left below it. */
static size_t
EN(store_shallow)(EN(engine) * e, size_t R, const T *x, int add)
{
    const size_t from = EN(shallow_from)(e);
    EN(set_shallow_gradient)(e, add ? e->chunk : e->gradient + from);
    e->k->shallow_backward(&e->shallow, R, x);
    if (add) {
        e->k->add(e->count - from, e->chunk, e->gradient + from);
    }
    return e->shallow.inputs > 0 ? 0 : e->L - 1;
}

void
EN(store_gradients)(EN(engine) * e, size_t R, const T *x, int add)
{
    for (size_t l = e->shallow.units > 0 ? EN(store_shallow)(e, R, x, add) : e->L; l-- > 0;) {
        EN(pass) pass = {.e = e, .l = l, .R = R, .x = x, .add = add};
        if (l > 0) {
            EN(share)(&pass, EN(backward_panels));
        }
        EN(share)(&pass, EN(store_pieces));
    }
}

void
EN(gradient_squares)(const EN(engine) * e, size_t l, double lanes[IL_SUM_LANES])
{
    const EN(layer) *y = &e->layers[l];
    for (size_t n = 0; n < y->N; n += IL_SUM_LANES) { /* 8 rows: pieces are multiples of 8 */
        const size_t rows = y->N - n < IL_SUM_LANES ? y->N - n : IL_SUM_LANES;
        EN(unpack)(rows, y->M, y->w, y->gradient + n * y->w, y->N * y->w, e->work);
        e->k->sum_squares(rows * y->M, e->work, lanes);
    }
}

/* One step of n parameters from the at-th on; n is filled up to whole vectors. */
static void
EN(update)(const EN(engine) * e, const UPDATE *u, size_t at, size_t n, const T *gradient)
{
    e->k->update(u, EN(whole)(n, e->k->lanes), gradient, e->parameters + at, EN(at)(e->state[0], at),
                 EN(at)(e->state[1], at));
}

/* A share of all parameters, whatever layer they are of. */
static void
EN(update_share)(void *context, il_part part)
{
    const EN(pass) *pass = context;
    const EN(engine) *e = pass->e;
    const size_t unit = e->k->lanes;
    size_t begin, end;
    il_share(e->count / unit, part, &begin, &end);
    EN(update)(e, pass->update, begin * unit, (end - begin) * unit, e->gradient + begin * unit);
}

static void
EN(refresh_pieces)(void *context, il_part part)
{
    const EN(pass) *pass = context;
    const EN(layer) *y = &pass->e->layers[pass->l];
    size_t begin, end;
    il_share(y->pieces, part, &begin, &end);
    for (size_t i = begin; i < end; i++) {
        const EN(piece) piece = EN(piece_at)(y, i);
        EN(refresh_transposed)(pass->e, pass->l, piece.p, piece.n0, piece.n1);
    }
}

void
EN(update_stored)(EN(engine) * e, const UPDATE *u)
{
    EN(pass) all = {.e = e, .update = u};
    il_team_run(e->count < IL_TEAM_WORTH ? NULL : e->team, EN(update_share), &all);
    for (size_t l = 1; l < e->L; l++) {
        EN(pass) pass = {.e = e, .l = l, .R = 1};
        EN(share)(&pass, EN(refresh_pieces));
    }
}

static void
EN(fuse_pieces)(void *context, il_part part)
{
    const EN(pass) *pass = context;
    const EN(engine) *e = pass->e;
    const EN(layer) *y = &e->layers[pass->l];
    T *const chunk = EN(own_chunk)(e, part);
    T *const sums = EN(unless_taken)(e, pass->l, EN(own_sums)(e, part));
    size_t begin, end;
    il_share(y->pieces, part, &begin, &end);
    for (size_t i = begin; i < end; i++) {
        const EN(piece) piece = EN(piece_at)(y, i);
        EN(weight_gradient)(pass, piece, chunk, sums);
        EN(update)(e, pass->update, y->weights_at + (piece.p * y->N + piece.n0) * y->w, (piece.n1 - piece.n0) * y->w,
                   chunk);
        EN(refresh_transposed)(e, pass->l, piece.p, piece.n0, piece.n1);
        if (piece.n0 == 0 && sums != NULL) {
            EN(update)(e, pass->update, y->bias_at + piece.p * y->w, y->w, sums);
        }
    }
}

void
EN(update_fused)(EN(engine) * e, size_t R, const T *x, const UPDATE *u)
{
    size_t l = e->L;
    if (e->shallow.units > 0) {
        const size_t from = EN(shallow_from)(e);
        l = EN(store_shallow)(e, R, x, 0);
        EN(update)(e, u, from, e->count - from, e->gradient + from);
    }
    while (l-- > 0) {
        EN(pass) pass = {.e = e, .l = l, .R = R, .x = x, .update = u};
        if (l > 0) {
            EN(share)(&pass, EN(backward_panels)); /* before this layer's weights change */
        }
        EN(share)(&pass, EN(fuse_pieces));
    }
}

int
EN(deltas_finite)(const EN(engine) * e, size_t R)
{
    return e->k->all_finite(R * e->layers[e->L - 1].M, e->delta);
}
