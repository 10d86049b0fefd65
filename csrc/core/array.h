/*
 * array.h - elements of arrays whose type is known by its size alone: above the kernels an array is a void *, and
 * `element` the bytes of a value, those of float or of double.
 */
#ifndef IL_ARRAY_H
#define IL_ARRAY_H

#include <stddef.h>

/* Element n of an array. */
static inline void *
il_at(void *array, size_t n, size_t element)
{
    return (unsigned char *)array + n * element;
}

static inline const void *
il_const_at(const void *array, size_t n, size_t element)
{
    return (const unsigned char *)array + n * element;
}

/* The same, or NULL where the array is missing: the optimizer keeps no such state, or the arena only counts bytes. */
static inline void *
il_at_if_any(void *array, size_t n, size_t element)
{
    return array != NULL ? il_at(array, n, element) : NULL;
}

/* Value n of an array. In loops that take time, a kernel's to_doubles() first. */
static inline double
il_value(const void *array, size_t n, size_t element)
{
    return element == sizeof(float) ? (double)((const float *)array)[n] : ((const double *)array)[n];
}

#endif
