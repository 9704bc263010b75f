"""What shop systems export, read into the rows of an index file.

A format's own module knows its columns; all of them fill the same :class:`~placket.shops.catalogue.Catalogue`, from
which :mod:`placket.shops.rows` makes rows.
"""
