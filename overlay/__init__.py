"""The overlay: a small window that says what to press next, and why. It reads pixels, shows advice, and touches nothing else."""
