/* copy.h - copies of a few bytes, for rows of panels and samples: a call of memcpy would take longer. */
#ifndef IL_COPY_H
#define IL_COPY_H

#include <stddef.h>
#include <string.h>

/* The first and the last `piece` bytes, which may overlap. */
static inline void
il_copy_ends(void *to, const void *from, size_t bytes, size_t piece)
{
    memcpy(to, from, piece);
    memcpy((unsigned char *)to + bytes - piece, (const unsigned char *)from + bytes - piece, piece);
}

/* memcpy for 4 bytes or more. Rows of all panels, 16 to 128 bytes, take a few moves. */
static inline void
il_copy(void *to, const void *from, size_t bytes)
{
    if (bytes >= 32) {
        if (bytes == 64) {
            memcpy(to, from, 64);
        } else if (bytes < 64) {
            il_copy_ends(to, from, bytes, 32);
        } else if (bytes == 128) {
            memcpy(to, from, 128);
        } else {
            memcpy(to, from, bytes);
        }
    } else if (bytes >= 16) {
        il_copy_ends(to, from, bytes, 16);
    } else if (bytes >= 8) {
        il_copy_ends(to, from, bytes, 8);
    } else {
        il_copy_ends(to, from, bytes, 4);
    }
}

#endif
