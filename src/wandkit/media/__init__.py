"""Tables, images, audio and other objects of artifacts, read from and written to the official forms.

    table = artifact.get("predictions")
    draft.add(Table(["step", "picture"], [[1, Image("one.png")]]), "samples")

Nothing here asks a server. What a type that is not known here says is kept as it is.
"""

from __future__ import annotations

from wandkit.media.image import Classes, Image, ImageMask
from wandkit.media.media import Audio, Bokeh, Html, Media, Molecule, Object3D, Origin, Video
from wandkit.media.object import MediaObject, read_object
from wandkit.media.table import JoinedTable, PartitionedTable, Table

__all__ = [
    "Audio",
    "Bokeh",
    "Classes",
    "Html",
    "Image",
    "ImageMask",
    "JoinedTable",
    "Media",
    "MediaObject",
    "Molecule",
    "Object3D",
    "Origin",
    "PartitionedTable",
    "Table",
    "Video",
    "read_object",
]
