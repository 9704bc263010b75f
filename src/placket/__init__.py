"""Self-hosted fashion vision: finds garments in photos, tags them, and finds what looks alike."""

__version__ = "0.1.0"
