"""Training, evaluation and export of Placket's networks (extra `train`; needs PyTorch, Pillow, numpy, pyarrow)."""
