"""The way to the camera: a process of its own sends what the renderer leaves in shared memory."""
