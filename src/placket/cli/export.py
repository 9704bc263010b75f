"""`placket export`: from checkpoints to a calibrated bundle."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from placket.cli.output import console, fail, run_safely
from placket.cli.train import require_training

if TYPE_CHECKING:
    from placket.training.export import ExportPlan

DetectorSide = Annotated[
    int | None, typer.Option(min=64, max=1024, help="Side of the detector's canvas, pixels. Default: as trained.")
]
EncoderSide = Annotated[
    int | None, typer.Option(min=64, max=512, help="Side of the encoder's canvas, pixels. Default: as trained.")
]
EncoderInt8 = Annotated[
    bool | None,
    typer.Option("--encoder-int8/--no-encoder-int8", help="The encoder's too. Default: where it was trained for that."),
]
Second = Annotated[
    Path | None,
    typer.Option(
        help="Checkpoint of an encoder that is asked too, about the crop mirrored, where the first is unsure of "
        "the category; that of --encoder itself makes it look again."
    ),
]
Base = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the bundle that the networks began with (`train unpack`): what fewer than 200 labels set "
        "aside could choose stays as it has it."
    ),
]


def export(
    detector: Annotated[Path, typer.Option(help="Checkpoint of the detector.")],
    encoder: Annotated[Path, typer.Option(help="Checkpoint of the encoder.")],
    data: Annotated[Path, typer.Option(help="Folder of the training data; the part set aside in it calibrates.")],
    out: Annotated[Path, typer.Option(help="Folder of the bundle.")],
    version: Annotated[str, typer.Option(help="The bundle's version: letters, digits, '.', '_' and '-'.")],
    cache: Annotated[Path, typer.Option(help="Folder of decoded pictures, that of the training.")] = Path(
        "build/cache"
    ),
    detector_side: DetectorSide = None,
    encoder_side: EncoderSide = None,
    flip: Annotated[
        bool, typer.Option("--flip", help="See every crop twice, once mirrored, for its tags: half as fast.")
    ] = False,
    detector_int8: Annotated[
        bool, typer.Option(help="Compute the detector's convolutions in integers: a third of the time.")
    ] = True,
    encoder_int8: EncoderInt8 = None,
    refit: Annotated[
        bool, typer.Option("--refit/--no-refit", help="Fit the tag heads once more on all garments.")
    ] = True,
    second: Second = None,
    base: Base = None,
    calibrate: Annotated[
        bool, typer.Option("--calibrate/--no-calibrate", help="Choose thresholds on the data.")
    ] = True,
) -> None:
    """Write a bundle: the networks as ONNX with small weights, thresholds chosen on the part set aside."""
    require_training()
    from placket.training.export import ExportPlan, trained_in_integers, trained_side
    from placket.vision.bundle import is_version, read_bundle

    if not is_version(version):
        raise fail(f"--version {version!r} is none: 1 to 64 letters, digits, '.', '_' and '-', no sign first", 2)
    with run_safely():
        if base is not None:
            read_bundle(base)
        plan = ExportPlan(
            version,
            detector,
            encoder,
            detector_side or trained_side(detector),
            encoder_side or trained_side(encoder),
            flip,
            detector_int8,
            trained_in_integers(encoder) if encoder_int8 is None else encoder_int8,
            refit,
            second,
            base,
        )
        _write(out, plan, data, cache, calibrate)
        console.print(f"bundle {version}: {out}")


def _write(out: Path, plan: "ExportPlan", data: Path, cache: Path, calibrate: bool) -> None:
    from placket.training.base import keep_calibration, set_aside
    from placket.training.calibrate import calibrate_bundle
    from placket.training.export import export_bundle
    from placket.training.manifest import whole
    from placket.vision.bundle import read_bundle

    with whole(out) as folder:
        export_bundle(folder, plan, data, cache, console.print)
        if calibrate:
            chosen = calibrate_bundle(folder, data, cache, console.print)["training"]["chosen_on_calib"]
            for name in sorted({"detector", "encoder"} - chosen.keys()):
                console.print(f"{name}: none of its photos is in the part set aside; its thresholds are the usual ones")
        if plan.base is not None:
            kept = keep_calibration(folder, plan.base, set_aside(data, cache) if calibrate else {})
            console.print(f"as the base has them, for too few labels are set aside: {', '.join(kept) or 'nothing'}")
        read_bundle(folder)
