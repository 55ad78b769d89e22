"""Long texts in windows that overlap, so that nothing is lost at a cut."""


def cuts(length: int, room: int, overlap: int) -> list[tuple[int, int]]:
    """Begin and end of windows of at most `room` things that cover `length` of them, in order.

    Two that follow each other share `overlap`, or half of the room where that is less; the last one
    shares more. What fits is one window.
    """
    if length <= room:
        return [(0, length)]
    step = max(room - min(overlap, room // 2), 1)
    found = []
    begin = 0
    while begin + room < length:
        found.append((begin, begin + room))
        begin += step
    found.append((length - room, length))
    return found
