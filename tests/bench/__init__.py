"""Speed against peers: `python -m tests.bench`."""

import os

# One thread each; to be said before anything starts NumPy's BLAS.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
# A cap would make one thread of two.
os.environ.pop("INITLENS_NUM_THREADS", None)
