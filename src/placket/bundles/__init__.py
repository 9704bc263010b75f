"""The bundle that is shipped: ``bundle.json`` and the networks that it names lie in this folder."""
