"""Passing over AMI noise beside translating a message: `python -m benchmarks.noise`."""

from benchmarks.lab import NAMES, frames, stream
from benchmarks.timing import cpu_seconds
from producers.asterisk.frames import AmiFrames
from producers.kinds import KINDS

ROUNDS = 7
CHUNK = 1 << 18


def main() -> None:
    """Measure and print."""
    data, needed = stream(), frames()
    chunks = [data[at : at + CHUNK] for at in range(0, len(data), CHUNK)]
    translate = KINDS["asterisk-ami"].translate
    passed_over = 0

    def frame_all() -> None:
        nonlocal passed_over
        splitter = AmiFrames()
        for chunk in chunks:
            splitter.feed(chunk)
        passed_over = splitter.passed_over

    def translate_all() -> None:
        for frame in needed:
            translate(frame, NAMES)

    spent = cpu_seconds({"pass over": frame_all, "translate": translate_all}, ROUNDS)
    # All of framing is charged to the noise, though it frames what is needed too.
    noise = spent["pass over"] / passed_over * 1e6
    message = spent["translate"] / len(needed) * 1e6
    print(f"{passed_over} messages passed over, {len(needed)} translated")
    print(f"passing over {noise:6.2f} us/message")
    print(f"translating  {message:6.2f} us/message  {message / noise:5.1f} x passing over")


if __name__ == "__main__":
    main()
