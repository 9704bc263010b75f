"""Paints a drawing: anti-aliased cuts of cloth under one soft light from the upper left."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from placket.samples.cloth import Field
from placket.samples.drawing import Drawing, Fade, Lines, Piece, Spot, Text
from placket.samples.geometry import Points

Colors = npt.NDArray[np.float32]
_OVER = 3
"""Samples a pixel and side, for anti-aliasing."""


@dataclass(slots=True)
class Layer:
    """A cut-out garment: ``rgb`` ``(h, w, 3)`` 0..255, premultiplied by ``alpha`` ``(h, w)`` 0..1."""

    rgb: Colors
    alpha: Field

    def bounds(self) -> tuple[int, int, int, int]:
        """(x0, y0, x1, y1) in pixels of what is more than half opaque."""
        solid = self.alpha > 0.5
        xs, ys = np.flatnonzero(solid.any(0)), np.flatnonzero(solid.any(1))
        return int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1


@dataclass(frozen=True, slots=True)
class _Window:
    """A rectangle of the picture, in pixels."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.y0, self.y1), slice(self.x0, self.x1)

    @property
    def size(self) -> tuple[int, int]:
        return self.x1 - self.x0, self.y1 - self.y0


class _Frame:
    """Centimetres to pixels, with the slight crookedness of a thing laid down by hand."""

    def __init__(self, drawing: Drawing, size: tuple[int, int], fill: float, rng: np.random.Generator) -> None:
        everything = np.vstack([i.outline for i in drawing.items if isinstance(i, Piece)])
        low, high = everything.min(0), everything.max(0)
        self.px = float(min(size[0] * fill / (high - low)[0], size[1] * fill / (high - low)[1]))
        self.middle, self._centre = (low + high) / 2, np.array(size) / 2
        self._angle = np.radians(rng.normal(0, 0.7))
        self._wave = rng.normal(0, 1, (2, 3)) * (0.0035, 0.0028, 0.002) * (high - low).max()
        self._phase = rng.uniform(0, 6.3, (2, 3))
        self._span = (high - low).max()

    def __call__(self, points: Points) -> Points:
        p = points - self.middle
        t = p[:, ::-1] / self._span * 5.0  # x sways with y and y with x, so that straight things stay smooth
        p = p + (self._wave * np.sin(t[..., None] * (1, 2, 3) + self._phase)).sum(-1)
        c, s = np.cos(self._angle), np.sin(self._angle)
        turned = np.column_stack([p[:, 0] * c - p[:, 1] * s, p[:, 0] * s + p[:, 1] * c])
        return turned * self.px + self._centre


def unit(image: Image.Image) -> Field:
    """An L image as 0..1."""
    return np.asarray(image, dtype=np.float32) * np.float32(1 / 255)


def blurred(field: Field, radius: float) -> Field:
    """Gaussian blur, radius in pixels; wide ones are computed small, where they cost little."""
    small = 4 if radius >= 8 else 2 if radius >= 3 else 1
    image = Image.fromarray(np.clip(field * 255, 0, 255).astype(np.uint8))
    if min(image.size) < 4 * small:
        small = 1
    if small > 1:
        reduced = image.reduce(small).filter(ImageFilter.GaussianBlur(radius / small))
        image = reduced.resize(image.size, Image.Resampling.BILINEAR)
    else:
        image = image.filter(ImageFilter.GaussianBlur(radius))
    return unit(image)


def cloud(rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int]) -> Field:
    """Smooth noise of about unit variance: ``cells`` (down, across) knots, interpolated to ``shape`` (h, w)."""
    knots = rng.normal(0, 1, cells).astype(np.float32)
    return np.asarray(Image.fromarray(knots).resize(shape[::-1], Image.Resampling.BICUBIC))


def _resized(field: Field, size: tuple[int, int]) -> Field:
    return np.asarray(Image.fromarray(field).resize(size, Image.Resampling.BILINEAR))


