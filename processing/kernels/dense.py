"""A row times a matrix: what neural networks, kernel features and subspaces do most.

BLAS is faster on many rows, but the last bit of a row then depends on the rows beside it; here terms are always added in the order of the
inputs.
"""

from processing.kernels.jit import inline


@inline
def add_products(row, matrix, sums):
    """row : float64[inputs], matrix : float64[inputs, outputs], sums : float64[outputs], changed.

    Eight inputs at a time, since each sum is read and written once for them.
    """
    inputs, outputs = matrix.shape
    i = 0
    while i + 8 <= inputs:
        a, b, c, d, e, f, g, h = (
            row[i],
            row[i + 1],
            row[i + 2],
            row[i + 3],
            row[i + 4],
            row[i + 5],
            row[i + 6],
            row[i + 7],
        )
        for j in range(outputs):
            total = sums[j]
            total += a * matrix[i, j]
            total += b * matrix[i + 1, j]
            total += c * matrix[i + 2, j]
            total += d * matrix[i + 3, j]
            total += e * matrix[i + 4, j]
            total += f * matrix[i + 5, j]
            total += g * matrix[i + 6, j]
            total += h * matrix[i + 7, j]
            sums[j] = total
        i += 8
    while i < inputs:
        a = row[i]
        for j in range(outputs):
            sums[j] += a * matrix[i, j]
        i += 1
