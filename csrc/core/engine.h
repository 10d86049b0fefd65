/* engine.h - the engine of both precisions, and its constants. */
#ifndef IL_ENGINE_H
#define IL_ENGINE_H

#include <string.h>

#include "cpu.h"
#include "dispatch.h"
#include "memory.h"
#include "net.h"
#include "team.h"

/* Rows of a weight gradient worked on at a time: 96 rows of 16 floats are 6 KiB, and 96 is a
 * multiple of every panel's width and of the tiles' 6 and 8 rows. */
#define IL_CHUNK 96

/* Samples that pass through all layers together in inference. */
#define IL_INFERENCE_ROWS 128

/* Multiply-adds below which a team would take longer to call than to help: about 2 microseconds. */
#define IL_TEAM_WORTH 65536

/* The gradients of a shallow net, each array filled up to the alignment, fit into a chunk: in rows of two values, where
 * to fill up takes most. */
_Static_assert((IL_SHALLOW_INPUTS + 2) * IL_SHALLOW_PANELS + 2 * IL_ALIGNMENT / sizeof(float) <= IL_CHUNK,
               "a shallow net's gradients are larger than a chunk");

/* Bytes that an engine has in itself: to allocate them takes as long as a tiny net takes for a row. */
#define IL_ENGINE_OWN 4096

/* What an engine is made for, beside the forward pass. */
enum { IL_FORWARD = 0, IL_KEEP_Z = 1, IL_BACKWARD = 2 };

/* The reduction's last line (NUMERICS 3.6). */
static inline double
il_lanes_total(const double l[IL_SUM_LANES])
{
    return ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]));
}

#define T float
#define P f32
#include "engine_api.inc.h"
#define T double
#define P f64
#include "engine_api.inc.h"

#endif
