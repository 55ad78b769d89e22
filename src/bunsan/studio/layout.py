"""The page: a head, the rooms as tabs, and what happens when a visitor arrives."""

from typing import Any

from bunsan.base.language import Language, speaking, tr
from bunsan.studio import pieces
from bunsan.studio.desk import Desk
from bunsan.studio.rooms import (
    collection,
    context,
    map,
    models,
    network,
    playground,
    search,
    tasks,
    words,
)
from bunsan.studio.sessions import Session, Sessions
from bunsan.studio.settings import StudioSettings
from bunsan.studio.toolkit import gr, markup

_CARRIED = "() => [sessionStorage.getItem('bunsan-studio') || '']"
_CARRY = "(token) => { sessionStorage.setItem('bunsan-studio', token); }"


def build_page(sessions: Sessions, settings: StudioSettings, spoken: Language) -> Any:
    """The page in one language; to be built while speaking it."""
    page = gr.Blocks(
        title=tr("bunsan studio", "bunsan スタジオ"),
        analytics_enabled=False,
        delete_cache=(3600, 86400),
        fill_width=True,
    )
    with page:
        desk = Desk(sessions, settings, spoken)
        carried = gr.Textbox("", visible=False)
        head = markup(_head(desk, None), elem_id="b-head")
        with gr.Tabs(elem_id="b-rooms") as desk.rooms:
            for room, key, title in (
                (collection, "collection", tr("Collection", "コレクション")),
                (words, "words", tr("Words", "語")),
                (network, "network", tr("Network", "共起ネットワーク")),
                (map, "map", tr("Map", "対応分析")),
                (search, "search", tr("Search", "検索")),
                (context, "context", tr("Context", "文脈")),
                (playground, "playground", tr("Playground", "プレイグラウンド")),
                (tasks, "tasks", tr("Tasks", "課題")),
                (models, "models", tr("Models", "モデル")),
            ):
                with gr.Tab(title, id=key, elem_id=f"b-room-{key}") as desk.tab:
                    room.build(desk)
        desk.refreshed([head], lambda session: [_head(desk, session)])
        _arrive(page, desk, carried)
    return page


def _arrive(page: Any, desk: Desk, carried: Any) -> None:
    outputs, refresh = desk.refreshers()

    def arrive(request: Any, token: str) -> list[Any]:
        with speaking(desk.language):
            token = desk.sessions.arrive(request.session_hash, token)
            session = desk.sessions.of(request.session_hash)
            given = desk.settings.collection
            if given is not None and session.collection is None:
                collection.take(session, given)
            return [token, *refresh(session)]

    def again(request: Any) -> list[Any]:
        with speaking(desk.language):
            return refresh(desk.sessions.of(request.session_hash))

    for work in (arrive, again):
        work.__annotations__["request"] = gr.Request  # gradio goes by it
    options = {"show_progress": "hidden", "api_visibility": "private"}
    came = page.load(arrive, [carried], [carried, *outputs], js=_CARRIED, **options)
    came.then(None, [carried], None, js=_CARRY, api_visibility="private")
    for event in [*desk.changed, *(follow(came) for follow in desk.arrived)]:
        event.then(again, None, outputs, **options)


def _head(desk: Desk, session: Session | None) -> str:
    other = "en" if desk.language == "ja" else "ja"
    name = {"ja": "日本語", "en": "English"}[other]
    switch = pieces.element(
        "a",
        pieces.words(name),
        href=f"{desk.base}/{other}/",
        lang=other,
        hreflang=other,
        class_="b-switch",
    )
    state = ""
    if session is not None and session.collection is not None:
        documents = f"{session.collection.n_documents:,}"
        state = pieces.div(
            "b-state",
            pieces.element("strong", pieces.words(session.name)),
            pieces.element("span", pieces.words(tr(f"{documents} documents", f"{documents} 文書"))),
        )
    brand = pieces.div(
        "b-brand",
        pieces.element("b", "bunsan"),
        pieces.element("span", "分散", lang="ja"),
    )
    return pieces.div("b-header", brand, state, switch)
