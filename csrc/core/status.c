/* status.c - what each il_status means, in words. */
#include "initlens.h"

const char *
il_status_message(il_status status)
{
    switch (status) {
    case IL_OK: return "success";
    case IL_ERROR_MEMORY: return "out of memory, or a size that no memory can hold";
    case IL_ERROR_ARGUMENT: return "an argument is out of its range";
    case IL_ERROR_NOT_FINITE: return "the data holds NaN or infinity";
    case IL_ERROR_INTERRUPTED: return "stopped by the caller between two steps";
    }
    return "unknown status";
}
