"""Element shapes: one description of an element's content serves reading, checking and writing.

A shape is built from parts, in the order of the schema. Reading collects every problem instead of stopping at the
first; writing raises LocalProtocolError for a value that the schema has no text for.
"""

from linkbox.dcc.duis.shape.content import Attr, Content
from linkbox.dcc.duis.shape.findings import Findings, Kids, Out, Part, Shape, Values, tag_of
from linkbox.dcc.duis.shape.parts import Child, Choice, Flag, Leaf, Many, Named, Nest, Withheld, by_class
from linkbox.dcc.duis.shape.records import Empty, Plain, Record, Single, Text

__all__ = [
    "Attr",
    "Child",
    "Choice",
    "Content",
    "Empty",
    "Findings",
    "Flag",
    "Kids",
    "Leaf",
    "Many",
    "Named",
    "Nest",
    "Out",
    "Part",
    "Plain",
    "Record",
    "Shape",
    "Single",
    "Text",
    "Values",
    "Withheld",
    "by_class",
    "tag_of",
]
