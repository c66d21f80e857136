"""The golden archive: what the reference computes from synthetic weights, and our answer to it."""
