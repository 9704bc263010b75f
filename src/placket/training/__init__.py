"""Training, evaluation and export of Placket's networks (extra `train`; needs PyTorch, Pillow, numpy, pyarrow)."""

import os

# As in placket.vision: ONNX Runtime is not to report to its maker.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
