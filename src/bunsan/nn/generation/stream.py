"""Text from tokens as they come: whole characters only, and nothing of what may be a stop string.

Tokens of byte-level BPE, and SentencePiece where it falls back to bytes, split Japanese characters.
Half a character decodes to U+FFFD, which is held back until the rest has come.
"""

from collections.abc import Callable, Iterable, Sequence

_HALF = "�"
_CONTEXT = (4, 8, 16, 32)
_LONGEST_WINDOW = 96  # tokens that never become text are given up then

Decode = Callable[[Sequence[int]], str]


class TextStream:
    """The text of one answer, piece by piece.

    Parameters
    ----------
    decode : ids to text. What it gives for a few tokens must be the beginning of what it gives for
        these and more, but for characters that are not whole yet.
    before : ids of the prompt, where the answer continues it: they decide about a space at the seam.
    stop : texts that end the answer; they do not belong to it.

    Attributes
    ----------
    text : all that was given out.
    stopped : the stop string that came, None if none did. Nothing is given out after it.
    """

    def __init__(
        self, decode: Decode, before: Sequence[int] = (), stop: Iterable[str] = ()
    ) -> None:
        self.decode = decode
        self.stop = tuple(s for s in stop if s)
        self.text = ""
        self.stopped: str | None = None
        # Only a window of tokens is decoded each time: some that are shown, and those that are not.
        self._window = _clean_end(decode, before)
        self._begin = len(self._window)  # tokens of the window that are all shown
        self._shown = len(decode(self._window)) if self._window else 0  # characters of it
        self._held = ""  # characters that may begin a stop string

    def push(self, token: int) -> str:
        """One more token; returns what can be shown now, often nothing."""
        return self.extend([token])

    def extend(self, tokens: Sequence[int]) -> str:
        """Several more tokens at once."""
        if self.stopped is not None or not tokens:
            return ""
        self._window += tokens
        decoded = self.decode(self._window)
        whole = decoded.rstrip(_HALF)
        if len(self._window) - self._begin > _LONGEST_WINDOW:
            whole = decoded
        new = whole[self._shown :]
        self._shown = max(self._shown, len(whole))
        if whole == decoded:  # all of it is text: what was shown before is context enough
            del self._window[: self._begin]
            self._begin = len(self._window)
            self._shown = len(self.decode(self._window))
        return self._out(new, last=False)

    def finish(self) -> str:
        """No more tokens: what was held back, but for half a character."""
        return "" if self.stopped is not None else self._out("", last=True)

    def _out(self, new: str, *, last: bool) -> str:
        text = self._held + new
        ends = [(text.find(s), -len(s), s) for s in self.stop if s in text]
        if ends:
            at, _, self.stopped = min(ends)
            text, self._held = text[:at], ""
        else:
            held = 0 if last else max((_beginning(text, s) for s in self.stop), default=0)
            text, self._held = text[: len(text) - held], text[len(text) - held :]
        self.text += text
        return text


def _beginning(text: str, stop: str) -> int:
    """How many characters at the end of `text` may be the beginning of `stop`."""
    for n in range(min(len(stop) - 1, len(text)), 0, -1):
        if text.endswith(stop[:n]):
            return n
    return 0


def _clean_end(decode: Decode, ids: Sequence[int]) -> list[int]:
    """Some tokens at the end of `ids` that begin with a whole character."""
    for n in _CONTEXT:
        if n < len(ids) and _HALF not in decode(ids[-n:]):
            return list(ids[-n:])
    return list(ids)
