"""The fast form of the per-frame networks: packed weights, fused steps, recorded graphs."""
