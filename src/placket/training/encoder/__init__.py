"""The garment encoder: crops, targets, network, losses, training, calibration, evaluation."""
