"""Legends: which land-cover codes make up which class, and in which colour they are drawn.

`CLC2018` is the one that reBEN uses: the 44 level-3 codes of CORINE Land Cover, and 999 for pixels that no polygon
covers, become 19 classes or remain unlabelled. Another legend is another `Legend` value.

Sources: codes, names and colours as the European Environment Agency publishes them with CORINE Land Cover
(clc_legend.csv); the 19 classes from Sumbul et al., BigEarthNet-MM, IEEE GRSM 9(3), 2021, table 1.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reben.core.cards import colours_card
from reben.core.errors import LegendError

Rgb = tuple[int, int, int]

UNLABELLED = -1
"""Class index of pixels that belong to no class."""

_CODE_LIMIT = 1 << 16  # reference maps are uint16
_MOST_CLASSES = 127  # class maps are int8


@dataclass(frozen=True)
class LandCover:
    """One land-cover code of a legend."""

    code: int
    """Value in the reference map, 0 to 65,535."""
    name: str
    colour: Rgb
    """Red, green, blue, 0 to 255 each."""
    class_name: str | None
    """Class that it belongs to, or None if it stays unlabelled."""


@dataclass(frozen=True)
class Legend:
    """Land-cover codes and the classes they form.

    Raises:
        LegendError: if a code occurs twice or does not fit into uint16, or there are no or too many classes.
    """

    name: str
    entries: tuple[LandCover, ...]

    def __post_init__(self) -> None:
        codes = [entry.code for entry in self.entries]
        twice = sorted(code for code, count in Counter(codes).items() if count > 1)
        if twice:
            raise LegendError(f"legend {self.name}: code {twice[0]} occurs twice")
        beyond = [code for code in codes if not 0 <= code < _CODE_LIMIT]
        if beyond:
            raise LegendError(f"legend {self.name}: code {beyond[0]} must lie between 0 and {_CODE_LIMIT - 1}")
        if not self.class_names:
            raise LegendError(f"legend {self.name}: no code belongs to a class")
        if len(self.class_names) > _MOST_CLASSES:
            raise LegendError(f"legend {self.name}: has {len(self.class_names)} classes; at most {_MOST_CLASSES} work")

    def _repr_html_(self) -> str:
        """The classes in their colours, for notebooks."""
        return colours_card(f"Legend {self.name}", dict(zip(self.class_names, self.class_colours, strict=True)))

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, sorted: the order of label vectors and of model outputs."""
        return tuple(sorted({entry.class_name for entry in self.entries if entry.class_name is not None}))

    @cached_property
    def class_colours(self) -> tuple[Rgb, ...]:
        """Colour of each class, in the order of `class_names`: that of the first code that the legend lists for it."""
        first: dict[str | None, Rgb] = {}
        for entry in self.entries:
            first.setdefault(entry.class_name, entry.colour)
        return tuple(first[name] for name in self.class_names)

    @cached_property
    def _index_of_code(self) -> NDArray[np.int8]:
        """Class index per code; shape (65536,); -2 where the legend has no such code."""
        table = np.full(_CODE_LIMIT, UNLABELLED - 1, np.int8)
        for entry in self.entries:
            table[entry.code] = UNLABELLED if entry.class_name is None else self.class_names.index(entry.class_name)
        return table

    def class_map(self, codes: NDArray[np.uint16]) -> NDArray[np.int8]:
        """Class index of every pixel of a reference map, `UNLABELLED` (-1) where it belongs to no class.

        Args:
            codes: any shape, uint16.

        Raises:
            LegendError: if a pixel has a code that the legend does not know.
        """
        indices = self._index_of_code[codes]
        if indices.size and indices.min() < UNLABELLED:
            unknown = sorted({int(code) for code in codes[indices < UNLABELLED]})
            raise LegendError(
                f"code {', '.join(map(str, unknown[:5]))} is not part of legend {self.name}",
                hint="check that the map holds level-3 codes of this legend, such as 211",
            )
        return indices


def _clc(code: int, name: str, hex_colour: str, class_name: str | None) -> LandCover:
    red, green, blue = bytes.fromhex(hex_colour)
    return LandCover(code, name, (red, green, blue), class_name)