class _Painter:
    def __init__(self, drawing: Drawing, size: tuple[int, int], fill: float, rng: np.random.Generator) -> None:
        self._size = size
        w, h = size
        self._frame = _Frame(drawing, size, fill, rng)
        self._layer = Layer(np.zeros((h, w, 3), np.float32), np.zeros((h, w), np.float32))
        self._grain = rng.standard_normal((h, w), dtype=np.float32)
        self._folds = self._make_folds(drawing, rng)
        self._drift = _resized(cloud(rng, (h // 4, w // 4), (7, 5)), size) * np.float32(0.25)
        self._gx, self._gy = np.arange(w, dtype=np.float32)[None], np.arange(h, dtype=np.float32)[:, None]
        self._light = np.float32(1.025) - self._gx * np.float32(0.035 / w) - self._gy * np.float32(0.05 / h)

    def _make_folds(self, drawing: Drawing, rng: np.random.Generator) -> Field:
        """Brightness offsets, about -0.3..0.2: soft unevenness, a few long waves, and the drawn creases.

        Computed at half the size: nothing in it is sharp.
        """
        w, h = self._size[0] // 2, self._size[1] // 2
        wave = cloud(rng, (h, w), (5, 10)) + cloud(rng, (h, w), (9, 7)) * np.float32(0.3)
        ridge = np.exp(-((wave * np.float32(3.2)) ** 2))
        folds = cloud(rng, (h, w), (30, 20)) * np.float32(0.008) + wave * np.float32(0.017) - ridge * np.float32(0.042)
        if drawing.creases:
            dark = self._crease_field(drawing.creases, (w, h))
            folds += np.roll(dark, (-2, -2), (0, 1)) * np.float32(0.22) - dark * np.float32(0.36)
        return _resized(cast(Field, folds), self._size)

    def _crease_field(self, creases: Sequence[tuple[Points, float]], size: tuple[int, int]) -> Field:
        image = Image.new("L", size)
        draw = ImageDraw.Draw(image)
        width = max(1, round(self._frame.px * 0.17))
        for path, strength in creases:
            line = self._frame(path[:: max(1, len(path) // 10)]) / 2
            taper = 255 * np.sin(np.linspace(0.25, np.pi * 0.95, len(line) - 1)) * min(strength, 1.0)
            for (x0, y0), (x1, y1), level in zip(line[:-1].tolist(), line[1:].tolist(), taper.tolist(), strict=True):
                draw.line((x0, y0, x1, y1), int(level), width)
        return unit(image.filter(ImageFilter.GaussianBlur(1.4)))

    def _window(self, points: Points, margin: float = 2.0) -> _Window | None:
        w, h = self._size
        (x0, y0), (x1, y1) = points.min(0) - margin, points.max(0) + margin
        window = _Window(max(0, int(x0)), max(0, int(y0)), min(w, int(x1) + 1), min(h, int(y1) + 1))
        return window if window.x1 > window.x0 and window.y1 > window.y0 else None

    def _mask(self, outline: Points, window: _Window) -> Field:
        w, h = window.size
        image = Image.new("L", (w * _OVER, h * _OVER))
        local = (outline - (window.x0, window.y0)) * _OVER
        ImageDraw.Draw(image).polygon([(x, y) for x, y in local.tolist()], 255)
        return unit(image.reduce(_OVER))

    def _blend(self, window: _Window, color: Colors, mask: Field) -> None:
        rgb, alpha = self._layer.rgb[window.slices], self._layer.alpha[window.slices]
        m = mask[..., None]
        color = color - rgb
        color *= m
        rgb += color
        alpha += (1 - alpha) * mask

    def piece(self, piece: Piece) -> None:
        points = self._frame(piece.outline)
        reach = 5 + piece.lift * 8
        window = self._window(points, margin=reach)
        if window is None:
            return
        mask = self._mask(points, window)
        s = window.slices
        if piece.lift > 0 and self._layer.alpha[s].any():
            shadow = np.roll(blurred(mask, 2.0 + 4 * piece.lift), (2, 1), (0, 1))
            self._layer.rgb[s] *= 1 - (shadow * np.float32(0.75 * piece.lift))[..., None]
        self._blend(window, self._lit(piece, mask, window), mask)

    def _lit(self, piece: Piece, mask: Field, window: _Window) -> Colors:
        s, px = window.slices, self._frame.px
        u, v = self._cloth_coordinates(piece, window)
        shade = piece.cloth.relief(u, v, px, self._grain[s]) + self._folds[s] * np.float32(piece.folds)
        radius = max(piece.round * px, 1.5)
        inner = blurred(mask, radius)
        fall = np.clip(1.0 - inner, 0, 0.6)
        step = max(1, round(radius * 0.5))
        slope = np.clip(inner - np.roll(inner, (step, step), (0, 1)), -0.4, 0.4)
        shade += slope * np.float32(0.16) - fall * fall * np.float32(0.38)
        shade *= self._light[s] * np.float32(piece.dim)
        colors = piece.cloth.colors(u, v, px) * shade[..., None]
        # Dark cloth shows its folds by what it reflects, shiny cloth more so.
        gloss = np.float32(22 + 190 * piece.cloth.shine)
        colors += ((shade - np.float32(piece.dim)) * gloss)[..., None]
        if piece.cloth.shine > 0.15:
            streak = np.clip(self._folds[s] * 14 + self._drift[s] * 1.2, 0, 1) ** 2
            colors += (streak * np.float32(70 * piece.cloth.shine))[..., None]
        return np.clip(colors, 0, 255, out=colors)

    def _cloth_coordinates(self, piece: Piece, window: _Window) -> tuple[Field, Field]:
        s, px = window.slices, np.float32(1 / self._frame.px)
        w, h = self._size
        x = (self._gx[:, s[1]] - np.float32(w / 2)) * px + self._drift[s]
        y = (self._gy[s[0]] - np.float32(h / 2)) * px + np.float32(self._frame.middle[1]) + self._drift[s]
        if piece.grain == 0.0:
            return cast(tuple[Field, Field], (x, y))
        c, sn = np.float32(np.cos(np.radians(piece.grain))), np.float32(np.sin(np.radians(piece.grain)))
        return cast(tuple[Field, Field], (x * c + y * sn, y * c - x * sn))

    def lines(self, lines: Lines) -> None:
        together = self._frame(np.vstack(lines.paths))
        paths = np.split(together, np.cumsum([len(p) for p in lines.paths])[:-1])
        window = self._window(together, margin=4)
        if window is None:
            return
        w, h = window.size
        image = Image.new("L", (w * _OVER, h * _OVER))
        draw = ImageDraw.Draw(image)
        thickness = lines.width * self._frame.px
        width = max(1, round(max(thickness, 0.7) * _OVER))
        for path in paths:
            local = (path - (window.x0, window.y0)) * _OVER
            parts = [local] if lines.dash is None else _dashes(local, lines.dash, self._frame.px * _OVER)
            for part in parts:
                draw.line([(x, y) for x, y in part.tolist()], 255, width, joint="curve")
        mask = unit(image.reduce(_OVER))
        if lines.blur:
            soft = Image.fromarray((mask * 255).astype(np.uint8))
            mask = unit(soft.filter(ImageFilter.GaussianBlur(lines.blur * self._frame.px + 0.4)))
        mask = mask * np.float32(min(1.0, max(thickness, 0.35) / 0.7))
        self._tint(window, mask, lines.tone)

    def _tint(self, window: _Window, mask: Field, tone: float | tuple[float, float, float]) -> None:
        rgb = self._layer.rgb[window.slices]
        mask = mask * self._layer.alpha[window.slices]
        if isinstance(tone, tuple):
            rgb += (np.array(tone, dtype=np.float32) * self._light[window.slices][..., None] - rgb) * mask[..., None]
        else:
            # Black cloth has no darker seam to show: it shows a lighter one.
            rgb *= 1 + (mask * np.float32(tone - 1))[..., None]
            dark = np.clip(1 - rgb.mean(-1) / 60, 0, 1)
            rgb += (dark * mask * np.float32(abs(tone - 1) * 42))[..., None]

    def spot(self, spot: Spot) -> None:
        points = self._frame(spot.outline)
        window = self._window(points, margin=5)
        if window is None:
            return
        mask = self._mask(points, window)
        color = np.array(spot.color, dtype=np.float32) * self._light[window.slices][..., None]
        if spot.shade:
            shadow = np.roll(blurred(mask, 1.4), (1, 1), (0, 1))
            self._layer.rgb[window.slices] *= 1 - (shadow * np.float32(0.4))[..., None]
            color = color * (1.06 - 0.25 * (1 - blurred(mask, 2.0)))[..., None]
        else:
            color = color * (1 + self._folds[window.slices])[..., None]
        self._blend(window, np.clip(color, 0, 255).astype(np.float32), mask)

    def text(self, text: Text) -> None:
        size = max(6.0, text.height * self._frame.px * 1.35)
        font = ImageFont.load_default(size)
        x, y = self._frame(np.array([text.at]))[0]
        image = Image.new("L", self._size)
        ImageDraw.Draw(image).text((x, y), text.word, 255, font, anchor="mm", stroke_width=size * 0.03)
        mask = unit(image) * np.float32(0.94)
        self._tint(_Window(0, 0, *self._size), mask, text.color)

    def fade(self, fade: Fade) -> None:
        (cx, cy), (rx, ry) = self._frame(np.array([fade.at]))[0], np.array(fade.radii) * self._frame.px
        window = self._window(np.array([(cx - 2 * rx, cy - 2 * ry), (cx + 2 * rx, cy + 2 * ry)]))
        if window is None:
            return
        s = window.slices
        spread = np.exp(-(((self._gx[:, s[1]] - cx) / rx) ** 2)) * np.exp(-(((self._gy[s[0]] - cy) / ry) ** 2))
        amount = spread * (1 + self._drift[s]) * np.float32(fade.amount)
        rgb = self._layer.rgb[s]
        target = self._layer.alpha[s] * 235
        lift = np.clip(amount, 0, 1)[..., None] * (target[..., None] - rgb)
        rgb += np.where(amount[..., None] > 0, lift, rgb * np.maximum(amount, -1)[..., None])

    def paint(self, drawing: Drawing) -> Layer:
        for item in drawing.items:
            match item:
                case Piece():
                    self.piece(item)
                case Lines():
                    self.lines(item)
                case Spot():
                    self.spot(item)
                case Text():
                    self.text(item)
                case Fade():
                    self.fade(item)
        return self._layer


def _dashes(line: Points, dash: tuple[float, float], scale: float) -> list[Points]:
    on, off = max(dash[0] * scale, 4.0), max(dash[1] * scale, 3.0)
    s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    starts = np.arange(0, max(s[-1] - on / 2, 0), on + off)
    at = np.stack([starts, starts + on])
    x, y = np.interp(at, s, line[:, 0]), np.interp(at, s, line[:, 1])
    return [np.array([(x[0, i], y[0, i]), (x[1, i], y[1, i])]) for i in range(len(starts))]


def render(drawing: Drawing, size: tuple[int, int], seed: int, fill: float = 0.84) -> Layer:
    """The garment alone, filling ``fill`` of the picture's tighter side. ``size``: (width, height) pixels."""
    return _Painter(drawing, size, fill, np.random.default_rng(seed)).paint(drawing)
