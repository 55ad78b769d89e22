"""How rooms and their deeds are joined: whose visitor it is, in which language, what goes wrong."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from bunsan.base.errors import BunsanError
from bunsan.base.language import Language, speaking, tr
from bunsan.studio import pieces
from bunsan.studio.jobs import Job, unexpected
from bunsan.studio.sessions import Session, Sessions
from bunsan.studio.settings import StudioSettings
from bunsan.studio.toolkit import gr, markup

Work = Callable[..., Any]
_LOOK = 0.2  # seconds between two looks at a job

# A click on anything with data-word in a block of HTML is an event that carries the word.
CLICKS = """
element.addEventListener('click', (event) => {
  const hit = event.target.closest('[data-word]');
  if (hit) trigger('click', {word: hit.dataset.word, act: hit.dataset.act || ''});
});
"""


_CALLED = {"graphml": "GraphML", "xlsx": "Excel"}  # formats that are not called by their endings


class Desk:
    """One page in one language, while it is being built.

    Attributes
    ----------
    changed : events after which another collection may be open; what the rooms registered with
        `refreshed` follows each.
    """

    def __init__(self, sessions: Sessions, settings: StudioSettings, language: Language) -> None:
        self.sessions, self.settings, self.language = sessions, settings, language
        self.changed: list[Any] = []
        self.arrived: list[Callable[[Any], Any]] = []
        self._refreshers: list[tuple[Sequence[Any], Work]] = []
        self.rooms: Any = None
        self.tab: Any = None

    @property
    def base(self) -> str:
        """Where assets and figures lie."""
        return self.settings.path

    def html(self, value: str = "", **options: Any) -> Any:
        """A block of markup whose words can be clicked."""
        return markup(value, js_on_load=CLICKS, **options)

    def drawing(
        self, session: Session, figure: Any, name: str, title: str, suffixes: Sequence[str]
    ) -> str:
        """An interactive figure of this visitor, and links to save it under these endings."""
        key = self.sessions.publish(session, figure, name, self.language)
        formats = [(suffix, _CALLED.get(suffix, suffix.upper())) for suffix in suffixes]
        return pieces.frame(self.base, key, title) + pieces.downloads(self.base, key, name, formats)

    # Deeds

    def on(
        self,
        triggers: Any,
        work: Work,
        inputs: Sequence[Any] = (),
        outputs: Sequence[Any] = (),
        *,
        event: bool = False,
        spinner: str = "minimal",
        **options: Any,
    ) -> Any:
        """Do `work(session, *inputs)` on an event; a mistake is told in the first of the outputs.

        Parameters
        ----------
        triggers : an event of a component, or several.
        work : gives the outputs' values, one or a tuple.
        event : `work` gets what was clicked on as its second argument.
        """

        return gr.on(
            triggers if isinstance(triggers, list) else [triggers],
            self._bound(work, len(outputs), event),
            list(inputs),
            list(outputs),
            show_progress=spinner,
            api_visibility="private",
            **options,
        )

    def after(self, ended: Any, work: Work, inputs: Sequence[Any], outputs: Sequence[Any]) -> Any:
        """The same when another event has ended."""
        return ended.then(
            self._bound(work, len(outputs), False),
            list(inputs),
            list(outputs),
            show_progress="hidden",
            api_visibility="private",
        )

    def _bound(self, work: Work, outputs: int, event: bool) -> Work:
        """`work` as gradio calls it."""

        def run(request: Any, *values: Any) -> Any:
            with speaking(self.language):
                try:
                    return _values(work(self.sessions.of(request.session_hash), *values), outputs)
                except BunsanError as error:
                    return self._told(error, outputs)
                except Exception as error:
                    traceback.print_exc()
                    return self._told(unexpected(error), outputs)

        def run_event(clicked: Any, request: Any, *values: Any) -> Any:
            return run(request, clicked, *values)

        # Gradio goes by the annotations.
        run_event.__annotations__ |= {"clicked": gr.EventData, "request": gr.Request}
        run.__annotations__["request"] = gr.Request
        return run_event if event else run

    def stream(
        self,
        triggers: Any,
        work: Callable[..., Iterator[Any]],
        inputs: Sequence[Any] = (),
        outputs: Sequence[Any] = (),
        **options: Any,
    ) -> Any:
        """The same for work that gives its outputs again and again."""

        def run(request: Any, *values: Any) -> Iterator[Any]:
            # The language is set anew for each piece: between two, another thread may go on.
            with speaking(self.language):
                try:
                    pieces_ = work(self.sessions.of(request.session_hash), *values)
                except BunsanError as error:
                    failed = self._told(error, len(outputs))
                    pieces_ = iter([failed])
            try:
                while True:
                    with speaking(self.language):
                        try:
                            piece = next(pieces_)
                        except StopIteration:
                            return
                        except BunsanError as error:
                            piece, pieces_ = self._told(error, len(outputs)), iter(())
                        except Exception as error:
                            traceback.print_exc()
                            piece = self._told(unexpected(error), len(outputs))
                            pieces_ = iter(())
                    yield _values(piece, len(outputs))
            finally:
                close = getattr(pieces_, "close", None)
                if close is not None:
                    close()

        run.__annotations__["request"] = gr.Request
        return gr.on(
            triggers if isinstance(triggers, list) else [triggers],
            run,
            list(inputs),
            list(outputs),
            show_progress="hidden",
            api_visibility="private",
            **options,
        )

    def watch(
        self,
        triggers: Any,
        begin: Callable[..., Job],
        inputs: Sequence[Any],
        *,
        slot: str,
        bar: Any,
        stop: Any = None,
        outputs: Sequence[Any] = (),
        finish: Callable[[Session, Job], Any] | None = None,
    ) -> Any:
        """Start a job and show how far it is, until it ends; the page stays usable.

        Parameters
        ----------
        begin : `begin(session, *inputs)` gives the job, begun in this slot. bar : where progress and
            mistakes are shown. stop : the button that ends the job, where it can be ended.
        finish : gives the values of `outputs` after success, the text for the bar first.
        """

        def started(page: str, *values: Any) -> tuple[Session, Job] | str:
            with speaking(self.language):
                try:
                    session = self.sessions.of(page)
                    return session, begin(session, *values)
                except BunsanError as error:
                    return pieces.mistake(error)
                except Exception as error:
                    traceback.print_exc()
                    return pieces.mistake(unexpected(error))

        ends = [] if stop is None else [stop]

        async def run(request: Any, *values: Any) -> AsyncIterator[list[Any]]:
            found = await asyncio.to_thread(started, request.session_hash, *values)
            if isinstance(found, str):
                hidden = [gr.update(visible=False) for _ in ends]
                yield [gr.update(value=found), *hidden, *(gr.skip() for _ in outputs)]
                return
            async for shown in self._shown(*found, len(ends), len(outputs), finish):
                yield shown

        if stop is not None:
            self.on(stop.click, lambda session: session.stop(slot), spinner="hidden")
        run.__annotations__["request"] = gr.Request
        return gr.on(
            triggers if isinstance(triggers, list) else [triggers],
            run,
            list(inputs),
            [bar, *ends, *outputs],
            show_progress="hidden",
            api_visibility="private",
        )

    def follow(
        self,
        ended: Any,
        slot: str,
        *,
        bar: Any,
        stop: Any,
        finish: Callable[[Session, Job], Any],
    ) -> Any:
        """After an event, show how far a job is that was begun before, on a page since reloaded."""

        async def run(request: Any) -> AsyncIterator[list[Any]]:
            session = self.sessions.of(request.session_hash)
            job = session.jobs.get(slot)
            if job is None or not job.running:
                yield [gr.skip(), gr.skip()]
                return
            async for shown in self._shown(session, job, 1, 0, finish):
                yield shown

        run.__annotations__["request"] = gr.Request
        return ended.then(run, None, [bar, stop], show_progress="hidden", api_visibility="private")

    async def _shown(
        self,
        session: Session,
        job: Job,
        ends: int,
        outputs: int,
        finish: Callable[[Session, Job], Any] | None,
    ) -> AsyncIterator[list[Any]]:
        """Values of the bar, the buttons that end the job, and the outputs, until it has ended."""
        skipped = [gr.skip() for _ in range(outputs)]

        def drawn() -> Any:
            with speaking(self.language):
                return gr.update(value=pieces.progress(job) + job.live.picture())

        def ended() -> tuple[str, list[Any]]:
            with speaking(self.language):
                if job.stopped:
                    return pieces.notice(tr("Stopped.", "中止しました。")), skipped
                if job.error is not None:
                    return pieces.mistake(job.error), skipped
                try:
                    said, *values = ("",) if finish is None else finish(session, job)
                except BunsanError as error:
                    return pieces.mistake(error), skipped
                except Exception as error:
                    traceback.print_exc()
                    return pieces.mistake(unexpected(error)), skipped
                return said, values or skipped

        yield [drawn(), *(gr.update(visible=True) for _ in range(ends)), *skipped]
        while job.running:
            await asyncio.sleep(_LOOK)
            yield [drawn(), *(gr.skip() for _ in range(ends)), *skipped]
        said, values = await asyncio.to_thread(ended)
        yield [gr.update(value=said), *(gr.update(visible=False) for _ in range(ends)), *values]

    # When another collection is open

    def refreshed(self, outputs: Sequence[Any], work: Work) -> None:
        """Set these outputs by `work(session)` whenever another collection may be open."""
        self._refreshers.append((outputs, work))

    def refreshers(self) -> tuple[list[Any], Work]:
        """All of these outputs, and what gives their values."""
        outputs = [one for some, _ in self._refreshers for one in some]

        def work(session: Session) -> list[Any]:
            values: list[Any] = []
            for some, one in self._refreshers:
                found = one(session)
                found = list(found) if isinstance(found, (tuple, list)) else [found]
                assert len(found) == len(some), (one, len(found), len(some))
                values += found
            return values

        return outputs, work

    def _told(self, error: BunsanError, outputs: int) -> Any:
        told = gr.update(value=pieces.mistake(error), visible=True)
        if outputs == 0:
            return None
        return told if outputs == 1 else [told, *(gr.skip() for _ in range(outputs - 1))]


def _values(given: Any, outputs: int) -> Any:
    """As gradio takes them: one value bare, several in a list, none for no output."""
    if outputs == 0:
        return None
    if outputs == 1 and isinstance(given, (list, tuple)):
        return given[0]
    return given
