"""Operating regimes of a plant: settings that come in clear clumps, each window's regime the nearest of them."""