_URBAN = "Urban fabric"
_ARABLE = "Arable land"
_PERMANENT = "Permanent crops"
_GRASSLAND = "Natural grassland and sparsely vegetated areas"
_HEATHLAND = "Moors, heathland and sclerophyllous vegetation"
_AGRICULTURE = "Land principally occupied by agriculture, with significant areas of natural vegetation"

CLC2018 = Legend(
    "CLC2018",
    (
        _clc(111, "Continuous urban fabric", "E6004D", _URBAN),
        _clc(112, "Discontinuous urban fabric", "FF0000", _URBAN),
        _clc(121, "Industrial or commercial units", "CC4DF2", "Industrial or commercial units"),
        _clc(122, "Road and rail networks and associated land", "CC0000", None),
        _clc(123, "Port areas", "E6CCCC", None),
        _clc(124, "Airports", "E6CCE6", None),
        _clc(131, "Mineral extraction sites", "A600CC", None),
        _clc(132, "Dump sites", "A64D00", None),
        _clc(133, "Construction sites", "FF4DFF", None),
        _clc(141, "Green urban areas", "FFA6FF", None),
        _clc(142, "Sport and leisure facilities", "FFE6FF", None),
        _clc(211, "Non-irrigated arable land", "FFFFA8", _ARABLE),
        _clc(212, "Permanently irrigated land", "FFFF00", _ARABLE),
        _clc(213, "Rice fields", "E6E600", _ARABLE),
        _clc(221, "Vineyards", "E68000", _PERMANENT),
        _clc(222, "Fruit trees and berry plantations", "F2A64D", _PERMANENT),
        _clc(223, "Olive groves", "E6A600", _PERMANENT),
        _clc(231, "Pastures", "E6E64D", "Pastures"),
        _clc(241, "Annual crops associated with permanent crops", "FFE6A6", _PERMANENT),
        _clc(242, "Complex cultivation patterns", "FFE64D", "Complex cultivation patterns"),
        _clc(243, _AGRICULTURE, "E6CC4D", _AGRICULTURE),
        _clc(244, "Agro-forestry areas", "F2CCA6", "Agro-forestry areas"),
        _clc(311, "Broad-leaved forest", "80FF00", "Broad-leaved forest"),
        _clc(312, "Coniferous forest", "00A600", "Coniferous forest"),
        _clc(313, "Mixed forest", "4DFF00", "Mixed forest"),
        _clc(321, "Natural grasslands", "CCF24D", _GRASSLAND),
        _clc(322, "Moors and heathland", "A6FF80", _HEATHLAND),
        _clc(323, "Sclerophyllous vegetation", "A6E64D", _HEATHLAND),
        _clc(324, "Transitional woodland-shrub", "A6F200", "Transitional woodland, shrub"),
        _clc(331, "Beaches, dunes, sands", "E6E6E6", "Beaches, dunes, sands"),
        _clc(332, "Bare rocks", "CCCCCC", None),
        _clc(333, "Sparsely vegetated areas", "CCFFCC", _GRASSLAND),
        _clc(334, "Burnt areas", "000000", None),
        _clc(335, "Glaciers and perpetual snow", "A6E6CC", None),
        _clc(411, "Inland marshes", "A6A6FF", "Inland wetlands"),
        _clc(412, "Peat bogs", "4D4DFF", "Inland wetlands"),
        _clc(421, "Salt marshes", "CCCCFF", "Coastal wetlands"),
        _clc(422, "Salines", "E6E6FF", "Coastal wetlands"),
        _clc(423, "Intertidal flats", "A6A6E6", None),
        _clc(511, "Water courses", "00CCF2", "Inland waters"),
        _clc(512, "Water bodies", "80F2E6", "Inland waters"),
        _clc(521, "Coastal lagoons", "00FFA6", "Marine waters"),
        _clc(522, "Estuaries", "A6FFE6", "Marine waters"),
        _clc(523, "Sea and ocean", "E6F2FF", "Marine waters"),
        _clc(999, "No data", "FFFFFF", None),
    ),
)
"""CORINE Land Cover 2018, level 3, with the 19-class nomenclature of BigEarthNet."""
