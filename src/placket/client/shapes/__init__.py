"""Shapes of answers, with the names of the guides.

They are the JSON values as they came: a newer server's additions are kept.
"""
