"""Neural networks of dense layers (multilayer perceptrons)."""

import math

from processing.kernels.dense import add_products
from processing.kernels.jit import FLOATS, FLOATS2, INT, NOTHING, kernel, record, records
from processing.kernels.links import apply

LAYER = record(("inputs", "i8"), ("outputs", "i8"), ("first", "i8"))
"""first : where its weights begin, row by row of the inputs; behind them its biases."""

IDENTITY, RELU, TANH, LOGISTIC = range(4)


@kernel(NOTHING, FLOATS2, records(LAYER), FLOATS, INT, INT, FLOATS2, FLOATS2)
def score(rows, layers, weights, activation, link, units, out):
    """rows : float64[n, inputs], units : float64[layers, widest], scratch, out : float64[n, outputs], output."""
    for r in range(rows.shape[0]):
        before = rows[r]
        for k in range(layers.size):
            layer = layers[k]
            bias = layer.first + layer.inputs * layer.outputs
            after = units[k]
            for j in range(layer.outputs):
                after[j] = weights[bias + j]
            add_products(before, weights[layer.first : bias].reshape(layer.inputs, layer.outputs), after)
            if k + 1 < layers.size:
                if activation == RELU:
                    for j in range(layer.outputs):
                        after[j] = 0.0 if after[j] < 0.0 else after[j]  # NaN stays
                elif activation == TANH:
                    for j in range(layer.outputs):
                        after[j] = math.tanh(after[j])
                elif activation == LOGISTIC:
                    for j in range(layer.outputs):
                        after[j] = 1.0 / (1.0 + math.exp(-after[j]))
            before = after
        for o in range(out.shape[1]):
            out[r, o] = before[o]
        apply(link, out, r)
