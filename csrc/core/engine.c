/* engine.c - both precisions of the engine. */
#include "engine.h"

#define T float
#define P f32
#include "engine_names.h"
#include "engine.inc.h"
#include "engine_end.h"

#define T double
#define P f64
#include "engine_names.h"
#include "engine.inc.h"
#include "engine_end.h"
