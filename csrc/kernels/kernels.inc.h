/*
 * kernels.inc.h - every kernel of one ISA and one precision. Expects the names of precision_f32.h or
 * precision_f64.h, and ISA.
 */
enum { FN(lanes) = W };

#include "math.inc.h"
#include "activation.inc.h"
#include "short.inc.h"
#include "contract.inc.h"
#include "layout.inc.h"
#include "column.inc.h"
#include "shallow.inc.h"
#include "lanes.inc.h"
#include "loss.inc.h"
#include "optimizer.inc.h"
#include "random.inc.h"
#include "reduce.inc.h"
