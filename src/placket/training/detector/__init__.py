"""The garment detector: targets, augmentation, network, loss, training, evaluation."""
