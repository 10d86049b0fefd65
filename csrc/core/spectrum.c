/*
 * spectrum.c - Householder reduction to a tridiagonal matrix, then QL steps with Wilkinson's shift
 * (Golub & Van Loan, Matrix Computations, 8.3). No eigenvectors: the reduction's 2 n^3 operations are
 * all there is, a millisecond for n = 128, a tenth of Jacobi's. Vectors whose coordinates along them are
 * wanted take each reflection and rotation themselves.
 */
#include "spectrum.h"

#include <float.h>
#include <math.h>

/* Rows k + 1 .. n - 1 of x [n][columns], reflected by 1 - v v' / half. */
static void
reflect(size_t k, size_t n, const double *v, double half, size_t columns, double *x)
{
    for (size_t c = 0; c < columns; c++) {
        double along = 0;
        for (size_t i = k + 1; i < n; i++) {
            along += v[i] * x[i * columns + c];
        }
        along /= half;
        for (size_t i = k + 1; i < n; i++) {
            x[i * columns + c] -= along * v[i];
        }
    }
}

/* Rows a and b of so many columns, rotated into each other. */
static void
rotate(double sine, double cosine, size_t columns, double *a, double *b)
{
    for (size_t c = 0; c < columns; c++) {
        const double first = a[c], second = b[c];
        b[c] = sine * first + cosine * second;
        a[c] = cosine * first - sine * second;
    }
}

/* a becomes tridiagonal: diagonal [n], off[i] between i and i + 1; v, p [n] are scratch. */
static void
reduce(size_t n, double *a, double *diagonal, double *off, double *v, size_t columns, double *x)
{
    double *p = off; /* column k's off-diagonal is written after p's last use, and p starts behind it */
    for (size_t k = 0; k + 1 < n; k++) {
        const double *row = a + k * n;
        double square = 0;
        for (size_t i = k + 1; i < n; i++) {
            v[i] = row[i];
            square += v[i] * v[i];
        }
        const double size = row[k + 1] > 0 ? -sqrt(square) : sqrt(square);
        diagonal[k] = row[k];
        v[k + 1] -= size; /* v v' / half reflects the column onto size e1 */
        const double half = square - size * row[k + 1];
        if (half > 0) {
            for (size_t j = k + 1; j < n; j++) {
                p[j] = 0;
            }
            for (size_t i = k + 1; i < n; i++) {
                for (size_t j = k + 1; j < n; j++) {
                    p[j] += v[i] * a[i * n + j];
                }
            }
            double along = 0;
            for (size_t j = k + 1; j < n; j++) {
                p[j] /= half;
                along += v[j] * p[j];
            }
            for (size_t j = k + 1; j < n; j++) {
                p[j] -= along / (2 * half) * v[j];
            }
            for (size_t i = k + 1; i < n; i++) {
                for (size_t j = k + 1; j < n; j++) {
                    a[i * n + j] -= v[i] * p[j] + p[i] * v[j];
                }
            }
            reflect(k, n, v, half, columns, x);
        }
        off[k] = half > 0 ? size : row[k + 1];
    }
    diagonal[n - 1] = a[n * n - 1];
}

/* One QL step on rows low..high of a tridiagonal matrix, shifted by the eigenvalue of its upper left
 * corner that is nearer to d[low]. */
static void
ql_step(size_t low, size_t high, double *d, double *e, size_t columns, double *x)
{
    const double half = (d[low + 1] - d[low]) / (2 * e[low]);
    const double root = sqrt(half * half + 1);
    const double shift = d[low] - e[low] / (half + (half < 0 ? -root : root));
    double g = d[high] - shift, sine = 1, cosine = 1, carried = 0;
    for (size_t i = high; i-- > low;) {
        const double f = sine * e[i], b = cosine * e[i];
        const double r = sqrt(f * f + g * g);
        e[i + 1] = r;
        if (r == 0) { /* the matrix came apart here */
            d[i + 1] -= carried;
            e[high] = 0;
            return;
        }
        sine = f / r;
        cosine = g / r;
        g = d[i + 1] - carried;
        const double t = (d[i] - g) * sine + 2 * cosine * b;
        carried = sine * t;
        d[i + 1] = g + carried;
        g = cosine * t - b;
        rotate(sine, cosine, columns, x + i * columns, x + (i + 1) * columns);
    }
    d[low] -= carried;
    e[low] = g;
    e[high] = 0;
}

void
il_symmetric_eigenvalues(size_t n, double *a, double *values, size_t columns, double *x, double *work)
{
    enum { MOST_STEPS = 60 }; /* two or three are usual */
    double *off = work, largest = 0;
    for (size_t i = 0; i < n * n; i++) {
        largest = fabs(a[i]) > largest ? fabs(a[i]) : largest;
    }
    if (largest == 0) {
        for (size_t i = 0; i < n; i++) {
            values[i] = 0;
        }
        return;
    }
    for (size_t i = 0; i < n * n; i++) {
        a[i] /= largest; /* squares below neither overflow nor vanish */
    }
    reduce(n, a, values, off, work + n, columns, x);
    off[n - 1] = 0;
    for (size_t low = 0; low < n; low++) {
        for (int step = 0; step < MOST_STEPS; step++) {
            size_t high = low;
            while (high + 1 < n && fabs(off[high]) > DBL_EPSILON * (fabs(values[high]) + fabs(values[high + 1]))) {
                high++;
            }
            if (high == low) {
                break;
            }
            ql_step(low, high, values, off, columns, x);
        }
    }
    for (size_t i = 0; i < n; i++) {
        values[i] *= largest;
    }
}
